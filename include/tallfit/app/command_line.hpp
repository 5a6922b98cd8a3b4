/// What the user typed after `tallfit`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tallfit/app/command.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::app {

/// A command line, understood but not yet carried out. Files are not opened.
struct CommandLine {
  std::optional<Command> command;        ///< empty: print `text` on stdout and leave with 0
  std::string text;                      ///< help, version or reference
  std::string config_file;               ///< empty: defaults
  std::vector<io::TomlEntry> overrides;  ///< keys set on the command line, positional arguments among them
  std::string output;                    ///< -o
  bool resume = false;                   ///< --resume
};

/// Reads `tallfit COMMAND …` (@p arguments begins with the program's name).
///
/// An argument that ends in .toml is the configuration. Others are what the command takes: a kind or format,
/// a folder, designs; they become keys (`generate.kind`, `import.format`, `import.folder`, `merge.inputs`,
/// `data.design`), so that a file may hold them as well.
/// @throws Error{input} for unknown commands and options and for arguments that do not fit; unknown keys are
/// left
///         to read_config(), which knows them.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace tallfit::app
