#include "tallfit/base/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"

namespace tallfit {

namespace {

constexpr double batch_interval_s = 10.0;
constexpr double terminal_interval_s = 0.2;
constexpr int bar_width = 20;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void write_to_stderr(std::string_view text) {
  if (!log::speaking()) return;
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<Index>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string progress_text(std::string_view what, Index done, Index total, double elapsed_s) {
  const double fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1.0;
  std::string text = fmt::format("{}: {}/{} ({:.0f} %)", what, done, total, std::floor(100.0 * fraction));
  if (done == 0 || elapsed_s <= 0.0) return text;
  const double rate = static_cast<double>(done) / elapsed_s;
  text += fmt::format(", {:.3g}/s", rate);
  text += done < total ? fmt::format(", {} left", duration_text(static_cast<double>(total - done) / rate))
                       : fmt::format(", took {}", duration_text(elapsed_s));
  return text;
}

std::string progress_bar(Index done, Index total, int width) {
  const double fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1.0;
  const auto filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * width);
  return fmt::format("[{:<{}}]", std::string(static_cast<std::size_t>(filled), '#'), width);
}

Progress::Progress(std::string what, Index total)
    : Progress(std::move(what), total, {.clock = {}, .write = {}, .terminal = isatty(STDERR_FILENO) == 1}) {}

Progress::Progress(std::string what, Index total, Options options)
    : what_(std::move(what)), total_(total), options_(std::move(options)) {
  if (!options_.clock) options_.clock = steady_seconds;
  if (!options_.write) options_.write = write_to_stderr;
  start_ = options_.clock();
  report(start_);
}

Progress::~Progress() {
  if (line_open_) options_.write("\n");
}

void Progress::advance(Index items) {
  const bool was_complete = done_ >= total_;
  done_ += items;
  const double now = options_.clock();
  const bool completes = !was_complete && done_ >= total_;
  const double interval = options_.terminal ? terminal_interval_s : batch_interval_s;
  if (completes || now - last_report_ >= interval) report(now);
}

void Progress::report(double now) {
  last_report_ = now;
  const std::string text = progress_text(what_, done_, total_, now - start_);
  if (options_.terminal) {
    // "\x1b[K" clears what a longer line left behind.
    options_.write(fmt::format("\r{} {}\x1b[K", progress_bar(done_, total_, bar_width), text));
    line_open_ = true;
  } else {
    options_.write(text + "\n");
  }
}

}  // namespace tallfit
