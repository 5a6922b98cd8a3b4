/// Losses that grow more slowly than squares, so that outliers do not move the fit.
#pragma once

#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::estimate {

enum class RobustKind { huber, student_t, laplace };

/// ρ(r, s) of a residual r at scale s, and its derivatives. Those by the scale are by ln s.
struct LossTerms {
  double value = 0.0;
  double slope = 0.0;            ///< ρ_r
  double curvature = 0.0;        ///< ρ_rr
  double majorant = 0.0;         ///< ρ_r / r: of the parabola that touches ρ at r and lies above it
  double scale_slope = 0.0;      ///< s ρ_s
  double cross = 0.0;            ///< s ρ_rs
  double scale_curvature = 0.0;  ///< s (s ρ_s)_s
};

/// A loss with its constant.
///
///   huber      s + r²/s for |r| < ε s, else s (1 - ε²) + 2 ε |r|: the summand of scikit-learn's
///   HuberRegressor student_t  (ν + 1)/2 ln(1 + r²/(ν s²)) + ln s: minus the log-likelihood of t noise, but
///   for a constant laplace    |r|, smoothed to r²/(2 s) + s/2 for |r| < s: s is no scale of the noise but
///   goes to 0
///
/// @see Huber, Robust Statistics (1981), 7.7 (concomitant scale); Owen, Contemp. Math. 443 (2007) 59; Lange,
/// Little and Taylor, JASA 84 (1989) 881; Madsen and Nielsen, SIAM J. Optim. 3 (1993) 223 (the smoothing)
class RobustLoss {
public:
  /// @param constant  ε of huber, ν of student_t
  RobustLoss(RobustKind kind, double constant) : kind_(kind), constant_(constant) {}

  RobustKind kind() const { return kind_; }
  double value(double residual, double scale) const;
  LossTerms terms(double residual, double scale) const;
  /// What multiplies w² of a row in the least-squares problem with the same solution: min(1, ε s / |r|),
  /// (ν + 1) / (ν + r²/s²) or s / max(|r|, 1e-10 s).
  double row_weight(double residual, double scale) const;

private:
  RobustKind kind_;
  double constant_;
};

/// What the scale of huber tends to for Gaussian errors of unit variance: the s with E min(z²/s², ε²) = 1,
/// 0.681 for ε = 1.35. Dividing by it makes the scale that of the noise.
double huber_scale_of_gaussian(double epsilon);

/// Names of the losses as estimators: they need the rows, which the factor-based estimators do not.
const std::vector<std::string>& robust_names();
bool is_robust(const std::string& estimator);
/// @throws Error{bug} for a name that is not of robust_names()
RobustKind robust_kind(const std::string& name);

}  // namespace tallfit::estimate
