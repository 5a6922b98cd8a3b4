#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tallfit/app/help.hpp"
#include "tallfit/app/key_value.hpp"

namespace tallfit::app {

namespace {

/// A bar would end the cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string command_names(const Key& key) {
  std::vector<std::string_view> names;
  for (const CommandInfo& command : commands()) {
    if (key.is_used_by(command.command)) names.push_back(command.name);
  }
  return names.size() == commands().size() ? "all" : fmt::format("{}", fmt::join(names, ", "));
}

std::string command_table() {
  std::string text = "| command | does | arguments |\n| --- | --- | --- |\n";
  for (const CommandInfo& command : commands()) {
    text += fmt::format("| `{}` | {} | `{}` |\n", command.name, command.summary,
                        cell(std::string(command.arguments)));
  }
  return text;
}

std::string key_tables() {
  Config defaults;
  std::string text, section;
  for (const Key& key : keys_of(defaults)) {
    if (key.section() != section) {
      section = key.section();
      text += fmt::format("\n### [{}]\n\n| key | default | takes | unit | meaning | used by |\n", section);
      text += "| --- | --- | --- | --- | --- | --- |\n";
    }
    text += fmt::format("| `{}` | `{}` | {} | {} | {} | {} |\n", key.short_name(), value_text(key),
                        cell(expectation(key)), key.unit, cell(key.doc), command_names(key));
  }
  return text;
}

}  // namespace

std::string reference_markdown() {
  return "# Reference\n\n"
         "Written by `tallfit reference > docs/reference.md`; a test fails when it is out of date.\n\n"
         "## Commands\n\n"
         "`[mpirun -n P] tallfit COMMAND [CONFIG.toml] [--section.key=value ...] [-o OUT]`\n\n" +
         command_table() +
         "\nExit codes: 0 done; 1 a bug; 2 bad input or usage; 3 numerical failure; 4 not enough memory, "
         "disk or time.\n"
         "\n## Keys\n\n"
         "Each key of section `[fit]` in CONFIG.toml, as `lambda`, is `--fit.lambda=VALUE` on the command "
         "line, which\n"
         "wins over the file. There strings need no quotes, and lists may be written `a,b,c`. An empty "
         "default means\n"
         "\"not given\".\n" +
         key_tables();
}

}  // namespace tallfit::app
