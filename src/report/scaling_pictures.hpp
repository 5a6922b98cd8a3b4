/// The pictures of a scaling study as scripts of gnuplot.
#pragma once

#include <string>
#include <vector>

#include "tallfit/report/scaling_model.hpp"
#include "tallfit/report/scaling_page.hpp"

namespace tallfit::report {

/// Records of the same columns, cells and rows of one rank, by number of ranks.
struct ScalingGroup {
  ScalingProblem alone;  ///< what one rank has
  std::vector<io::ScalingRecord> strong;
  std::vector<io::ScalingRecord> weak;

  const std::vector<io::ScalingRecord>& of(const std::string& kind) const {
    return kind == "strong" ? strong : weak;
  }
  /// What P ranks are given.
  ScalingProblem problem(const std::string& kind, Index ranks) const;
};

/// "2,000 x 500" and cells.
std::string name_of(const ScalingProblem& problem);

/// Number with separators of thousands.
std::string grouped(Index number);

/// 1, 2, 4, … from @p first to @p last. Local.
std::vector<Index> doubling_ranks(Index first, Index last);

/// Time against ranks: measured, ideal, cost model, and the fitted model with its band.
std::string curve_script(const ScalingGroup& group, const std::string& kind, const ScalingModel& model,
                         const ScalingView& view);

/// Seconds of each stage against ranks, strong beside weak.
std::string stages_script(const ScalingGroup& group);

}  // namespace tallfit::report
