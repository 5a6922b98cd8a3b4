/// What the first lines of a Matrix Market file say.
#pragma once

#include <cstdint>
#include <string>

#include "text_lines.hpp"

namespace tallfit::io {

enum class Symmetry : std::uint8_t { general, symmetric, skew };

struct MatrixMarketHeader {
  bool coordinate = true;  ///< a line for each entry; else an array: a line for each number, column by column
  bool pattern = false;    ///< entries have no value: 1
  Symmetry symmetry = Symmetry::general;
  Index n_rows = 0;
  Index n_cols = 0;
  Index n_lines = 0;    ///< of entries or numbers
  Index size_line = 0;  ///< line number of the sizes
};

/// The next line that is neither empty nor a comment (%). @return false at the end of the file.
bool next_market_line(LineScanner& scanner, std::string_view& line);

/// Reads up to the line with the sizes. @throws Error{input} naming file and line.
MatrixMarketHeader read_matrix_market_header(const std::string& path, LineScanner& scanner);

}  // namespace tallfit::io
