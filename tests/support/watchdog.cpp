#include "support/watchdog.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace tallfit::support {

namespace {

// The slowest rank prints within this time of the first; the first to exit takes the whole job down.
constexpr std::chrono::seconds grace{1};

}  // namespace

Watchdog::Watchdog(int rank, int limit_s)
    : rank_(rank), limit_s_(limit_s), deadline_(Clock::now() + std::chrono::seconds(limit_s)) {
  if (limit_s_ > 0) thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::enter(const std::string& test) {
  const std::lock_guard lock(mutex_);
  test_ = test;
  failures_.clear();
  inside_ = true;
  deadline_ = Clock::now() + std::chrono::seconds(limit_s_);
  changed_.notify_one();
}

void Watchdog::add_failure(const std::string& text) {
  const std::lock_guard lock(mutex_);
  failures_ += text;
}

std::string Watchdog::leave() {
  const std::lock_guard lock(mutex_);
  inside_ = false;
  return failures_;
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const Clock::time_point until = deadline_;  // a copy: enter() moves the deadline while this waits
    changed_.wait_until(lock, until);
    if (stop_ || Clock::now() < deadline_) continue;
    report();
    std::this_thread::sleep_for(grace);
    _exit(exit_code);  // not exit(): destructors would wait for ranks that never come
  }
}

void Watchdog::report() const {
  std::string what = "is still inside the test";
  if (!inside_)
    what = failures_.empty() ? "left the test without a failure and waits for the others" : "left the test";
  if (!failures_.empty()) {
    what += inside_ ? " after this failure:" : " after this failure and waits for the others:";
    what += fmt::format("\n[rank {}] {}", rank_, failures_);
  }
  const std::string line =
      fmt::format("[  HANG    ] {}: no end after {} s. rank {} {}\n", test_, limit_s_, rank_, what);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace tallfit::support
