#include "tallfit/estimate/robust_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "robust_newton.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::estimate {

namespace {

constexpr double newton_majorant = 1e-10;  ///< μ at which a step is Newton's to ten digits
constexpr double careful_majorant = 1e-2;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Goes from pass to pass; every rank does the same.
class RobustIteration {
public:
  RobustIteration(const RobustRows& rows, Intercept intercept, const RobustOptions& options,
                  RobustPoint start)
      : rows_(rows), intercept_(intercept), options_(options), at_(std::move(start)) {
    first_scale_ = at_.scale;
  }

  void run() {
    take_pass({});
    converged_ = options_.kind == RobustKind::laplace ? follow_smoothing() : minimise(options_.tol);
    if (options_.kind != RobustKind::laplace) {
      if (converged_) at_ = moved(at_, newton_.step, 1.0);  // known to be small: its pass is spared
      how_ = fmt::format("Newton decrement {:.1e} of the root of the objective after {} passes{}",
                         newton_.decrement, passes_, note_);
    }
  }

  const RobustPoint& at() const { return at_; }
  const RobustSums& sums() const { return pass_.sums; }
  Index passes() const { return passes_; }
  bool converged() const { return converged_; }
  const std::string& how() const { return how_; }
  /// At the point of the last pass.
  double objective_value() const { return objective_; }
  double duality_gap() const { return gap_; }

private:
  double value_at(double sum, const RobustPoint& point) const {
    return sum + options_.penalty() * point.x.head(point.x.size() - 1).squaredNorm();
  }

  void take_pass(RobustStep step, bool folds = true) {
    pass_ = run_robust_pass(
        rows_, intercept_,
        {.loss = options_.loss(), .at = at_, .step = std::move(step), .majorant = majorant_, .folds = folds});
    ++passes_;
    objective_ = options_.kind == RobustKind::laplace ? pass_.sums.absolute : value_at(pass_.sums.value, at_);
    if (folds) newton_ = robust_newton(pass_, at_, options_, rows_.comm);
    log::info("robust pass {}: objective {:.17g}, scale {:.6g}, decrement {:.1e}, mu {:.0e}", passes_,
              objective_, at_.scale, newton_.decrement, majorant_);
  }

  /// Newton steps until the decrement is below a tolerance. @return whether it is
  bool minimise(double tolerance) {
    double least = std::numeric_limits<double>::infinity();
    int idle = 0;
    while (newton_.decrement > tolerance) {
      constexpr double roundable = 1e-7;
      constexpr int patience = 3;
      idle = newton_.decrement < 0.9 * least ? 0 : idle + 1;
      least = std::min(least, newton_.decrement);
      if (idle >= patience && newton_.decrement < roundable) {
        note_ = ", which rounding keeps it from lowering";
        return true;
      }
      if (passes_ >= options_.max_iter) return false;
      if (!(at_.scale > std::numeric_limits<double>::min()) || at_.scale < 1e-14 * first_scale_) {
        note_ = fmt::format(
            "; the scale went to 0 ({:.1e} of {:.1e}), as it does where too many rows are fitted exactly: "
            "set "
            "fit.scale",
            at_.scale, first_scale_);
        return false;
      }
      if (newton_.decrement > 1.0 && majorant_ < careful_majorant) {  // more than there is to gain
        majorant_ = careful_majorant;
        take_pass({});
        continue;
      }
      if (!take_step()) {
        note_ = "; no step lowers the objective";
        return false;
      }
    }
    return true;
  }

  /// A whole step where it lowers the objective, else as much of it as does. @return false where nothing does
  bool take_step() {
    const RobustPoint from = at_;
    const double before = value_at(pass_.sums.value, from);
    const double rounding = 1e-13 * (std::abs(before) + std::abs(pass_.sums.scale_curvature));
    const RobustStep step = newton_.step;
    at_ = moved(from, step, 1.0);
    take_pass(step);
    if (value_at(pass_.sums.value, at_) <= before + rounding) {
      majorant_ = std::max(newton_majorant, majorant_ / (majorant_ < careful_majorant ? 1e3 : 10.0));
      return true;
    }
    double best = before;
    double length = 0.0;
    for (int k = 0; k < n_shorter; ++k) {
      const double found =
          value_at(pass_.sums.shorter[static_cast<std::size_t>(k)], moved(from, step, shorter_length(k)));
      if (found < best) {
        best = found;
        length = shorter_length(k);
      }
    }
    const bool is_last = length == 0.0 && majorant_ == 1.0;
    majorant_ = std::min(1.0, std::max(careful_majorant, majorant_ * 10.0));
    at_ = moved(from, step, length);
    take_pass({});
    return !is_last;
  }

