#include "tallfit/app/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/ranges.h>

#include <span>

#include "tallfit/app/config_keys.hpp"
#include "tallfit/app/config_reader.hpp"
#include "tallfit/app/help.hpp"
#include "tallfit/base/error.hpp"
#include "tallfit/base/nearest_name.hpp"
#include "tallfit/base/version.hpp"

namespace tallfit::app {

namespace {

/// What CLI11 fills while it reads the arguments of one command.
struct Typed {
  std::vector<std::string> positionals;
  std::vector<std::string> drop;
  std::string output;
  bool resume = false;
  bool scaling = false;
  bool collect = false;
  std::vector<io::TomlEntry> overrides;
};

io::TomlEntry entry(const std::string& key, io::TomlValue value) {
  std::string text =
      std::holds_alternative<std::string>(value) ? std::get<std::string>(value) : io::to_toml(value);
  return {.key = key, .value = std::move(value), .text = std::move(text), .file = {}, .line = 0};
}

io::TomlEntry list_entry(const std::string& key, const std::vector<std::string>& items) {
  return entry(key, io::TomlList(items.begin(), items.end()));
}

bool ends_with(const std::string& text, std::string_view ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

/// Every key is an option of every command: a file written for one command serves the others.
void add_options(CLI::App& parser, Command command, Typed& typed) {
  parser.allow_extras();
  parser.add_option("arguments", typed.positionals);
  parser.add_option("-o,--output", typed.output);
  parser.add_flag("--resume", typed.resume);
  if (command == Command::merge) parser.add_option("--drop", typed.drop)->allow_extra_args(false);
  if (command == Command::bag || command == Command::cv) parser.add_flag("--collect", typed.collect);
  if (command == Command::bench) parser.add_flag("--scaling", typed.scaling);
  Config defaults;
  for (const Key& key : keys_of(defaults)) {
    parser
        .add_option_function<std::string>("--" + key.name,
                                          [&typed, name = key.name](const std::string& text) {
                                            typed.overrides.push_back(io::parse_toml_argument(name, text));
                                          })
        ->take_last();
  }
}

/// Throws for options that CLI11 does not know. One with a dot is meant as a key: read_config() tells the
/// nearest.
void refuse_unknown_options(const std::vector<std::string>& unknown, const CommandInfo& command) {
  for (const std::string& option : unknown) {
    const std::string name = option.substr(0, option.find('='));
    if (name.rfind("--", 0) == 0 && name.find('.') != std::string::npos) {
      const io::TomlEntry key = entry(name.substr(2), std::string());
      read_config(std::span(&key, 1));
    }
    const std::vector<std::string> known = {"--output",  "--resume",  "--drop",
                                            "--collect", "--scaling", "--help"};
    fail(ErrorKind::input, "unknown option '{}'.{}\n  'tallfit {} --help' lists options and keys.", name,
         did_you_mean(name, known), command.name);
  }
}

/// The keys that positional arguments of a command stand for, in order.
std::vector<std::string> positional_keys(Command command) {
  switch (command) {
    case Command::generate:
      return {"generate.kind"};
    case Command::import:
      return {"import.format", "import.folder"};
    case Command::inspect:
    case Command::plan:
    case Command::compress:
    case Command::fit:
    case Command::cv:
    case Command::bag:
    case Command::sample:
    case Command::predict:
    case Command::select:
      return {"data.design"};
    case Command::merge:
    case Command::report:
    case Command::bench:
      return {};
  }
  return {};
}

void take_positionals(const CommandInfo& command, const Typed& typed, CommandLine& line) {
  std::vector<std::string> others;
  for (const std::string& argument : typed.positionals) {
    if (!ends_with(argument, ".toml")) {
      others.push_back(argument);
      continue;
    }
    require(line.config_file.empty(), ErrorKind::input,
            "two configurations, '{}' and '{}', but a run has one. Did you forget -o?", line.config_file,
            argument);
    line.config_file = argument;
  }
  if (command.command == Command::merge || command.command == Command::report) {
    const std::string key = std::string(command.name) + ".inputs";
    if (!others.empty()) line.overrides.push_back(list_entry(key, others));
    return;
  }
  if (typed.collect) {
    const std::string section(command.name);
    line.overrides.push_back(entry(section + ".collect", true));
    if (!others.empty()) line.overrides.push_back(list_entry(section + ".parts", others));
    return;
  }
  const std::vector<std::string> keys = positional_keys(command.command);
  require(others.size() <= keys.size(), ErrorKind::input,
          "'tallfit {}' does not take the argument '{}'. Did you forget -o?\n  Usage: tallfit {} {}",
          command.name, others.empty() ? "" : others.back(), command.name, command.arguments);
  for (std::size_t i = 0; i < others.size(); ++i) line.overrides.push_back(entry(keys[i], others[i]));
}

/// Gives the text of --help, --version and `reference`, or nothing.
std::optional<std::string> text_only(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return std::nullopt;
  const std::string& first = arguments[1];
  if (first == "--help" || first == "-h" || first == "help") return help_text();
  if (first == "--version") return fmt::format("tallfit {}\n", version());
  if (first == "reference") return reference_markdown();
  return std::nullopt;
}

Command command_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CommandInfo& known : commands()) names.emplace_back(known.name);
  require(arguments.size() >= 2, ErrorKind::input, "no command. 'tallfit --help' explains.\n  Commands: {}",
          fmt::join(names, ", "));
  const auto command = find_command(arguments[1]);
  require(command.has_value(), ErrorKind::input, "unknown command '{}'.{}\n  Commands: {}", arguments[1],
          did_you_mean(arguments[1], names), fmt::join(names, ", "));
  return *command;
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  if (const auto text = text_only(arguments)) {
    line.text = *text;
    return line;
  }
  const CommandInfo& command = info(command_of(arguments));
  CLI::App parser;
  Typed typed;
  add_options(parser, command.command, typed);
  try {
    // CLI11 takes its arguments last first.
    parser.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend() - 2));
  } catch (const CLI::CallForHelp&) {
    line.text = help_text(command.command);
    return line;
  } catch (const CLI::ParseError& error) {
    fail(ErrorKind::input, "{}\n  'tallfit {} --help' lists options and keys.", error.what(), command.name);
  }
  refuse_unknown_options(parser.remaining(), command);
  require(!typed.resume || command.resumes, ErrorKind::input,
          "'tallfit {}' writes no checkpoints, so --resume has nothing to continue. Run it again without "
          "--resume.",
          command.name);
  line.command = command.command;
  line.output = typed.output;
  line.resume = typed.resume;
  take_positionals(command, typed, line);
  if (!typed.drop.empty()) line.overrides.push_back(list_entry("merge.drop", typed.drop));
  if (typed.scaling) line.overrides.push_back(entry("bench.scaling", true));
  line.overrides.insert(line.overrides.end(), typed.overrides.begin(), typed.overrides.end());
  return line;
}

}  // namespace tallfit::app
