/// What one pass over the rows tells a robust fit.
#pragma once

#include <Eigen/Core>

#include <array>
#include <optional>

#include "tallfit/compress/saved_passes.hpp"
#include "tallfit/estimate/robust_fit.hpp"

namespace tallfit::estimate {

/// θ, then the intercept (0 without one), and s.
struct RobustPoint {
  Eigen::VectorXd x;
  double scale = 0.0;
};

/// A change of x and of ln s.
struct RobustStep {
  Eigen::VectorXd x;
  double log_scale = 0.0;
};

RobustPoint moved(const RobustPoint& from, const RobustStep& step, double length);

/// Shorter lengths of a step at which a pass evaluates the objective: 4^-1, ..., 4^-10.
inline constexpr int n_shorter = 10;
double shorter_length(int k);

/// Sums over the training rows.
struct RobustSums {
  Eigen::VectorXd slopes;  ///< Σ w² ρ_r (a, 1)
  Eigen::VectorXd cross;   ///< Σ w² s ρ_rs (a, 1)
  double value = 0.0;      ///< Σ w² ρ
  double scale_slope = 0.0;
  double scale_curvature = 0.0;
  double squared_slopes = 0.0;  ///< Σ w² ρ_r²
  double curvatures = 0.0;      ///< Σ w² ρ_rr
  double squared_curvatures = 0.0;
  double squares = 0.0;      ///< Σ w² r²
  double absolute = 0.0;     ///< Σ w² |r|
  double dual_slack = 0.0;   ///< Σ w² (|r| - r ρ_r): of laplace the duality gap, where the slopes are 0
  double target_size = 0.0;  ///< Σ w² |b|
  std::array<double, n_shorter> shorter = {};  ///< value at shorter lengths of the step that led here
};

/// What a pass is to do.
struct RobustTask {
  RobustLoss loss;
  RobustPoint at;
  RobustStep step;        ///< that led here; without entries: none
  double majorant = 0.0;  ///< μ: rows are folded with ω = max(ρ_rr, μ ρ_r / r)
  bool folds = true;
};

struct RobustPass {
  RobustSums sums;                           ///< on every rank
  std::optional<LeastSquaresSystem> system;  ///< on rank 0, of the rows scaled by w sqrt(ω)
};

/// One pass over the rows. Cost: as fit_robust() says. @collective
/// @param saved  where it is one of the passes
RobustPass run_robust_pass(const RobustRows& rows, Intercept intercept, const RobustTask& task,
                           compress::SavedPasses& saved);

/// As many numbers as its leaves give, and back.
Eigen::VectorXd packed(const RobustSums& sums);
RobustSums unpacked(const Eigen::Ref<const Eigen::VectorXd>& numbers, Index n);
/// Of n = K + 1 slopes.
Index packed_size(Index n);

}  // namespace tallfit::estimate
