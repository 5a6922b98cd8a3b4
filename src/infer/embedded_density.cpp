#include "tallfit/infer/embedded_density.hpp"

#include <cmath>
#include <numbers>

namespace tallfit::infer {

double EmbeddedDensity::sum(const Eigen::Ref<const Eigen::VectorXd>& residuals,
                            const Eigen::Ref<const Eigen::VectorXd>& variances) const {
  const auto e = residuals.array();
  const auto v = variances.array();
  if (kind == EmbeddedKind::iid) return -0.5 * (e.square() / v + v.log()).sum();
  return -0.5 * (e.square() + (e.abs() - v.sqrt()).square()).sum() / (tolerance * tolerance);
}

void EmbeddedDensity::slopes(const Eigen::Ref<const Eigen::VectorXd>& residuals,
                             const Eigen::Ref<const Eigen::VectorXd>& variances, Eigen::VectorXd& by_residual,
                             Eigen::VectorXd& by_variance) const {
  const auto e = residuals.array();
  const auto v = variances.array();
  if (kind == EmbeddedKind::iid) {
    by_residual = -(e / v);
    by_variance = 0.5 * (e.square() / v - 1.0) / v;
    return;
  }
  const Eigen::ArrayXd spread = v.sqrt();
  const double over_square = 1.0 / (tolerance * tolerance);
  by_residual = -over_square * (e + (e.abs() - spread) * e.sign());
  by_variance = over_square * 0.5 * (e.abs() - spread) / spread;
}

double EmbeddedDensity::constant(Index n_rows) const {
  const double of_normal = -0.5 * std::log(2.0 * std::numbers::pi);
  return kind == EmbeddedKind::iid ? of_normal * static_cast<double>(n_rows)
                                   : of_normal - std::log(tolerance);
}

}  // namespace tallfit::infer