  /// The path of the smoothed absolute deviations to 0. It ends where the duality gap is closed and the rows
  /// that are fitted exactly are known, for then a step to the end lands at once. @return whether it did
  bool follow_smoothing() {
    constexpr double on_path = 1e-8;
    for (double factor = 0.1;;) {
      const Index before = passes_;
      const bool is_on_path = minimise(on_path);
      const bool landed = passes_ == before;
      const double gap = pass_.sums.dual_slack;
      const double rounding = std::numeric_limits<double>::epsilon() * pass_.sums.target_size;
      const bool closed = gap <= options_.tol * pass_.sums.absolute + rounding;
      if (is_on_path && closed && (landed || gap <= rounding)) break;
      if (!is_on_path || passes_ >= options_.max_iter) {
        describe_gap(gap);
        return false;
      }
      factor = landed ? std::max(1e-4, factor * factor) : 0.1;
      shrink(factor);
    }
    land();
    return true;
  }

  /// The minimum over x is linear in s as long as no row changes sides.
  void shrink(double factor) {
    at_.x += newton_.step.x + (factor - 1.0) * newton_.along;
    at_.scale *= factor;
    take_pass({});
  }

  /// To the end of the path, where the rows within the smoothing are fitted exactly.
  void land() {
    const double dual = pass_.sums.absolute - pass_.sums.dual_slack;
    const RobustPoint on_path = at_;
    const RobustSums sums = pass_.sums;
    at_.x += newton_.step.x - newton_.along;
    take_pass({}, false);
    if (pass_.sums.absolute > sums.absolute) {
      at_ = on_path;
      pass_.sums = sums;
      objective_ = sums.absolute;
    }
    describe_gap(std::max(0.0, pass_.sums.absolute - dual));
  }

  void describe_gap(double gap) {
    gap_ = gap;
    how_ = fmt::format("duality gap {:.1e} of the objective after {} passes{}",
                       pass_.sums.absolute > 0.0 ? gap / pass_.sums.absolute : 0.0, passes_, note_);
  }

  const RobustRows& rows_;
  Intercept intercept_;
  const RobustOptions& options_;
  RobustPoint at_;
  double first_scale_;
  double majorant_ = newton_majorant;
  RobustPass pass_;
  RobustNewton newton_;
  Index passes_ = 0;
  double objective_ = unknown;
  double gap_ = unknown;
  bool converged_ = false;
  std::string how_;
  std::string note_;
};

/// Least squares, and the root of the mean square of what it leaves; from rank 0.
RobustPoint start_of(const LinearFit& fit, const LeastSquaresSystem* system, const RobustOptions& options,
                     const RobustRows& rows) {
  std::vector<double> numbers;
  if (rows.comm.is_root()) {
    numbers.assign(fit.coefficients.begin(), fit.coefficients.end());
    numbers.push_back(fit.intercept);
    numbers.push_back(fit.residual_norm / std::sqrt(system->sum_of_weights));
    // where nothing is left, a scale that stands for rounding
    const double rounding = std::numeric_limits<double>::epsilon() * system->z.norm();
    numbers.back() = std::max({numbers.back(), rounding, std::numeric_limits<double>::min()});
  }
  comm::broadcast(rows.comm, numbers, 0);
  RobustPoint start{.x = Eigen::Map<const Eigen::VectorXd>(numbers.data(), rows.layout.n_cols + 1),
                    .scale = numbers.back()};
  if (options.kind != RobustKind::laplace && options.scale > 0.0) start.scale = options.scale;
  return start;
}

/// Huber's asymptotic covariance, as a variance that multiplies that of least squares.
void set_robust_uncertainty(LinearFit& fit, const LeastSquaresSystem& system, const RobustSums& sums,
                            const RobustOptions& options) {
  const double total = system.sum_of_weights;
  const double mean = sums.curvatures / total;
  const double penalty = mean > 0.0 ? 2.0 * options.penalty() / mean : 0.0;
  LinearFit as = fit_quadratic(system, penalty, options.uncertainty());
  const auto rows = static_cast<double>(system.n_rows);
  const double spread = std::max(0.0, sums.squared_curvatures / total - mean * mean);
  const double correction = 1.0 + as.effective_dof / rows * spread / (mean * mean);
  // The squares whose mean per degree of freedom is the variance that Huber's formula has in place of σ².
  as.residual_norm = correction / mean * std::sqrt(sums.squared_slopes);
  set_uncertainty(as, system, options.uncertainty());
  fit = std::move(as);
}

}  // namespace

