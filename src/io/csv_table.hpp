/// A small CSV table with named columns, read line by line.
#pragma once

#include <string>
#include <vector>

#include "text_lines.hpp"

namespace tallfit::io {

/// Walks through the lines of a CSV whose first line names its columns; fields may be quoted.
class CsvTable {
public:
  /// @throws Error{input} when the file is missing or empty.
  explicit CsvTable(const std::string& path);
  CsvTable(const CsvTable&) = delete;  // the scanner points to the file beside it
  CsvTable& operator=(const CsvTable&) = delete;

  const std::vector<std::string>& names() const { return names_; }
  bool has_column(const std::string& name) const;
  /// The place of a column. @throws Error{input} listing the columns that are there.
  std::size_t column(const std::string& name) const;

  /// Goes to the next line. @return false at the end. @throws Error{input} when it has another number of
  /// fields.
  bool next();
  const std::string& text(std::size_t column) const { return fields_[column]; }
  /// @throws Error{input} naming line and column when the field is no integer.
  Index integer(std::size_t column) const;

  const std::string& path() const { return file_.path(); }
  Index line_number() const { return scanner_.line_number(); }

private:
  InputFile file_;
  LineScanner scanner_;
  std::vector<std::string> names_;
  std::vector<std::string> fields_;
};

}  // namespace tallfit::io
