#include "tallfit/estimate/active_factor.hpp"

#include <Eigen/Jacobi>

#include <algorithm>

namespace tallfit::estimate {

ActiveFactor::ActiveFactor(const Eigen::VectorXd& target, double rcond)
    : rcond_(rcond), q_(target.size(), 0), rest_(target) {}

bool ActiveFactor::contains(Index name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

void ActiveFactor::reserve(Index m) {
  if (m <= q_.cols()) return;
  const Index capacity = std::max<Index>(m, std::max<Index>(8, 2 * q_.cols()));
  q_.conservativeResize(rest_.size(), capacity);
  t_.conservativeResize(capacity, capacity);
  projected_.conservativeResize(capacity);
}

Eigen::VectorXd ActiveFactor::project_out_in_place(Eigen::VectorXd& column) const {
  Eigen::VectorXd above = Eigen::VectorXd::Zero(size());
  for (int pass = 0; pass < 2; ++pass) {  // twice is enough
    const Eigen::VectorXd part = q().transpose() * column;
    column -= q() * part;
    above += part;
  }
  return above;
}

bool ActiveFactor::append(Index name, const Eigen::VectorXd& column) {
  const Index m = size();
  Eigen::VectorXd left = column;
  const Eigen::VectorXd above = project_out_in_place(left);
  const double length = left.norm();
  if (!(length > rcond_ * column.norm())) return false;
  reserve(m + 1);
  q_.col(m) = left / length;
  t_.col(m).head(m) = above;
  t_.row(m).head(m).setZero();
  t_(m, m) = length;
  projected_(m) = q_.col(m).dot(rest_);
  rest_ -= projected_(m) * q_.col(m);
  names_.push_back(name);
  return true;
}

void ActiveFactor::remove(Index name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return;
  const Index at = found - names_.begin();
  const Index last = size() - 1;
  names_.erase(found);
  for (Index j = at; j < last; ++j) t_.col(j).head(j + 2) = t_.col(j + 1).head(j + 2).eval();
  for (Index j = at; j < last; ++j) {  // what is left below the diagonal goes
    Eigen::JacobiRotation<double> turn;
    turn.makeGivens(t_(j, j), t_(j + 1, j));
    auto from_j = t_.block(0, j, last + 1, last - j);
    from_j.applyOnTheLeft(j, j + 1, turn.adjoint());
    q_.applyOnTheRight(j, j + 1, turn);
    projected_.applyOnTheLeft(j, j + 1, turn.adjoint());
  }
  rest_ += projected_(last) * q_.col(last);
}

Eigen::VectorXd ActiveFactor::solution() const {
  return t().triangularView<Eigen::Upper>().solve(projected_.head(size()));
}

Eigen::VectorXd ActiveFactor::response(const Eigen::VectorXd& gradient) const {
  const Eigen::VectorXd turned = t().transpose().triangularView<Eigen::Lower>().solve(gradient);
  return t().triangularView<Eigen::Upper>().solve(turned);
}

Eigen::VectorXd ActiveFactor::lift(const Eigen::VectorXd& gradient) const {
  return q() * t().transpose().triangularView<Eigen::Lower>().solve(gradient);
}

double ActiveFactor::distance(const Eigen::VectorXd& column) const {
  Eigen::VectorXd left = column;
  project_out_in_place(left);
  return left.norm();
}

Eigen::VectorXd ActiveFactor::combination(const Eigen::VectorXd& column) const {
  return t().triangularView<Eigen::Upper>().solve(q().transpose() * column);
}

void ActiveFactor::put(compress::NumberSink& sink) const {
  sink.put(std::span<const Index>(names_));
  sink.put(q_.cols());
  sink.put(Eigen::MatrixXd(q()));
  sink.put(Eigen::MatrixXd(t()));
  sink.put(Eigen::MatrixXd(projected_.head(size())));
  sink.put(Eigen::MatrixXd(rest_));
}

void ActiveFactor::read(compress::NumberSource& source) {
  names_ = source.indices();
  const Index capacity = source.index();
  q_ = source.matrix();
  t_ = source.matrix();
  projected_ = source.matrix();
  rest_ = source.matrix();
  // as wide as it was: sums of a column may be taken in another order where it begins elsewhere in memory
  q_.conservativeResize(rest_.size(), capacity);
  t_.conservativeResize(capacity, capacity);
  projected_.conservativeResize(capacity);
}

}  // namespace tallfit::estimate
