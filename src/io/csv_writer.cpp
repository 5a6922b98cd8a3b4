#include "tallfit/io/csv_writer.hpp"

#include <algorithm>

#include "tallfit/base/error.hpp"

namespace tallfit::io {

std::string format_number(double value) { return fmt::format("{:.17g}", value); }

CsvWriter::CsvWriter(std::string_view header)
    : text_(header), n_columns_(1 + std::count(header.begin(), header.end(), ',')) {
  text_ += '\n';
}

void CsvWriter::add_raw(std::string_view field) {
  if (n_fields_++ > 0) text_ += ',';
  text_ += field;
}

CsvWriter& CsvWriter::add(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    add_raw(text);
    return *this;
  }
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  add_raw(quoted + '"');
  return *this;
}

CsvWriter& CsvWriter::add(double value) {
  add_raw(format_number(value));
  return *this;
}

CsvWriter& CsvWriter::add(Index value) {
  add_raw(std::to_string(value));
  return *this;
}

void CsvWriter::end_row() {
  require(n_fields_ == n_columns_, ErrorKind::bug, "a CSV row has {} fields under a header of {}", n_fields_,
          n_columns_);
  text_ += '\n';
  n_fields_ = 0;
}

}  // namespace tallfit::io
