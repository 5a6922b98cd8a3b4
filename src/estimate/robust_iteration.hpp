/// The passes of a robust fit, from least squares to the minimum.
#pragma once

#include <limits>
#include <string>

#include "robust_newton.hpp"

namespace tallfit::estimate {

/// Where least squares leaves off.
struct RobustStart {
  RobustPoint at;
  Index rank = 0;          ///< of the design
  double condition = 1.0;  ///< likewise
};

/// Goes from pass to pass; every rank does the same. All calls are collective over rows.comm.
class RobustIteration {
public:
  /// @param rows, options  outlive it
  RobustIteration(const RobustRows& rows, Intercept intercept, const RobustOptions& options,
                  RobustStart start);

  void run();

  const RobustPoint& at() const { return at_; }
  const RobustSums& sums() const { return sums_; }
  Index passes() const { return passes_; }
  bool converged() const { return converged_; }
  const std::string& how() const { return how_; }
  /// At the point of the last pass.
  double objective() const { return objective_; }
  double duality_gap() const { return gap_; }  ///< of laplace

private:
  double value_at(double sum, const RobustPoint& point) const;
  void take_pass(RobustStep step, bool folds = true);
  std::vector<double> make_pass(const RobustTask& task);
  bool minimise(double tolerance);
  bool scale_vanished() const;
  bool misses_directions() const;
  void raise_majorant();
  bool take_step();
  bool follow_smoothing();
  void shrink(double factor);
  void land();
  void describe_gap();

  static constexpr double newton_majorant = 1e-10;  ///< μ at which a step is Newton's to ten digits
  static constexpr double careful_majorant = 1e-2;
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  const RobustRows& rows_;
  Intercept intercept_;
  const RobustOptions& options_;
  RobustPoint at_;
  double first_scale_;
  Index rank_;
  double roundable_;  ///< decrement below which rounding of the gradient may be all that is left
  double majorant_ = newton_majorant;
  compress::SavedPasses saved_;
  RobustSums sums_;
  RobustNewton newton_;
  Index passes_ = 0;
  double objective_ = unknown;
  double dual_ = 0.0;  ///< value of the dual problem of laplace at the last point of the path
  double gap_ = unknown;
  bool converged_ = false;
  std::string how_;
  std::string note_;
};

}  // namespace tallfit::estimate
