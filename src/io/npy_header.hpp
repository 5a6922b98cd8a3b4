/// The header of a NumPy file.
#pragma once

#include <string>
#include <vector>

#include "input_file.hpp"

namespace tallfit::io {

/// What a .npy file says of its array.
struct NpyHeader {
  char kind = 'f';  ///< NumPy's letter: f float, i integer, u unsigned integer
  Index item_bytes = 8;
  bool swapped = false;  ///< stored in the other byte order than this machine's
  bool fortran_order = false;
  std::vector<Index> shape;
  Index data_offset = 0;
};

/// @throws Error{input} when the file is no .npy file, its header is damaged, its numbers are of a kind that
/// cannot
///         become doubles, or it is shorter than its header says.
NpyHeader read_npy_header(const InputFile& file);

}  // namespace tallfit::io
