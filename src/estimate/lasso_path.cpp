#include "tallfit/estimate/lasso_path.hpp"

#include <cmath>
#include <limits>

namespace tallfit::estimate {

void LassoPoint::put(compress::NumberSink& sink) const {
  for (const double number : {lambda, residual_norm, objective, duality_gap, relative_gap}) sink.put(number);
  sink.put(Eigen::MatrixXd(coefficients));
  sink.put(iterations);
  sink.put(Index{converged ? 1 : 0});
}

void LassoPoint::read(compress::NumberSource& source) {
  for (double* number : {&lambda, &residual_norm, &objective, &duality_gap, &relative_gap})
    *number = source.number();
  coefficients = source.matrix();
  iterations = source.index();
  converged = source.index() == 1;
}

LassoPath::LassoPath(const LeastSquaresSystem& system, LassoPenalty penalty,
                     const CoordinateDescent::Options& options)
    : system_(system),
      penalty_(std::move(penalty)),
      columns_(system, options.rcond),
      descent_(columns_, options) {
  if (penalty_.weights.size() == 0) penalty_.weights = Eigen::VectorXd::Ones(system.n_coeffs());
  const Eigen::VectorXd products = columns_.products(system.z);
  for (Index j = 0; j < products.size(); ++j) {
    const double unit = pull(1.0, j) * columns_.scale()(j);
    if (products(j) != 0.0 && std::isfinite(unit))
      largest_ = std::max(largest_, std::abs(products(j)) / unit);
  }
  last_ = largest_;
}

double LassoPath::pull(double lambda, Index j) const {
  return system_.sum_of_weights * lambda * penalty_.l1_ratio * penalty_.weights(j);
}

double LassoPath::square(double lambda) const {
  return system_.sum_of_weights * lambda * (1.0 - penalty_.l1_ratio);
}

LassoPoint LassoPath::solve(double lambda, Index max_iter) {
  const Eigen::VectorXd& scale = columns_.scale();
  SparsePenalty scaled{.absolute = Eigen::VectorXd(scale.size()),
                       .square = square(lambda) * scale.cwiseAbs2()};
  for (Index j = 0; j < scale.size(); ++j) scaled.absolute(j) = pull(lambda, j) * scale(j);
  const CoordinateDescent::Result result = descent_.minimise(scaled, max_iter);

  const double sum_of_weights = system_.sum_of_weights;
  LassoPoint point{.lambda = lambda, .coefficients = scale.cwiseProduct(descent_.solution())};
  double penalty = 0.5 * square(lambda) * point.coefficients.squaredNorm();
  for (Index j = 0; j < scale.size(); ++j)
    if (point.coefficients(j) != 0.0) penalty += pull(lambda, j) * std::abs(point.coefficients(j));
  point.residual_norm = std::sqrt(descent_.squared_residual());
  point.objective = (0.5 * descent_.squared_residual() + penalty) / sum_of_weights;
  point.duality_gap = result.gap / sum_of_weights;
  const double target = descent_.squared_target();
  point.relative_gap = target > 0.0 ? result.gap / target : 0.0;
  point.iterations = result.iterations;
  point.converged = result.converged;
  last_ = lambda;
  return point;
}

LassoPoint LassoPath::descend(double lambda, Index max_iter, SavedSearch& saved) {
  constexpr double ratio = 0.7;
  constexpr double end = 1e-6;  // below it nearly all columns are in: screening does not pay
  Index left = max_iter;
  saved.begin_part([&](compress::NumberSource& source) {
    left = source.index();
    read(source);
  });
  for (double on_way = ratio * last_; on_way > lambda && on_way > end * largest_; on_way *= ratio) {
    left -= solve(on_way, left).iterations;
    saved.milestone([&](compress::NumberSink& sink) {
      sink.put(left);
      put(sink);
    });
  }
  LassoPoint point = solve(lambda, left);
  point.iterations += max_iter - left;
  return point;
}

void LassoPath::put(compress::NumberSink& sink) const {
  columns_.put(sink);
  descent_.put(sink);
  sink.put(last_);
}

void LassoPath::read(compress::NumberSource& source) {
  columns_.read(source);
  descent_.read(source);
  last_ = source.number();
}

std::vector<double> lambda_grid(double largest, Index n, double eps) {
  std::vector<double> grid;
  for (Index i = 0; i < n; ++i)
    grid.push_back(largest *
                   std::pow(eps, n == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(n - 1)));
  return grid;
}

}  // namespace tallfit::estimate
