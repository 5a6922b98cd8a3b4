/// HDF5 strings and attributes: the small things beside the arrays.
#pragma once

#include <string>
#include <vector>

#include "hdf5.hpp"

namespace tallfit::io::hdf5 {

/// A 1-D dataset of strings, of fixed or variable length.
/// @throws Error{input} when it is missing, not 1-D or not text.
std::vector<std::string> read_strings(const File& file, const std::string& name);

/// Writes fixed-length UTF-8 (parallel HDF5 cannot write variable-length text). @collective for shared files:
/// every rank passes the same strings, one of them writes.
void write_strings(File& file, const std::string& name, const std::vector<std::string>& strings);

/// Attributes of an object, a group or dataset named by its path ("/" is the root).
/// Readers throw Error{input} naming file, object and attribute when it is missing or of another kind.
/// Writers are @collective for shared files, with the same values on every rank.
bool has_attribute(const File& file, const std::string& object, const std::string& name);
std::vector<double> read_double_attribute(const File& file, const std::string& object,
                                          const std::string& name);
std::vector<std::int64_t> read_integer_attribute(const File& file, const std::string& object,
                                                 const std::string& name);
std::vector<std::string> read_string_attribute(const File& file, const std::string& object,
                                               const std::string& name);

void write_attribute(File& file, const std::string& object, const std::string& name, double value);
void write_attribute(File& file, const std::string& object, const std::string& name, std::int64_t value);
void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::vector<double>& values);
void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::vector<std::int64_t>& values);
void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::vector<std::string>& values);
void write_attribute(File& file, const std::string& object, const std::string& name,
                     const std::string& value);

}  // namespace tallfit::io::hdf5
