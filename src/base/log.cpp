#include "tallfit/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace tallfit::log {

namespace {

struct State {
  State() : logger(spdlog::stderr_logger_st("tallfit")) { logger->set_pattern("%v"); }
  std::shared_ptr<spdlog::logger> logger;
  std::vector<std::pair<std::string, int>> warnings;
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

void set_speaking(bool speaking) {
  state().logger->set_level(speaking ? spdlog::level::info : spdlog::level::off);
}

bool speaking() { return state().logger->should_log(spdlog::level::info); }

void info(const std::string& message) { state().logger->info(message); }

void warn(const std::string& message) {
  auto& seen = state().warnings;
  const auto known =
      std::find_if(seen.begin(), seen.end(), [&](const auto& w) { return w.first == message; });
  if (known != seen.end()) {
    ++known->second;
    return;
  }
  seen.emplace_back(message, 1);
  state().logger->warn("warning: {}", message);
}

std::vector<std::pair<std::string, int>> warnings() { return state().warnings; }

}  // namespace tallfit::log
