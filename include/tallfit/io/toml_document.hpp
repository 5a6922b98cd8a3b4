/// TOML as a flat list of keys that remember where they were written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::io {

using TomlScalar = std::variant<bool, std::int64_t, double, std::string>;
using TomlList = std::vector<TomlScalar>;
using TomlMap = std::vector<std::pair<std::string, TomlScalar>>;
using TomlValue = std::variant<bool, std::int64_t, double, std::string, TomlList, TomlMap>;

/// One key of a file or of the command line.
struct TomlEntry {
  std::string key;  ///< "fit.lambda"; without a dot when it stands outside every section
  TomlValue value;
  std::string text;  ///< as the command line had it, or the value written as TOML
  std::string file;  ///< empty: from the command line
  Index line = 0;

  /// @return "run.toml:2" or "--fit.lambda", for messages.
  std::string origin() const;
};

/// Reads TOML text into its keys, in the order of their lines.
///
/// Sections are the top-level tables. A table inside a section, `weights = { A = 2.0 }` or `[fit.weights]`,
/// is one key with a TomlMap, whose own keys are joined by dots. An empty section gives an entry with its
/// name alone, so that a mistyped one can be told.
/// @param file  for messages.
/// @throws Error{input} "file:line: what" for text that is not TOML, dates, and lists of lists or tables.
std::vector<TomlEntry> parse_toml(std::string_view text, const std::string& file);

/// The text of a file. Local.
/// @throws Error{input} when it cannot be read.
std::string read_text(const std::string& path);

/// Reads a whole file, then parse_toml(). Local.
std::vector<TomlEntry> read_toml(const std::string& path);

/// Reads `--KEY=TEXT`. TOML where it is TOML, otherwise a string, so that strings need no quotes.
/// @throws Error{input} when @p text begins like a quoted string, a list or a table but is none.
TomlEntry parse_toml_argument(const std::string& key, const std::string& text);

/// @return the value as TOML: `"tall"`, `1e-06`, `["group", "fold"]`, `{ "A.energy" = 2 }`.
std::string to_toml(const TomlValue& value);

}  // namespace tallfit::io
