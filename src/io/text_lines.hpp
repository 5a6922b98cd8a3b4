/// Lines of a text file, read in order from any place, with a bounded buffer.
#pragma once

#include <string_view>
#include <vector>

#include "input_file.hpp"

namespace tallfit::io {

/// A place at the beginning of a line.
struct LinePosition {
  Index offset = 0;  ///< byte
  Index line = 1;    ///< number, from 1
};

/// Walks through the lines of a file; "\n" and "\r\n" end a line, the last may lack its end.
class LineScanner {
public:
  explicit LineScanner(const InputFile& file) : file_(&file) {}

  void go_to(LinePosition position);
  /// @return false at the end of the file; else @p line is valid until the next call.
  bool next(std::string_view& line);
  /// As next(), but passes over empty lines and those that start with '#'.
  bool next_data(std::string_view& line);

  /// The line that next() gave last.
  Index line_number() const noexcept { return current_.line; }
  LinePosition current() const noexcept { return current_; }
  /// The line that next() will give.
  LinePosition upcoming() const noexcept { return upcoming_; }

private:
  bool refill();

  const InputFile* file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< of what is not consumed, in buffer_
  std::size_t end_ = 0;
  LinePosition current_;
  LinePosition upcoming_;
};

}  // namespace tallfit::io
