/// How far a long loop is, how fast it goes and how long it will take.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tallfit/base/numeric.hpp"

namespace tallfit {

/// @return "read rows: 1200/5000 (24 %), 310/s, 12 s left"; rate and rest are left out while nothing is
/// known.
std::string progress_text(std::string_view what, Index done, Index total, double elapsed_s);

/// @return "[#####               ]" with @p width characters between the brackets.
std::string progress_bar(Index done, Index total, int width);

/// Tells the user of a loop over @p total items, on rank 0 only.
///
/// On a terminal a bar that redraws itself; otherwise (batch logs) plain lines, the first and the last and at
/// most one every 10 s between them. Local; advance() is cheap enough to call for every block of rows.
class Progress {
public:
  struct Options {
    std::function<double()> clock;                ///< seconds; default: a steady clock
    std::function<void(std::string_view)> write;  ///< default: stderr, on the rank that speaks
    bool terminal = false;
  };

  Progress(std::string what, Index total);
  Progress(std::string what, Index total, Options options);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Ends the line on a terminal; says nothing more when the loop did not reach its end.
  ~Progress();

  /// Counts @p items more; the item that completes the total writes the last line.
  void advance(Index items = 1);

private:
  void report(double now);

  std::string what_;
  Index total_;
  Options options_;
  Index done_ = 0;
  double start_;
  double last_report_;
  bool line_open_ = false;  ///< a bar stands on the terminal without a line end
};

}  // namespace tallfit
