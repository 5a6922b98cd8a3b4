#include "tallfit/infer/embedded_search.hpp"

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/base/random.hpp"

namespace tallfit::infer {

namespace {

constexpr std::uint32_t start_purpose = 0x6d657272;  // "merr"
/// Logarithms of how far a scale may be from that which explains all residuals.
constexpr double search_below = -25.0;
constexpr double search_above = 12.0;

/// What ln p is divided by: about what the residuals of all rows add to it.
double objective_scale(const EmbeddedModel& model) {
  const auto n = static_cast<double>(model.rows().n_rows());
  const EmbeddedDensity& density = model.options().density;
  if (density.kind == EmbeddedKind::iid) return n;
  double squares = 0.0;
  for (int type = 0; type < design::n_row_types; ++type) squares += model.rows().squares_of_type(type);
  return std::max(squares / (density.tolerance * density.tolerance), std::numeric_limits<double>::min());
}

Eigen::VectorXd start_number(const EmbeddedModel& model, const EmbeddedSearch& search, Index number) {
  Eigen::VectorXd start = model.start();
  if (number == 0) return start;
  const StreamKey key{.seed = search.seed, .purpose = start_purpose};
  const auto item = static_cast<std::uint64_t>(number);
  for (Index i = 0; i < start.size(); ++i) {
    const auto step = static_cast<std::uint64_t>(i);
    if (i >= model.n_shifts())
      start(i) += -3.0 + 4.0 * random_uniform(key, item, step);
    else if (number % 2 == 0)
      start(i) += random_normal(key, item, step) / std::sqrt(static_cast<double>(model.n_shifts()));
  }
  return start;
}

/// Scales without which ln p does not fall become 0: each of them alone, then those together.
void prune(const EmbeddedModel& model, double scale, EmbeddedOptimum& optimum) {
  constexpr double rounding = 1e-10;  // of the search, which ends at gradients of 1e-8
  constexpr double zero = -std::numeric_limits<double>::infinity();
  const Index n = model.n_columns() + model.n_leftover();
  Eigen::MatrixXd points = optimum.point.replicate(1, n);
  points.bottomRows(n).diagonal().setConstant(zero);
  const Eigen::VectorXd values = model.values(points);
  Eigen::VectorXd pruned = optimum.point;
  for (Index i = 0; i < n; ++i)
    if (values(i) >= optimum.value - rounding * scale) pruned(model.n_shifts() + i) = zero;
  const double value = model.values(pruned)(0);
  if (!(value >= optimum.value - rounding * scale)) return;
  optimum.point = std::move(pruned);
  optimum.value = value;
}

/// Where all of V has one factor, iid has its maximum by it at mean(e² / V) = 1.
void settle_factor(const EmbeddedModel& model, EmbeddedOptimum& optimum) {
  const EmbeddedOptions& options = model.options();
  if (options.density.kind != EmbeddedKind::iid || options.noise > 0.0 || options.has_prior) return;
  const EmbeddedSums sums = model.sums(optimum.point);
  const double factor = sums.standardised / static_cast<double>(model.rows().n_rows());
  optimum.point.tail(model.n_columns() + model.n_leftover()).array() += 0.5 * std::log(factor);
  optimum.value = model.values(optimum.point)(0);
}

}  // namespace

EmbeddedOptimum find_optimum(const EmbeddedModel& model, const EmbeddedSearch& search,
                             const comm::Communicator& comm) {
  const double scale = objective_scale(model);
  const Eigen::VectorXd sizes = model.log_sizes();
  linalg::BoundedProblem problem{.value =
                                     [&](const Eigen::VectorXd& at, Eigen::VectorXd& gradient) {
                                       const double value = model.value_and_gradient(at, gradient);
                                       gradient /= -scale;
                                       return -value / scale;
                                     },
                                 .start = {},
                                 .lower = sizes.array() + search_below,
                                 .upper = sizes.array() + search_above};
  problem.lower.head(model.n_shifts()).setConstant(-1e6);
  problem.upper.head(model.n_shifts()).setConstant(1e6);
  EmbeddedOptimum best;
  std::vector<double> values;
  for (Index i = 0; i < search.starts; ++i) {
    problem.start = start_number(model, search, i);
    const linalg::Minimum found = linalg::minimise_together(
        comm, problem, {.gradient_below = search.gradient_below, .max_iterations = search.max_iterations});
    best.evaluations += found.evaluations;
    values.push_back(-found.value * scale);
    if (i > 0 && !(values.back() > best.value)) continue;
    best.point = found.x;
    best.value = values.back();
    best.gradient = found.gradient_norm;
    // rounding of ln p ends a search before its gradient does
    best.converged = found.gradient_norm <= std::max(search.gradient_below, 1e-5);
  }
  for (const double value : values) best.starts_at_best += best.value - value < 1e-8 * scale ? 1 : 0;
  prune(model, scale, best);
  settle_factor(model, best);
  return best;
}

Eigen::MatrixXd laplace_root(const EmbeddedModel& model, const Eigen::VectorXd& point) {
  const Index d = model.dimension();
  constexpr double h = 1e-4;  // error h²: coordinates are logarithms or of the size of residuals
  Eigen::MatrixXd hessian(d, d);
  Eigen::VectorXd after;
  Eigen::VectorXd before;
  for (Index i = 0; i < d; ++i) {
    const double step = i < model.n_shifts() ? h / std::sqrt(static_cast<double>(model.rows().n_rows())) : h;
    Eigen::VectorXd beside = point;
    beside(i) = point(i) + step;
    model.value_and_gradient(beside, after);
    beside(i) = point(i) - step;
    model.value_and_gradient(beside, before);
    hessian.col(i) = (before - after) / (2.0 * step);
  }
  hessian = Eigen::MatrixXd(0.5 * (hessian + hessian.transpose()));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(hessian);
  constexpr double flattest = 1.0 / 9.0;
  return eigen.eigenvectors() *
         eigen.eigenvalues().cwiseMax(flattest).cwiseSqrt().cwiseInverse().asDiagonal();
}

}  // namespace tallfit::infer
