#include "csv_table.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "text_fields.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

CsvTable::CsvTable(const std::string& path) : file_(path), scanner_(file_) {
  std::string_view line;
  require(scanner_.next_data(line), ErrorKind::input, "{}: is empty; expected a line of column names", path);
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);  // the byte order mark that spreadsheets write
  names_ = split_csv(line);
}

bool CsvTable::has_column(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::size_t CsvTable::column(const std::string& name) const {
  const auto at = std::find(names_.begin(), names_.end(), name);
  require(at != names_.end(), ErrorKind::input, "{}: column '{}' is missing; the first line names {}", path(),
          name, fmt::join(names_, ", "));
  return static_cast<std::size_t>(at - names_.begin());
}

bool CsvTable::next() {
  std::string_view line;
  if (!scanner_.next_data(line)) return false;
  fields_ = split_csv(line);
  require(fields_.size() == names_.size(), ErrorKind::input,
          "{}:{}: has {} fields; expected {}, as the first line names", path(), line_number(), fields_.size(),
          names_.size());
  return true;
}

Index CsvTable::integer(std::size_t column) const {
  const auto value = parse_integer(fields_[column]);
  require(value.has_value(), ErrorKind::input, "{}:{}: {} is '{}'; expected an integer", path(),
          line_number(), names_[column], fields_[column]);
  return *value;
}

}  // namespace tallfit::io
