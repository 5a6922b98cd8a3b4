/// Keys in, Config out; every mistake is told with its place.
#pragma once

#include <span>

#include "tallfit/app/command.hpp"
#include "tallfit/app/config.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::app {

/// Defaults, changed by each entry in turn: the later one of two wins.
/// @throws Error{input} for unknown sections and keys (with the nearest known one) and for values that a key
/// cannot
///         have, naming file and line or the option.
Config read_config(std::span<const io::TomlEntry> entries);

/// Checks what one key alone cannot tell: that the command has the inputs and the output it needs and that
/// keys fit together. Opens no file.
/// @throws Error{input} that names the keys and says what to set.
void check_config(const Config& config, Command command);

}  // namespace tallfit::app
