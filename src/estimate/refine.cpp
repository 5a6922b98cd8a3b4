#include "tallfit/estimate/refine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/base/double_double.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/row_pass.hpp"
#include "tallfit/compress/saved_passes.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::estimate {

namespace {

using Extended = std::vector<DoubleDouble>;

/// Sums w² a r, w² r (times the ones) and w² r² over the training rows of each leaf. Coefficients: θ, then
/// the intercept.
class GradientVisitor final : public compress::RowVisitor {
public:
  GradientVisitor(const Extended& coefficients, Index n_cols, compress::SavedPasses& saved)
      : coefficients_(coefficients), n_cols_(n_cols), saved_(saved) {}

  void begin_leaf(Index) override { leaf_.assign(static_cast<std::size_t>(n_cols_) + 2, DoubleDouble()); }

  void visit(const compress::LeafRows& rows) override {
    for (Index i = 0; i < rows.size(); ++i) {
      const double w = rows.scale(i);
      if (w == 0.0 || rows.keys[static_cast<std::size_t>(i)].is_test()) continue;
      add(rows.features(i), rows.one(i), rows.target(i), w);
    }
  }

  void end_leaf(Index leaf) override { saved_.end_leaf(leaf, compress::as_numbers<DoubleDouble>(leaf_)); }

  /// Sums over all leaves in order, on every rank.
  Extended total(const comm::Communicator& comm) const {
    const auto all = compress::from_numbers<DoubleDouble>(saved_.gathered(comm));
    Extended sum(static_cast<std::size_t>(n_cols_) + 2);
    for (std::size_t i = 0; i < all.size(); ++i) sum[i % sum.size()] += all[i];
    return sum;
  }

private:
  void add(const double* a, double one, double b, double w) {
    const auto n = static_cast<std::size_t>(n_cols_);
    DoubleDouble residual = DoubleDouble(b) + coefficients_[n] * -one;
    for (std::size_t j = 0; j < n; ++j) residual += coefficients_[j] * -a[j];
    const DoubleDouble weighted = residual * w * w;
    for (std::size_t j = 0; j < n; ++j) leaf_[j] += weighted * a[j];
    leaf_[n] += weighted * one;
    leaf_[n + 1] += weighted * residual;
  }

  const Extended& coefficients_;
  Index n_cols_;
  compress::SavedPasses& saved_;
  Extended leaf_;
};

/// The sums of one pass.
Extended gradient(const RefineRows& rows, const Extended& coefficients, compress::SavedPasses& saved) {
  GradientVisitor visitor(coefficients, rows.layout.n_cols, saved);
  compress::RowVisitor* const visitors[] = {&visitor};
  compress::run_row_pass(rows.source, rows.layout, rows.comm, visitors, rows.block_bytes,
                         "refine: residuals of rows", saved.begin(rows.comm));
  return visitor.total(rows.comm);
}

/// Largest |δ_j| / |θ_j|, coefficients that are zero left out unless they move away from it.
double relative_size(const Eigen::VectorXd& delta, const Extended& coefficients) {
  double largest = 0.0;
  for (Index j = 0; j < delta.size(); ++j) {
    const double size = std::abs(coefficients[static_cast<std::size_t>(j)].high);
    if (delta(j) != 0.0 && size > 0.0) largest = std::max(largest, std::abs(delta(j)) / size);
  }
  return largest;
}

/// State of the iteration, on the ranks that have the fit.
class Corrector {
public:
  Corrector(LinearFit* fit, const LeastSquaresSystem* system, double lambda, int max_passes)
      : fit_(fit), system_(system), lambda_(lambda), max_passes_(max_passes) {}

  /// Takes one gradient. @return whether another pass is worth its cost
  bool step(const Extended& sums, Extended& coefficients, Refinement& done) {
    const Index n = system_->n_coeffs();
    Eigen::VectorXd g(n + 1);
    for (Index j = 0; j <= n; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const DoubleDouble penalised = j < n ? sums[at] - coefficients[at] * lambda_ : sums[at];
      g(j) = penalised.value();
    }
    fit_->residual_norm = std::sqrt(std::max(0.0, sums[static_cast<std::size_t>(n) + 1].value()));
    const Eigen::VectorXd delta = solve_normal(*fit_->solver, system_->intercept, g);
    for (Index j = 0; j <= n; ++j) coefficients[static_cast<std::size_t>(j)] += delta(j);

    const double before = done.passes > 0 ? done.last_correction : std::numeric_limits<double>::infinity();
    done.last_correction = relative_size(delta, coefficients);
    ++done.passes;
    constexpr double ulp = std::numeric_limits<double>::epsilon();
    const bool shrinks = done.last_correction < before;
    // Half a unit in the last place is the goal; corrections that stop shrinking near it are as good as it
    // gets.
    done.converged = done.last_correction <= ulp / 4.0 || (!shrinks && done.last_correction <= 4.0 * ulp);
    return !done.converged && shrinks && done.passes < max_passes_;
  }

private:
  LinearFit* fit_;
  const LeastSquaresSystem* system_;
  double lambda_;
  int max_passes_;
};

}  // namespace

Refinement refine(const RefineRows& rows, LinearFit* fit, const LeastSquaresSystem* system, double lambda,
                  const EstimatorOptions& options) {
  const Index n = rows.layout.n_cols;
  Extended coefficients(static_cast<std::size_t>(n) + 1);
  if (rows.comm.is_root()) {
    for (Index j = 0; j < n; ++j) coefficients[static_cast<std::size_t>(j)] = fit->coefficients(j);
    coefficients.back() = fit->intercept;
  }
  Corrector corrector(fit, system, lambda, rows.max_passes);
  Refinement done;
  compress::SavedPasses saved(rows.checkpoint, "refine", rows.layout);
  comm::broadcast(rows.comm, std::span(coefficients), 0);
  saved.restore(compress::as_numbers<DoubleDouble>(coefficients), rows.comm);
  for (int again = 1; again != 0;) {
    comm::broadcast(rows.comm, std::span(coefficients), 0);
    const auto sums = compress::from_numbers<DoubleDouble>(saved.next(
        rows.comm, [&] { return compress::as_numbers<DoubleDouble>(gradient(rows, coefficients, saved)); }));
    const auto correct = [&] {
      if (fit != nullptr) again = corrector.step(sums, coefficients, done) ? 1 : 0;
    };
    if (fit != nullptr && system->r.grid().comm().size() == rows.comm.size())
      correct();  // of all ranks together, who throw alike
    else
      comm::all_or_none(rows.comm, correct);
    comm::broadcast(rows.comm, std::span(&again, 1), 0);
  }
  comm::broadcast(rows.comm, std::span(&done, 1), 0);
  if (fit != nullptr) {
    for (Index j = 0; j < n; ++j) fit->coefficients(j) = coefficients[static_cast<std::size_t>(j)].value();
    fit->intercept = coefficients.back().value();
    set_uncertainty(*fit, *system, options);
  }
  return done;
}

}  // namespace tallfit::estimate
