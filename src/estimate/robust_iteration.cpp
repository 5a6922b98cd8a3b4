#include "robust_iteration.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tallfit/base/log.hpp"

namespace tallfit::estimate {

RobustIteration::RobustIteration(const RobustRows& rows, Intercept intercept, const RobustOptions& options,
                                 RobustStart start)
    : rows_(rows),
      intercept_(intercept),
      options_(options),
      at_(std::move(start.at)),
      first_scale_(at_.scale),
      rank_(start.rank),
      roundable_(std::clamp(10.0 * std::numeric_limits<double>::epsilon() * start.condition, 1e-7, 1e-3)),
      saved_(rows.checkpoint, "robust", rows.layout) {}

void RobustIteration::run() {
  std::vector<double> start(at_.x.begin(), at_.x.end());
  start.insert(start.end(), {at_.scale, static_cast<double>(rank_), roundable_});
  saved_.restore(std::move(start), rows_.comm);
  take_pass({});
  converged_ = options_.kind == RobustKind::laplace ? follow_smoothing() : minimise(options_.tol);
  if (options_.kind != RobustKind::laplace) {
    if (converged_) at_ = moved(at_, newton_.step, 1.0);  // known to be small: its pass is spared
    how_ = fmt::format("Newton decrement {:.1e} of the root of the objective after {} passes{}",
                       newton_.decrement, passes_, note_);
  }
}

double RobustIteration::value_at(double sum, const RobustPoint& point) const {
  return sum + options_.penalty() * point.x.head(point.x.size() - 1).squaredNorm();
}

void RobustIteration::take_pass(RobustStep step, bool folds) {
  const RobustTask task{
      .loss = options_.loss(), .at = at_, .step = std::move(step), .majorant = majorant_, .folds = folds};
  const std::vector<double> numbers = saved_.next(rows_.comm, [&] { return make_pass(task); });
  const Index n = at_.x.size();
  sums_ = unpacked(Eigen::Map<const Eigen::VectorXd>(numbers.data(), packed_size(n)), n);
  if (folds)
    newton_ = unpacked_newton(std::span(numbers).subspan(static_cast<std::size_t>(packed_size(n))), n);
  ++passes_;
  objective_ = options_.kind == RobustKind::laplace ? sums_.absolute : value_at(sums_.value, at_);
  log::info("robust pass {}: objective {:.17g}, scale {:.6g}, decrement {:.1e}, mu {:.0e}", passes_,
            objective_, at_.scale, newton_.decrement, majorant_);
}

/// What a pass tells the iteration: its sums and, where it folds, the next step.
std::vector<double> RobustIteration::make_pass(const RobustTask& task) {
  const RobustPass pass = run_robust_pass(rows_, intercept_, task, saved_);
  const Eigen::VectorXd sums = packed(pass.sums);
  std::vector<double> numbers(sums.begin(), sums.end());
  if (!task.folds) return numbers;
  const std::vector<double> newton = packed(robust_newton(pass, at_, options_, rows_.comm));
  numbers.insert(numbers.end(), newton.begin(), newton.end());
  return numbers;
}

/// Newton steps until the decrement is below a tolerance. @return whether it is
bool RobustIteration::minimise(double tolerance) {
  double least = std::numeric_limits<double>::infinity();
  int idle = 0;
  constexpr const char* rounded = ", which rounding keeps from falling";
  while (newton_.decrement > tolerance || misses_directions()) {
    constexpr int patience = 3;
    idle = newton_.decrement < 0.9 * least ? 0 : idle + 1;
    least = std::min(least, newton_.decrement);
    if (idle >= patience && newton_.decrement < roundable_) {
      note_ = rounded;
      return true;
    }
    if (passes_ >= options_.max_iter) return false;
    if (scale_vanished()) {
      note_ = fmt::format(
          "; the scale went from {:.1e} to {:.1e}, as where too many rows are fitted exactly: set "
          "fit.scale",
          first_scale_, at_.scale);
      return false;
    }
    const bool promises_too_much = newton_.decrement > 1.0 && majorant_ < careful_majorant;
    if (promises_too_much || misses_directions()) {
      raise_majorant();
      take_pass({});
      continue;
    }
    if (!take_step()) {
      const bool is_rounded = newton_.decrement < roundable_;
      note_ = is_rounded ? rounded : "; no step lowers the objective";
      return is_rounded;
    }
  }
  return true;
}

bool RobustIteration::scale_vanished() const {
  constexpr double negligible = 1e-14;  // beside the residuals of least squares
  return options_.estimates_scale() && at_.scale < negligible * first_scale_;
}

/// Whether the rows that weigh are too few for the directions that all rows know.
bool RobustIteration::misses_directions() const { return newton_.rank < rank_ && majorant_ < 1.0; }

void RobustIteration::raise_majorant() {
  majorant_ = std::min(1.0, std::max(careful_majorant, majorant_ * 10.0));
}

/// A whole step where it lowers the objective, else as much of it as does. @return false where nothing does
bool RobustIteration::take_step() {
  const RobustPoint from = at_;
  const double before = value_at(sums_.value, from);
  const double rounding = 1e-13 * (std::abs(before) + std::abs(sums_.scale_curvature));
  const RobustStep step = newton_.step;
  at_ = moved(from, step, 1.0);
  take_pass(step);
  if (value_at(sums_.value, at_) <= before + rounding) {
    majorant_ = std::max(newton_majorant, majorant_ / (majorant_ < careful_majorant ? 1e3 : 10.0));
    return true;
  }
  double best = before;
  double length = 0.0;
  for (int k = 0; k < n_shorter; ++k) {
    const double found =
        value_at(sums_.shorter[static_cast<std::size_t>(k)], moved(from, step, shorter_length(k)));
    if (found < best) {
      best = found;
      length = shorter_length(k);
    }
  }
  const bool is_last = length == 0.0 && majorant_ == 1.0;
  raise_majorant();
  at_ = moved(from, step, length);
  take_pass({});
  return !is_last;
}

/// The path of the smoothed absolute deviations to 0. It ends where the duality gap is closed and the rows
/// that are fitted exactly are known, for then a step to the end lands at once. @return whether it did
bool RobustIteration::follow_smoothing() {
  constexpr double on_path = 1e-8;
  for (double factor = 0.1;;) {
    const Index before = passes_;
    const bool is_on_path = minimise(on_path);
    const bool landed = passes_ == before;
    if (is_on_path) dual_ = sums_.absolute - sums_.dual_slack;
    const double gap = std::abs(sums_.absolute - dual_);  // below 0 by rounding of the gradient only
    const double rounding = std::numeric_limits<double>::epsilon() * sums_.target_size;
    const bool closed = gap <= options_.tol * sums_.absolute + rounding;
    if (is_on_path && closed && (landed || gap <= rounding)) break;
    if (!is_on_path || passes_ >= options_.max_iter) {
      describe_gap();
      return closed && passes_ < options_.max_iter;
    }
    factor = landed ? std::max(1e-4, factor * factor) : 0.1;
    shrink(factor);
  }
  land();
  return true;
}

/// The minimum over x is linear in s as long as no row changes sides.
void RobustIteration::shrink(double factor) {
  at_.x += newton_.step.x + (factor - 1.0) * newton_.along;
  at_.scale *= factor;
  take_pass({});
}

/// To the end of the path, where the rows within the smoothing are fitted exactly.
void RobustIteration::land() {
  const RobustPoint on_path = at_;
  const RobustSums sums = sums_;
  at_.x += newton_.step.x - newton_.along;
  take_pass({}, false);
  if (sums_.absolute > sums.absolute) {
    at_ = on_path;
    sums_ = sums;
    objective_ = sums.absolute;
  }
  describe_gap();
}

void RobustIteration::describe_gap() {
  gap_ = std::abs(sums_.absolute - dual_);
  how_ = fmt::format("duality gap {:.1e} of the objective after {} passes{}",
                     sums_.absolute > 0.0 ? gap_ / sums_.absolute : 0.0, passes_, note_);
}

}  // namespace tallfit::estimate
