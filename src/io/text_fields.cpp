#include "text_fields.hpp"

#include <charconv>
#include <cstdlib>

namespace tallfit::io {

namespace {

template <class T>
std::optional<T> parse(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<std::string_view> next_field(std::string_view& rest, char separator) {
  if (rest.data() == nullptr) return std::nullopt;
  if (separator == ' ') {
    const std::size_t first = rest.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(first);
  }
  const std::size_t end = separator == ' ' ? rest.find_first_of(" \t\r") : rest.find(separator);
  const std::string_view field = rest.substr(0, end);
  if (end == std::string_view::npos)
    rest = {};  // without data: the next call sees the end, which an empty last field would not tell
  else
    rest.remove_prefix(end + 1);
  return field;
}

std::optional<double> parse_double(std::string_view text) {
  if (const auto value = parse<double>(text)) return value;
  // from_chars refuses what under- or overflows, which strtod rounds to zero or infinity.
  const std::string copy(trimmed(text));
  if (copy.empty() || copy.find_first_not_of("+-.0123456789eE") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size() ? std::optional(value) : std::nullopt;
}

std::optional<Index> parse_integer(std::string_view text) { return parse<Index>(text); }

std::vector<std::string> split_csv(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  for (std::string& field : fields) field = trimmed(field);
  return fields;
}

}  // namespace tallfit::io
