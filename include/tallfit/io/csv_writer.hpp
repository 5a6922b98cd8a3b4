/// Tables as CSV text.
#pragma once

#include <string>
#include <string_view>

#include "tallfit/base/numeric.hpp"

namespace tallfit::io {

/// @return the number with the 17 significant digits that give back the same double; "nan", "inf", "-inf".
std::string format_number(double value);

/// Builds a CSV table field by field: `CsvWriter csv("index,name,value");
/// csv.add(0).add("c0").add(1.5).end_row();`
class CsvWriter {
public:
  /// @param header  names of the columns, separated by commas; every row must have as many fields.
  explicit CsvWriter(std::string_view header);

  /// Text is quoted where it holds a comma, a quote or a line break.
  CsvWriter& add(std::string_view text);
  CsvWriter& add(const char* text) { return add(std::string_view(text)); }
  CsvWriter& add(double value);
  CsvWriter& add(Index value);
  CsvWriter& add(int value) { return add(Index{value}); }
  /// @throws Error{bug} when the row has another number of fields than the header.
  void end_row();

  /// Header and all rows so far.
  const std::string& text() const noexcept { return text_; }

private:
  void add_raw(std::string_view field);

  std::string text_;
  Index n_columns_ = 0;
  Index n_fields_ = 0;  ///< in the row that is being written
};

}  // namespace tallfit::io
