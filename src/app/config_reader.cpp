#include "tallfit/app/config_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "tallfit/app/key_value.hpp"
#include "tallfit/base/error.hpp"
#include "tallfit/base/nearest_name.hpp"

namespace tallfit::app {

namespace {

std::vector<std::string> section_names(const std::vector<Key>& keys) {
  std::vector<std::string> names;
  for (const Key& key : keys) {
    if (names.empty() || names.back() != key.section()) names.push_back(key.section());
  }
  return names;
}

std::vector<std::string> short_names(const std::vector<Key>& keys, const std::string& section) {
  std::vector<std::string> names;
  for (const Key& key : keys) {
    if (key.section() == section) names.push_back(key.short_name());
  }
  return names;
}

[[noreturn]] void fail_outside_sections(const io::TomlEntry& entry, const std::vector<Key>& keys) {
  const auto meant =
      std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.short_name() == entry.key; });
  const std::string hint = meant == keys.end()
                               ? "Known sections: "
                               : fmt::format("Did you mean {}?\n  Known sections: ", meant->name);
  fail(ErrorKind::input, "{}: key '{}' stands outside every section. {}{}", entry.origin(), entry.key, hint,
       fmt::join(section_names(keys), ", "));
}

/// Throws for an entry that is no known key, and finds the reason.
[[noreturn]] void fail_unknown(const io::TomlEntry& entry, const std::vector<Key>& keys) {
  const std::size_t dot = entry.key.find('.');
  const bool is_section = dot != std::string::npos || std::holds_alternative<io::TomlMap>(entry.value);
  if (!is_section) fail_outside_sections(entry, keys);
  const std::string section = entry.key.substr(0, dot);
  const std::vector<std::string> known = short_names(keys, section);
  if (known.empty()) {
    const std::vector<std::string> sections = section_names(keys);
    fail(ErrorKind::input, "{}: unknown section [{}].{}\n  Known sections: {}", entry.origin(), section,
         did_you_mean(section, sections), fmt::join(sections, ", "));
  }
  const std::string name = entry.key.substr(dot + 1);
  fail(ErrorKind::input, "{}: unknown key '{}' in [{}].{}\n  Known keys: {}", entry.origin(), name, section,
       did_you_mean(name, known), fmt::join(known, ", "));
}

bool is_known_empty_section(const io::TomlEntry& entry, const std::vector<Key>& keys) {
  const bool is_table = std::holds_alternative<io::TomlMap>(entry.value);
  return is_table && entry.key.find('.') == std::string::npos && !short_names(keys, entry.key).empty();
}

}  // namespace

Config read_config(std::span<const io::TomlEntry> entries) {
  Config config;
  const std::vector<Key> keys = keys_of(config);
  for (const io::TomlEntry& entry : entries) {
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == entry.key; });
    if (key != keys.end()) {
      assign(*key, entry);
    } else if (!is_known_empty_section(entry, keys)) {
      fail_unknown(entry, keys);
    }
  }
  return config;
}

}  // namespace tallfit::app
