#include "tallfit/app/help.hpp"

#include <fmt/format.h>

#include "tallfit/app/key_value.hpp"
#include "tallfit/base/version.hpp"

namespace tallfit::app {

namespace {

std::string output_help(Output output) {
  switch (output) {
    case Output::none:
      return "";
    case Output::optional_folder:
      return "  -o, --output FOLDER     also write the results there\n";
    case Output::file:
      return "  -o, --output FILE       the file to write\n";
    case Output::folder:
      return "  -o, --output FOLDER     the folder to write\n";
  }
  return "";
}

/// "a number >= 0 [weighted feature squared]"
std::string expectation_with_unit(const Key& key) {
  return key.unit.empty() ? expectation(key) : fmt::format("{} [{}]", expectation(key), key.unit);
}

}  // namespace

std::string help_text() {
  std::string text = fmt::format(
      "tallfit {}: fits huge linear models of atomistic data\n\n"
      "Usage: [mpirun -n P] tallfit COMMAND [CONFIG.toml] [--section.key=value ...] [-o OUT]\n\nCommands:\n",
      version());
  for (const CommandInfo& command : commands())
    text += fmt::format("  {:<10}{}\n", command.name, command.summary);
  return text +
         "\n'tallfit COMMAND --help' lists what a command can be told; 'tallfit --version' tells the "
         "version.\n";
}

std::string help_text(Command command) {
  const CommandInfo& about = info(command);
  std::string text =
      fmt::format("{}\n\nUsage: [mpirun -n P] tallfit {} {} [--section.key=value ...]\n\nOptions:\n{}",
                  about.summary, about.name, about.arguments, output_help(about.output));
  if (command == Command::bag) text += "      --collect           join the ensembles of these folders\n";
  if (command == Command::cv)
    text += "      --collect           choose by what runs with cv.hold_out left in these folders\n";
  if (command == Command::merge) text += "      --drop group=NAME   leave these cells out; may be repeated\n";
  if (command == Command::bench) text += "      --scaling           same as --bench.scaling=true\n";
  if (about.resumes)
    text += "      --resume            continue a run that was stopped, from its checkpoint\n";
  text +=
      "  -h, --help              this text\n\n"
      "Keys, with their defaults, as CONFIG.toml has them; on the command line --section.key=value:\n";
  Config defaults;
  std::string section;
  for (const Key& key : keys_of(defaults)) {
    if (!key.is_used_by(command)) continue;
    if (key.section() != section) text += fmt::format("\n[{}]\n", section = key.section());
    text += fmt::format("{} = {}\n    {}\n    Takes {}.\n", key.short_name(), value_text(key), key.doc,
                        expectation_with_unit(key));
  }
  return text;
}

}  // namespace tallfit::app
