#include "tallfit/io/toml_document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

/// Throws Error{input} that begins with the place, "run.toml:2" or "--fit.lambda".
[[noreturn]] void fail_at(const std::string& file, const toml::source_region& place, std::string_view what) {
  fail(ErrorKind::input, "{}:{}: {}", file, place.begin.line, what);
}

/// Reads one top-level table after the other; keeps the file's name for messages.
class Flattener {
public:
  explicit Flattener(const std::string& file) : file_(file) {}

  std::vector<TomlEntry> flatten(const toml::table& root) {
    for (const auto& [name, node] : root) {
      const std::string section(name.str());
      const toml::table* table = node.as_table();
      if (table == nullptr || table->empty()) {
        add(section, node);
        continue;
      }
      for (const auto& [key, value] : *table) add(fmt::format("{}.{}", section, key.str()), value);
    }
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
    return std::move(entries_);
  }

private:
  void add(const std::string& key, const toml::node& node) {
    TomlEntry entry{.key = key, .value = value_of(node), .text = {}, .file = file_, .line = line_of(node)};
    entry.text = to_toml(entry.value);
    entries_.push_back(std::move(entry));
  }

  static Index line_of(const toml::node& node) { return static_cast<Index>(node.source().begin.line); }

  TomlScalar scalar_of(const toml::node& node) const {
    if (const auto* value = node.as_boolean()) return value->get();
    if (const auto* value = node.as_integer()) return value->get();
    if (const auto* value = node.as_floating_point()) return value->get();
    if (const auto* value = node.as_string()) return value->get();
    fail_at(file_, node.source(), "dates, times and lists of lists or tables have no meaning here");
  }

  TomlValue value_of(const toml::node& node) const {
    if (const auto* table = node.as_table()) {
      TomlMap map;
      append(map, "", *table);
      return map;
    }
    if (const auto* array = node.as_array()) {
      TomlList list;
      for (const toml::node& item : *array) list.push_back(scalar_of(item));
      return list;
    }
    return std::visit([](const auto& value) { return TomlValue(value); }, scalar_of(node));
  }

  /// `{ A.energy = 2 }` and `{ "A.energy" = 2 }` mean the same.
  void append(TomlMap& map, const std::string& prefix, const toml::table& table) const {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      if (const auto* inner = node.as_table()) {
        append(map, key + ".", *inner);
      } else {
        map.emplace_back(key, scalar_of(node));
      }
    }
  }

  std::string file_;
  std::vector<TomlEntry> entries_;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

struct ScalarText {
  std::string operator()(const std::string& text) const { return quoted(text); }
  template <class T>
  std::string operator()(T value) const {
    return fmt::format("{}", value);
  }
};

std::string text_of(const TomlScalar& value) { return std::visit(ScalarText(), value); }

struct ValueText : ScalarText {
  using ScalarText::operator();
  std::string operator()(const TomlList& list) const {
    std::vector<std::string> items;
    for (const TomlScalar& item : list) items.push_back(text_of(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  std::string operator()(const TomlMap& map) const {
    std::vector<std::string> items;
    for (const auto& [key, item] : map) items.push_back(fmt::format("{} = {}", quoted(key), text_of(item)));
    return items.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(items, ", "));
  }
};

}  // namespace

std::string TomlEntry::origin() const {
  return file.empty() ? fmt::format("--{}", key) : fmt::format("{}:{}", file, line);
}

std::vector<TomlEntry> parse_toml(std::string_view text, const std::string& file) {
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    fail_at(file, error.source(), error.description());
  }
  return Flattener(file).flatten(root);
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  require(in.good(), ErrorKind::input, "cannot open '{}'. Is the path right, and may you read it?", path);
  // A folder opens, but does not read.
  require(!std::filesystem::is_directory(path), ErrorKind::input, "cannot read '{}': it is a folder.", path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<TomlEntry> read_toml(const std::string& path) { return parse_toml(read_text(path), path); }

TomlEntry parse_toml_argument(const std::string& key, const std::string& text) {
  TomlEntry entry{.key = key, .value = text, .text = text, .file = {}, .line = 0};
  if (text.empty() || text.find('\n') != std::string::npos) return entry;
  try {
    const std::vector<TomlEntry> parsed = parse_toml(fmt::format("[command_line]\nvalue = {}", text), "");
    if (parsed.size() == 1) entry.value = parsed.front().value;
  } catch (const Error&) {
    const bool looks_like_toml = std::string_view("\"'[{").find(text.front()) != std::string_view::npos;
    require(!looks_like_toml, ErrorKind::input,
            "--{}={} is neither TOML nor a plain word. Is a bracket or quote missing?", key, text);
  }
  return entry;
}

std::string to_toml(const TomlValue& value) { return std::visit(ValueText(), value); }

}  // namespace tallfit::io
