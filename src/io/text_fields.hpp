/// Fields of a line of text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::io {

/// The line without blanks at its ends.
std::string_view trimmed(std::string_view text);

/// The next field of @p rest, which loses it; separated by @p separator, or by any blanks where that is ' '.
/// @return nothing at the end of the line.
std::optional<std::string_view> next_field(std::string_view& rest, char separator);

/// A number in any usual notation, nan and inf included; nothing when @p text is something else.
std::optional<double> parse_double(std::string_view text);
std::optional<Index> parse_integer(std::string_view text);

/// Fields of a comma-separated line, which may be quoted ("" inside quotes is one quote).
std::vector<std::string> split_csv(std::string_view line);

}  // namespace tallfit::io
