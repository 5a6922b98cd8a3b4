/// What --help prints, and docs/reference.md: both written from the registry of keys.
#pragma once

#include <string>

#include "tallfit/app/command.hpp"

namespace tallfit::app {

/// `tallfit --help`: the commands.
std::string help_text();

/// `tallfit COMMAND --help`: how to call it and every key it uses, with default, expectation and unit.
std::string help_text(Command command);

/// `tallfit reference`: docs/reference.md, all commands and all keys.
std::string reference_markdown();

}  // namespace tallfit::app
