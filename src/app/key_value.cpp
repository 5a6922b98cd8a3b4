#include "tallfit/app/key_value.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/nearest_name.hpp"

namespace tallfit::app {

namespace {

template <class... Work>
struct Overloaded : Work... {
  using Work::operator()...;
};
template <class... Work>
Overloaded(Work...) -> Overloaded<Work...>;  // clang 14 does not deduce it for aggregates

/// Turns the value of one entry into the type of its key.
class Assignment {
public:
  Assignment(const Key& key, const io::TomlEntry& entry) : key_(key), entry_(entry) {}

  void operator()(bool* member) const {
    const bool* value = std::get_if<bool>(&entry_.value);
    if (value == nullptr) refuse();
    *member = *value;
  }
  void operator()(int* member) const { *member = convert<int>(only_item()); }
  void operator()(Index* member) const { *member = convert<Index>(only_item()); }
  void operator()(double* member) const { *member = convert<double>(only_item()); }
  void operator()(std::string* member) const {
    // On the command line a file may be called 1e5.
    *member = is_from_command_line() && !std::holds_alternative<std::string>(entry_.value)
                  ? checked_word(entry_.text)
                  : convert<std::string>(only_item());
  }

  void operator()(std::optional<Index>* member) const {
    const std::string text = is_from_command_line() ? entry_.text : size_text();
    member->reset();
    if (text == "auto") return;
    const Index bytes = bytes_of(text);
    checked_number(static_cast<double>(bytes));
    *member = bytes;
  }

  void operator()(std::optional<double>* member) const {
    const io::TomlScalar item = only_item();
    const auto* text = std::get_if<std::string>(&item);
    member->reset();
    if (text == nullptr)
      *member = convert<double>(item);
    else if (*text != "auto")
      refuse();
  }

  template <class T>
  void operator()(std::vector<T>* member) const {
    std::vector<T> values;
    for (const io::TomlScalar& item : items()) values.push_back(convert<T>(item));
    *member = std::move(values);
  }

  void operator()(std::map<std::string, double>* member) const {
    const auto* table = std::get_if<io::TomlMap>(&entry_.value);
    if (table == nullptr) refuse();
    std::map<std::string, double> values;
    for (const auto& [name, value] : *table) values[name] = convert<double>(value);
    *member = std::move(values);
  }

  void operator()(Sweep* member) const {
    Sweep sweep;
    const auto* text = std::get_if<std::string>(&entry_.value);
    const bool is_range = text != nullptr && text->find('(') != std::string::npos;
    if (is_range) {
      const auto values = parse_sweep(*text);
      if (!values) refuse();
      sweep = {.values = *values, .text = *text};
      for (const double value : sweep.values) checked_number(value);
    } else {
      for (const io::TomlScalar& item : items()) sweep.values.push_back(convert<double>(item));
      if (!sweep.is_given()) refuse();
    }
    *member = std::move(sweep);
  }

  void operator()(NumberRange* member) const {
    const auto* text = std::get_if<std::string>(&entry_.value);
    NumberRange range;
    if (text == nullptr) {
      range.last = convert<Index>(only_item());
    } else {
      const std::size_t colon = text->find(':');
      if (colon == std::string::npos) refuse();
      range.first = whole_number(text->substr(0, colon));
      range.last = whole_number(text->substr(colon + 1));
    }
    if (range.first < 1 || range.last < range.first) refuse();
    *member = range;
  }

private:
  Index whole_number(const std::string& text) const {
    Index number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) refuse();
    return number;
  }

  [[noreturn]] void refuse(const std::string& hint = "") const {
    const std::string place = is_from_command_line()
                                  ? fmt::format("--{}={}", entry_.key, entry_.text)
                                  : fmt::format("{}: {} = {}", entry_.origin(), entry_.key, entry_.text);
    fail(ErrorKind::input, "{}: expected {}.{}", place, expectation(key_), hint);
  }

  bool is_from_command_line() const { return entry_.file.empty(); }

  io::TomlScalar only_item() const { return scalar_of(entry_.value); }

  io::TomlScalar scalar_of(const io::TomlValue& value) const {
    return std::visit(Overloaded{[&](const io::TomlList&) -> io::TomlScalar { refuse(); },
                                 [&](const io::TomlMap&) -> io::TomlScalar { refuse(); },
                                 [](const auto& scalar) -> io::TomlScalar { return scalar; }},
                      value);
  }

  io::TomlList items() const {
    if (const auto* list = std::get_if<io::TomlList>(&entry_.value)) return *list;
    if (!is_from_command_line()) return {only_item()};
    io::TomlList list;
    std::string_view rest = entry_.text;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      list.push_back(
          scalar_of(io::parse_toml_argument(entry_.key, std::string(rest.substr(0, comma))).value));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return list;
  }

  std::string size_text() const {
    const io::TomlScalar item = only_item();
    if (const auto* text = std::get_if<std::string>(&item)) return *text;
    return fmt::format("{}", convert<Index>(item));
  }

  Index bytes_of(const std::string& text) const {
    try {
      return parse_bytes(text);
    } catch (const Error&) {
      refuse();
    }
  }

