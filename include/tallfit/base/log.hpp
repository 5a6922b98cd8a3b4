/// Messages of the program to its user: rank 0 speaks, on stderr; results go to files or stdout.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace tallfit::log {

/// Makes this process silent or not; main() silences every rank but 0.
void set_speaking(bool speaking);

/// Whether this process prints; progress asks before it draws.
bool speaking();

void info(const std::string& message);

/// Printed at once and kept: warnings() repeats each with a count at the end of the run and in fit.json.
void warn(const std::string& message);

template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  info(fmt::format(text, std::forward<Args>(args)...));
}

template <class... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) {
  warn(fmt::format(text, std::forward<Args>(args)...));
}

/// Every different warning so far with how often it came, in order of first appearance.
std::vector<std::pair<std::string, int>> warnings();

}  // namespace tallfit::log