void require_valid(const RobustOptions& options) {
  require(options.epsilon > 1.0 && std::isfinite(options.epsilon), ErrorKind::input,
          "fit.epsilon = {}: expected a finite number above 1", options.epsilon);
  require(options.nu > 0.0 && std::isfinite(options.nu), ErrorKind::input,
          "fit.nu = {}: expected a finite number above 0", options.nu);
  require(options.lambda >= 0.0 && std::isfinite(options.lambda), ErrorKind::input,
          "fit.lambda = {}: expected a finite number of at least 0", options.lambda);
  require(options.scale >= 0.0 && std::isfinite(options.scale), ErrorKind::input,
          "fit.scale = {}: expected a finite number above 0, or 0 where it is to be estimated",
          options.scale);
  require(options.kind != RobustKind::laplace || options.scale == 0.0, ErrorKind::input,
          "fit.scale = {}: fit.estimator = \"laplace\" has no scale. Leave it out", options.scale);
  require(options.tol > 0.0 && options.tol < 1.0, ErrorKind::input,
          "fit.tol = {}: expected a number between 0 and 1", options.tol);
}

std::string objective(const RobustOptions& options) {
  const std::string scale = options.scale > 0.0 ? fmt::format("s = {}", options.scale) : "s free";
  switch (options.kind) {
    case RobustKind::huber:
      return fmt::format(
          "sum w^2 (s + H(r / s) s) + {} ||theta||^2, H(z) = z^2 for |z| < {}, else 2 {} |z| - {}^2; {}",
          options.lambda, options.epsilon, options.epsilon, options.epsilon, scale);
    case RobustKind::student_t:
      return fmt::format("sum w^2 (({} + 1)/2 ln(1 + r^2 / ({} s^2)) + ln s); {}", options.nu, options.nu,
                         scale);
    case RobustKind::laplace:
      break;
  }
  return "sum w^2 |r|";
}

LinearFit fit_robust(const RobustRows& rows, const LeastSquaresSystem* system, Intercept intercept,
                     const RobustOptions& options) {
  comm::all_or_none(rows.comm, [&] { require_valid(options); });
  LinearFit fit;
  comm::all_or_none(rows.comm, [&] {
    if (system != nullptr) fit = fit_quadratic(*system, options.penalty(), options.uncertainty());
  });
  RobustIteration iteration(rows, intercept, options, start_of(fit, system, options, rows));
  iteration.run();

  const RobustPoint& at = iteration.at();
  const RobustSums& sums = iteration.sums();
  const Index n = rows.layout.n_cols;
  const bool is_laplace = options.kind == RobustKind::laplace;
  double scale = at.scale;
  comm::all_or_none(rows.comm, [&] {
    if (system == nullptr) return;
    if (is_laplace) {
      scale = sums.absolute / system->sum_of_weights;
      fit.noise_variance = unknown;
      fit.standard_errors = Eigen::VectorXd::Constant(n, unknown);
      fit.intercept_standard_error = unknown;
      fit.solver = nullptr;
    } else {
      set_robust_uncertainty(fit, *system, sums, options);
    }
  });
  comm::broadcast(rows.comm, std::span(&scale, 1), 0);
  fit.coefficients = at.x.head(n);
  fit.intercept = at.x(n);
  fit.iterations = iteration.passes();
  fit.converged = iteration.converged();
  fit.convergence = iteration.how();
  fit.objective = objective(options);
  fit.residual_norm = std::sqrt(sums.squares);
  fit.algorithm = "newton";
  fit.reason = "QR of the weighted rows in each pass";
  fit.hyperparameters = {{"scale", scale}, {"objective", iteration.objective_value()}};
  if (is_laplace) fit.hyperparameters.emplace_back("duality_gap", iteration.duality_gap());
  return fit;
}

}  // namespace tallfit::estimate
