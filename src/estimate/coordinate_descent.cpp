#include "tallfit/estimate/coordinate_descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tallfit::estimate {

CoordinateDescent::CoordinateDescent(ActiveColumns& columns, const Options& options)
    : columns_(columns),
      options_(options),
      y_(Eigen::VectorXd::Zero(columns.size())),
      step_(columns, options.rcond),
      correlations_(columns.products(columns.system().z)),
      squared_residual_(squared_target()),
      noise_(static_cast<double>(columns.size()) * std::numeric_limits<double>::epsilon() *
             std::sqrt(squared_residual_)),
      is_working_(static_cast<std::size_t>(columns.size())) {}

double CoordinateDescent::squared_target() const {
  const LeastSquaresSystem& system = columns_.system();
  return system.z.squaredNorm() + system.rho * system.rho;
}

bool CoordinateDescent::is_usable(Index j) const {
  return columns_.norms()(j) > 0.0 && std::isfinite(penalty_.absolute(j));
}

/// Beyond what rounding explains.
bool CoordinateDescent::exceeds(Index j, double gradient) const {
  return is_usable(j) && std::abs(gradient) > penalty_.absolute(j) + noise_ * columns_.norms()(j);
}

/// The strong rule: a column whose correlation at the last penalty is below 2 absolute - last absolute is
/// very likely to stay out.
void CoordinateDescent::screen(const SparsePenalty& next) {
  const bool first = penalty_.absolute.size() == 0;
  const SparsePenalty last = std::exchange(penalty_, next);
  double factor = 1.0;  // of the first penalty: all coefficients are zero at so many times it
  if (first)
    for (Index j = 0; j < y_.size(); ++j)
      if (is_usable(j) && penalty_.absolute(j) > 0.0)
        factor = std::max(factor, std::abs(correlations_(j)) / penalty_.absolute(j));
  working_.clear();
  for (Index j = 0; j < y_.size(); ++j) {
    const double before = first ? factor * penalty_.absolute(j) : last.absolute(j);
    const double bound = std::min(2.0 * penalty_.absolute(j) - before, penalty_.absolute(j));
    const bool stays = is_usable(j) && (y_(j) != 0.0 || std::abs(correlations_(j)) >= bound);
    is_working_[static_cast<std::size_t>(j)] = stays;
    if (stays) working_.push_back(j);
  }
}

void CoordinateDescent::admit_violators() {
  for (Index j = 0; j < y_.size(); ++j) {
    const auto at = static_cast<std::size_t>(j);
    if (is_working_[at] || !exceeds(j, correlations_(j))) continue;
    is_working_[at] = true;
    working_.push_back(j);
  }
  columns_.fetch(working_);
}

void CoordinateDescent::sweep() {
  for (const Index j : working_) {
    const double square = columns_.norms()(j) * columns_.norms()(j);
    if (y_(j) == 0.0 && !exceeds(j, correlations_(j))) continue;
    const double alone = correlations_(j) + square * y_(j);
    const double excess = std::max(std::abs(alone) - penalty_.absolute(j), 0.0);
    const double next = std::copysign(excess, alone) / (square + penalty_.square(j));
    if (next == y_(j)) continue;
    correlations_ -= (next - y_(j)) * columns_.gram(j);
    y_(j) = next;
  }
}

void CoordinateDescent::step_on_support() {
  step_.take(penalty_, y_);
  correlations_ = columns_.products(step_.residual());
  const double rho = columns_.system().rho;
  squared_residual_ = step_.residual().squaredNorm() + rho * rho;
}

double CoordinateDescent::gap() const {
  const Eigen::VectorXd gradient = correlations_ - penalty_.square.cwiseProduct(y_);
  double s = 1.0;
  double sum = 0.0;
  for (Index j = 0; j < y_.size(); ++j)
    if (exceeds(j, gradient(j))) s = std::min(s, penalty_.absolute(j) / std::abs(gradient(j)));
  for (Index j = 0; j < y_.size(); ++j)
    if (y_(j) != 0.0) sum += penalty_.absolute(j) * std::abs(y_(j)) - s * gradient(j) * y_(j);
  const double square = squared_residual_ + penalty_.square.dot(y_.cwiseAbs2());
  return std::max(0.0, 0.5 * (1.0 - s) * (1.0 - s) * square + sum);
}

CoordinateDescent::Result CoordinateDescent::minimise(const SparsePenalty& penalty, Index max_iter) {
  screen(penalty);
  step_on_support();
  const double enough = options_.tol * squared_target();
  Result result{.gap = gap()};
  double last = std::numeric_limits<double>::infinity();
  while (result.iterations < max_iter) {
    const Eigen::VectorXd signs = y_.cwiseSign();
    admit_violators();
    sweep();
    step_on_support();
    ++result.iterations;
    result.gap = gap();
    const bool settled = y_.cwiseSign() == signs;
    if (settled || (result.gap <= enough && result.gap > 0.5 * last)) break;
    last = result.gap;
  }
  result.converged = result.gap <= enough;
  return result;
}

void CoordinateDescent::put(compress::NumberSink& sink) const {
  penalty_.put(sink);
  step_.put(sink);
  for (const Eigen::VectorXd& vector : {y_, correlations_}) sink.put(Eigen::MatrixXd(vector));
  sink.put(squared_residual_);
}

void CoordinateDescent::read(compress::NumberSource& source) {
  penalty_.read(source);
  step_.read(source);
  for (Eigen::VectorXd* vector : {&y_, &correlations_}) *vector = source.matrix();
  squared_residual_ = source.number();
}

}  // namespace tallfit::estimate
