/// The commands of the program and how each is called.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tallfit::app {

enum class Command {
  generate,
  import,
  inspect,
  plan,
  compress,
  merge,
  fit,
  cv,
  bag,
  sample,
  predict,
  select,
  report,
  bench
};

/// What a command makes of `-o OUT`.
enum class Output { none, optional_folder, file, folder };

struct CommandInfo {
  Command command;
  std::string_view name;
  std::string_view summary;    ///< one line, no full stop
  std::string_view arguments;  ///< what stands after the name, as `[CONFIG.toml] -o OUT`
  Output output;
  bool resumes = false;  ///< whether it saves checkpoints that --resume goes on from
};

/// Every command, in the order of INTERFACE.md.
std::span<const CommandInfo> commands();

const CommandInfo& info(Command command);

/// The command of that name, if there is one.
std::optional<Command> find_command(std::string_view name);

}  // namespace tallfit::app
