/// Signals that ask a run to save its work and stop.
#pragma once

namespace tallfit {

/// While one lives, SIGUSR1 and SIGTERM only ask: a run stops where its work can be saved. Before and after,
/// they do what they did. One at a time.
class StopSignals {
public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();
};

/// Whether such a signal came to this process. Local.
bool stop_requested() noexcept;

}  // namespace tallfit
