#include "tallfit/estimate/support_step.hpp"

#include <cmath>
#include <limits>

namespace tallfit::estimate {

namespace {

double sign_of(double x) { return x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : 0.0); }

}  // namespace

void SparsePenalty::put(compress::NumberSink& sink) const {
  sink.put(Eigen::MatrixXd(absolute));
  sink.put(Eigen::MatrixXd(square));
}

void SparsePenalty::read(compress::NumberSource& source) {
  absolute = source.matrix();
  square = source.matrix();
}

SupportStep::SupportStep(const ActiveColumns& columns, double rcond)
    : columns_(columns),
      rcond_(rcond),
      penalty_{.absolute = {}, .square = Eigen::VectorXd::Zero(columns.size())},
      factor_(columns.system().z, rcond),
      residual_(columns.system().z) {}

void SupportStep::start_anew(const Eigen::VectorXd& square) {
  const Eigen::VectorXd& z = columns_.system().z;
  Eigen::VectorXd target = z;
  if (!square.isZero(0.0)) {
    target.conservativeResize(2 * z.size());
    target.tail(z.size()).setZero();
  }
  factor_ = ActiveFactor(target, rcond_);
}

Eigen::VectorXd SupportStep::augmented(Index j) const {
  const Index n = columns_.size();
  if (penalty_.square.isZero(0.0)) return columns_.column(j);
  Eigen::VectorXd column = Eigen::VectorXd::Zero(2 * n);
  column.head(n) = columns_.column(j);
  column(n + j) = std::sqrt(penalty_.square(j));
  return column;
}

/// What the penalty's absolute part adds to the gradient, in the order of the factor.
Eigen::VectorXd SupportStep::pull(const Eigen::VectorXd& y) const {
  Eigen::VectorXd gradient(factor_.size());
  Index at = 0;
  for (const Index j : factor_.names()) gradient(at++) = penalty_.absolute(j) * sign_of(y(j));
  return gradient;
}

void SupportStep::take(const SparsePenalty& penalty, Eigen::VectorXd& y) {
  if (penalty.square != penalty_.square) start_anew(penalty.square);
  penalty_ = penalty;
  while (true) {
    const std::vector<Index> before = factor_.names();
    for (const Index j : before)
      if (y(j) == 0.0) factor_.remove(j);
    for (Index j = 0; j < y.size(); ++j)
      if (y(j) != 0.0 && !factor_.contains(j)) admit(j, y);
    const Eigen::VectorXd gradient = pull(y);
    if (!reach(factor_.solution() - factor_.response(gradient), y)) continue;
    residual_ = (factor_.residual() + factor_.lift(gradient)).head(columns_.size());
    return;
  }
}

void SupportStep::admit(Index j, Eigen::VectorXd& y) {
  while (y(j) != 0.0 && !factor_.append(j, augmented(j))) slide_along_tie(j, y);
}

/// E_j = Σ v_k E_k: y_k + δ v_k and y_j - δ give the same E y for every δ.
void SupportStep::slide_along_tie(Index j, Eigen::VectorXd& y) {
  const std::vector<Index> names = factor_.names();
  const Eigen::VectorXd v = factor_.combination(augmented(j));
  const double slope = pull(y).dot(v) - penalty_.absolute(j) * sign_of(y(j));
  const double direction = slope == 0.0 ? sign_of(y(j)) : -sign_of(slope);
  double step = std::numeric_limits<double>::infinity();
  const auto shorten = [&](double value, double rate) {  // value + step rate = 0
    if (value * rate < 0.0) step = std::min(step, -value / rate);
  };
  shorten(y(j), -direction);
  for (std::size_t k = 0; k < names.size(); ++k) shorten(y(names[k]), direction * v(static_cast<Index>(k)));
  if (!std::isfinite(step)) step = 0.0;  // only where rounding hides the slope
  const auto move = [&](Index k, double rate) {
    const bool ends = y(k) * rate < 0.0 && -y(k) / rate <= step;
    y(k) = ends ? 0.0 : y(k) + step * rate;
  };
  move(j, -direction);
  for (std::size_t k = 0; k < names.size(); ++k) {
    move(names[k], direction * v(static_cast<Index>(k)));
    if (y(names[k]) == 0.0) factor_.remove(names[k]);
  }
  if (step == 0.0) y(j) = 0.0;
}

/// @return whether the goal has the signs of y, and y is there.
bool SupportStep::reach(const Eigen::VectorXd& goal, Eigen::VectorXd& y) {
  double step = 1.0;
  const auto zero_at = [&](Index j, double to) {  // part of the way at which y_j is zero
    return penalty_.absolute(j) > 0.0 && y(j) * to <= 0.0 ? y(j) / (y(j) - to) : 2.0;
  };
  Index at = 0;
  for (const Index j : factor_.names()) step = std::min(step, zero_at(j, goal(at++)));
  const bool arrives = step == 1.0;
  at = 0;
  for (const Index j : factor_.names()) {
    const double to = goal(at++);
    if (arrives)
      y(j) = to;
    else
      y(j) = zero_at(j, to) <= step ? 0.0 : y(j) + step * (to - y(j));
  }
  return arrives;
}

void SupportStep::put(compress::NumberSink& sink) const {
  penalty_.put(sink);
  factor_.put(sink);
  sink.put(Eigen::MatrixXd(residual_));
}

void SupportStep::read(compress::NumberSource& source) {
  penalty_.read(source);
  factor_.read(source);
  residual_ = source.matrix();
}

}  // namespace tallfit::estimate
