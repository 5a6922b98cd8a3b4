#include "tallfit/estimate/ridge_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/estimate/evidence.hpp"

namespace tallfit::estimate {

namespace {

constexpr auto n_ridge_figures = static_cast<Index>(RidgeFigure::count);

/// Curvature of the points (ln ‖residual‖, ln ‖θ‖), from their derivatives by t = ln λ.
double l_curvature(const RidgeSpectrum& spectrum, double lambda) {
  const Eigen::ArrayXd e = spectrum.values.array().square();
  const Eigen::ArrayXd u2 = spectrum.projected.array().square();
  const Eigen::ArrayXd kept = e / (e + lambda);
  const Eigen::ArrayXd left = 1.0 - kept;
  const Eigen::ArrayXd size = (e > 0.0).select(u2 * kept.square() / e, 0.0);  // its sum is ‖θ‖²
  const double residual = spectrum.rho * spectrum.rho + (u2 * left.square()).sum();
  const double norm = size.sum();
  // dkept/dt = -kept left
  const double d_residual = 2.0 * (u2 * left.square() * kept).sum();
  const double d_norm = -2.0 * (size * left).sum();
  const double dd_residual = 2.0 * (u2 * left.square() * kept * (2.0 * kept - left)).sum();
  const double dd_norm = -2.0 * (size * left * (kept - 2.0 * left)).sum();
  const double x1 = 0.5 * d_residual / residual;
  const double y1 = 0.5 * d_norm / norm;
  const double x2 = 0.5 * (dd_residual / residual - std::pow(d_residual / residual, 2));
  const double y2 = 0.5 * (dd_norm / norm - std::pow(d_norm / norm, 2));
  return (x1 * y2 - y1 * x2) / std::pow(x1 * x1 + y1 * y1, 1.5);
}

}  // namespace

Eigen::VectorXd ridge_lambdas(const RidgeSpectrum& spectrum, Index points) {
  const Eigen::VectorXd& s = spectrum.values;
  const double rounding = static_cast<double>(s.size()) * std::numeric_limits<double>::epsilon() * s(0);
  double smallest = s(0);
  for (const double value : s)
    if (value > rounding) smallest = value;
  const double low = std::log10(std::max(smallest * smallest, 1e-16 * s(0) * s(0)));
  const double high = 1.0 + 2.0 * std::log10(s(0));
  return Eigen::VectorXd::NullaryExpr(points, [&](Index i) {
    return std::pow(10.0, low + (high - low) * static_cast<double>(i) /
                                    static_cast<double>(std::max<Index>(points - 1, 1)));
  });
}

Path ridge_path(const RidgeSpectrum& spectrum, const Eigen::VectorXd& lambdas, double n) {
  Path path{.names = {"lambda", "residual_norm", "coefficient_norm", "effective_dof", "gcv", "log_evidence",
                      "l_curvature"},
            .figures = Eigen::MatrixXd(lambdas.size(), n_ridge_figures),
            .coefficients = spectrum.coefficients(lambdas),
            .intercepts = Eigen::VectorXd::Zero(lambdas.size())};
  for (Index i = 0; i < lambdas.size(); ++i) {
    const double lambda = lambdas(i);
    path.figures.row(i) << lambda, std::sqrt(spectrum.residual_square(lambda)),
        std::sqrt(spectrum.coefficient_square(lambda)), spectrum.effective_dof(lambda),
        generalized_cross_validation(spectrum, lambda), ridge_evidence(spectrum, n, lambda).log_evidence,
        l_curvature(spectrum, lambda);
  }
  return path;
}

Index best_point(const Path& path, std::string_view criterion) {
  const auto figure = [&](RidgeFigure which) { return path.figures.col(static_cast<Index>(which)); };
  Index best = 0;
  if (criterion == "gcv")
    figure(RidgeFigure::gcv).minCoeff(&best);
  else
    figure(criterion == "evidence" ? RidgeFigure::log_evidence : RidgeFigure::l_curvature).maxCoeff(&best);
  return best;
}

}  // namespace tallfit::estimate