  template <class T>
  T convert(const io::TomlScalar& item) const {
    if constexpr (std::is_same_v<T, std::string>) {
      const auto* text = std::get_if<std::string>(&item);
      if (text == nullptr) refuse();
      return checked_word(*text);
    } else {
      const double number = checked_number(number_of(item));
      if constexpr (std::is_same_v<T, double>) {
        return number;
      } else {
        return integer_of<T>(item, number);
      }
    }
  }

  double number_of(const io::TomlScalar& item) const {
    if (const auto* integer = std::get_if<std::int64_t>(&item)) return static_cast<double>(*integer);
    const auto* number = std::get_if<double>(&item);
    if (number == nullptr || !std::isfinite(*number)) refuse();
    return *number;
  }

  template <class T>
  T integer_of(const io::TomlScalar& item, double number) const {
    // All digits of a 64-bit integer; a number with an exponent is exact to 2^53.
    if (const auto* integer = std::get_if<std::int64_t>(&item)) {
      if (*integer < std::numeric_limits<T>::min() || *integer > std::numeric_limits<T>::max()) refuse();
      return static_cast<T>(*integer);
    }
    constexpr double largest = std::min(0x1p53, static_cast<double>(std::numeric_limits<T>::max()));
    if (number != std::floor(number) || std::abs(number) > largest) refuse();
    return static_cast<T>(number);
  }

  double checked_number(double number) const {
    if (key_.rule && !key_.rule->holds(number)) refuse();
    return number;
  }

  std::string checked_word(const std::string& word) const {
    const auto& choices = key_.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), word) == choices.end()) {
      refuse(did_you_mean(word, choices));
    }
    return word;
  }

  const Key& key_;
  const io::TomlEntry& entry_;
};

std::string quoted_choices(const Key& key, std::string_view last_separator) {
  std::vector<std::string> words;
  for (const std::string& word : key.choices) words.push_back(io::to_toml(word));
  const std::string last = words.back();
  words.pop_back();
  return words.empty() ? last : fmt::format("{}{}{}", fmt::join(words, ", "), last_separator, last);
}

}  // namespace

void assign(const Key& key, const io::TomlEntry& entry) { std::visit(Assignment(key, entry), key.target); }

std::string expectation(const Key& key) {
  const std::string range = key.rule ? " " + key.rule->expected : "";
  return std::visit(
      Overloaded{
          [](const bool*) -> std::string { return "true or false"; },
          [&](const int*) { return "an integer" + range; },
          [&](const Index*) { return "an integer" + range; },
          [&](const double*) { return "a number" + range; },
          [&](const std::string*) { return key.choices.empty() ? "text" : quoted_choices(key, " or "); },
          [](const std::optional<Index>*) -> std::string { return "\"auto\" or a size as \"4GiB\""; },
          [&](const std::optional<double>*) { return "\"auto\" or a number" + range; },
          [&](const std::vector<std::string>*) {
            return key.choices.empty() ? "a list of texts" : "a list of " + quoted_choices(key, " and ");
          },
          [&](const std::vector<double>*) { return "a list of numbers" + range; },
          [&](const std::map<std::string, double>*) {
            return "a table of numbers" + range + " as { NAME = 2.0 }";
          },
          [&](const Sweep*) {
            return fmt::format("a list of numbers{0}, \"logspace(a, b, n)\" or \"linspace(a, b, n)\"", range);
          },
          [](const NumberRange*) -> std::string { return "a number >= 1, or a range as \"101:200\""; },
          [&](const auto*) { return "a list of integers" + range; },
      },
      key.target);
}

std::string value_text(const Key& key) {
  return io::to_toml(std::visit(Overloaded{
                                    [](const int* value) -> io::TomlValue { return std::int64_t{*value}; },
                                    [](const std::optional<Index>* value) -> io::TomlValue {
                                      return *value ? io::TomlValue(**value) : io::TomlValue("auto");
                                    },
                                    [](const std::optional<double>* value) -> io::TomlValue {
                                      return *value ? io::TomlValue(**value) : io::TomlValue("auto");
                                    },
                                    [](const Sweep* value) -> io::TomlValue {
                                      if (!value->text.empty()) return value->text;
                                      return io::TomlList(value->values.begin(), value->values.end());
                                    },
                                    [](const NumberRange* value) -> io::TomlValue {
                                      return fmt::format("{}:{}", value->first, value->last);
                                    },
                                    [](const std::map<std::string, double>* value) -> io::TomlValue {
                                      return io::TomlMap(value->begin(), value->end());
                                    },
                                    []<class T>(const std::vector<T>* list) -> io::TomlValue {
                                      io::TomlList items;
                                      for (const T& item : *list) {
                                        if constexpr (std::is_same_v<T, int>) {
                                          items.emplace_back(std::int64_t{item});
                                        } else {
                                          items.emplace_back(item);
                                        }
                                      }
                                      return items;
                                    },
                                    [](const auto* value) -> io::TomlValue { return *value; },
                                },
                                key.target));
}

}  // namespace tallfit::app
