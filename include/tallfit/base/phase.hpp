/// Where the time goes: named, nested parts of a run with their seconds, flops, bytes and messages.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace tallfit {

/// What one phase cost on this rank, all its runs together and the phases inside it included.
struct Stage {
  std::string name;  ///< "fit/compress": the names of the enclosing phases, outermost first
  double seconds = 0.0;
  double flops = 0.0;
  double bytes = 0.0;     ///< read or written
  double messages = 0.0;  ///< sent; a collective call counts as one, agreeing on errors as none
  double sent = 0.0;      ///< bytes of these; of a collective call those that this rank hands in
  int calls = 0;

  /// 1e9 flops per second; 0 for a phase that took no measurable time.
  double gflops() const { return seconds > 0.0 ? flops * 1e-9 / seconds : 0.0; }
};

/// Measures from construction to destruction. Phases nest as scopes do; only the main thread opens them.
class Phase {
public:
  explicit Phase(std::string_view name);
  Phase(const Phase&) = delete;
  Phase& operator=(const Phase&) = delete;
  ~Phase();

  /// Counted for this phase and the ones around it.
  void add_flops(double n) { flops_ += n; }
  void add_bytes(double n) { bytes_ += n; }
  void add_messages(double n, double bytes) {
    messages_ += n;
    sent_ += bytes;
  }

private:
  using Clock = std::chrono::steady_clock;

  Phase* outer_;
  std::size_t stage_;  ///< index into the stages of the run
  Clock::time_point start_ = Clock::now();
  double flops_ = 0.0;
  double bytes_ = 0.0;
  double messages_ = 0.0;
  double sent_ = 0.0;
};

/// Counts one message for the innermost open phase, if there is one. Main thread.
void count_message(double bytes);

/// Counts flops there: of work that no phase can tell beforehand. Main thread.
void count_flops(double n);

/// Every phase so far, in order of first start; one that is still open counts only its finished runs.
std::vector<Stage> stages();

/// Forgets all finished phases: a new run in the same process, as in tests and benchmarks.
void clear_stages();

}  // namespace tallfit
