/// Files of numbers with a checksum, as checkpoints are made of.
#pragma once

#include <functional>
#include <string>

#include "tallfit/compress/checkpoint.hpp"

namespace tallfit::io {

/// Writes a file: complete under its name, or not at all. Local. @throws Error{resource}
void write_number_file(const std::string& path, const std::function<void(compress::NumberSink&)>& write);

/// Reads it twice, the first time for its checksum. Local.
/// @throws Error{input} where it was damaged or cut off.
void read_number_file(const std::string& path, const std::function<void(compress::NumberSource&)>& read);

}  // namespace tallfit::io
