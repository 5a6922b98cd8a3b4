/// Ends a test job that hangs, and says on every rank what that rank was doing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace tallfit::support {

/// One thread per rank that makes no MPI call: each rank knows only of itself and prints only that, which
/// together names the ranks inside the test and those that left it. No thread level above FUNNELED is needed,
/// and it works when MPI itself is what hangs.
class Watchdog {
public:
  /// @param limit_s  seconds that one test may take; 0: for ever (debuggers)
  Watchdog(int rank, int limit_s);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  /// This rank starts @p test: the clock starts anew and earlier failures are forgotten.
  void enter(const std::string& test);
  /// Keeps a failure of the running test. Any thread may call it.
  void add_failure(const std::string& text);
  /// This rank has left the test and waits for the others. @return the failures of the test, empty if none
  std::string leave();

  static constexpr int exit_code = 86;  ///< of a job that was ended; not one of the program's own codes

private:
  using Clock = std::chrono::steady_clock;
  void watch();
  void report() const;

  const int rank_;
  const int limit_s_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string test_ = "MPI_Init";
  std::string failures_;
  bool inside_ = true;
  bool stop_ = false;
  Clock::time_point deadline_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tallfit::support
