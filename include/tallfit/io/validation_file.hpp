/// Parts of a cross-validation, as jobs of an array leave them.
#pragma once

#include <string>
#include <vector>

#include "tallfit/estimate/cross_validation.hpp"

namespace tallfit::io {

/// What one job has found.
struct ValidationPart {
  std::vector<std::string> settings;  ///< all that must be the same of parts of one validation: "key = value"
  estimate::CrossValidation validation;
};

/// Writes validation.h5. Local. @throws Error{resource} when the disk is full.
void write_validation_file(const std::string& path, const ValidationPart& part);

/// Reads the validation.h5 of a folder, or a file. Local. @throws Error{input} for another file
ValidationPart read_validation_file(const std::string& path);

}  // namespace tallfit::io
