#include "tallfit/base/stop_signals.hpp"

#include <array>
#include <csignal>

namespace tallfit {

namespace {

volatile std::sig_atomic_t requested = 0;

constexpr std::array signals = {SIGUSR1, SIGTERM};
std::array<struct sigaction, signals.size()> earlier;

void request_stop(int /*signal*/) { requested = 1; }

}  // namespace

StopSignals::StopSignals() {
  requested = 0;
  struct sigaction action = {};
  action.sa_handler = request_stop;
  action.sa_flags = SA_RESTART;  // reads and writes go on
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &action, &earlier.at(i));
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &earlier.at(i), nullptr);
}

bool stop_requested() noexcept { return requested != 0; }

}  // namespace tallfit
