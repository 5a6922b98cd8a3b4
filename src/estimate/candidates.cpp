#include "tallfit/estimate/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lasso_points.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/estimate/ridge_bidiagonal.hpp"
#include "tallfit/estimate/ridge_spectrum.hpp"

namespace tallfit::estimate {

namespace {

/// The places of λ that one decomposition with these singular values can serve.
std::vector<Index> served_by(const Eigen::VectorXd& values, const Candidates& candidates) {
  constexpr double digits = 1e6;
  const double largest = values.size() > 0 ? values(0) : 0.0;
  const double blur = static_cast<double>(values.size()) * std::numeric_limits<double>::epsilon() * largest;
  std::vector<Index> served;
  for (Index i = 0; i < candidates.size(); ++i)
    if (std::sqrt(candidates.options[static_cast<std::size_t>(i)].lambda) > digits * blur)
      served.push_back(i);
  return served;
}

class Fitting {
public:
  Fitting(const LeastSquaresSystem& system, const Candidates& candidates)
      : system_(system), candidates_(candidates), done_(candidates.options.size(), false) {
    const Index n = candidates.size();
    fits_.models.setZero(system.n_coeffs() + 2, n);
    fits_.models.row(system.n_coeffs() + 1).setConstant(-1.0);
    fits_.effective_dof.setZero(n);
    fits_.log_evidence.setConstant(n, std::numeric_limits<double>::quiet_NaN());
  }

  void by_spectrum() {
    if (system_.r.grid().is_serial()) {
      const RidgeBidiagonal ridge(system_);
      take_served(ridge, ridge.values());
    } else {
      const RidgeSpectrum ridge = ridge_spectrum(system_);
      take_served(ridge, ridge.values);
    }
  }

  void by_path() {
    for (const LassoCandidate& fit : fit_along_paths(system_, candidates_)) {
      take(fit.number, fit.point.coefficients, best_intercept(system_, fit.point.coefficients));
      fits_.effective_dof(fit.number) = fit.effective_dof;
      if (!fit.point.converged) fits_.unconverged.push_back(fit.number);
    }
  }

  void one_by_one() {
    for (Index i = 0; i < candidates_.size(); ++i) {
      if (done_[static_cast<std::size_t>(i)]) continue;
      const LinearFit fit = make_estimator(candidates_.estimator, options(i))->fit(system_);
      take(i, fit.coefficients, fit.intercept);
      fits_.effective_dof(i) = fit.effective_dof;
      fits_.log_evidence(i) = fit.log_evidence;
      if (!fit.converged) fits_.unconverged.push_back(i);
    }
  }

  CandidateFits result() {
    std::sort(fits_.unconverged.begin(), fits_.unconverged.end());
    return std::move(fits_);
  }

private:
  const EstimatorOptions& options(Index i) const { return candidates_.options[static_cast<std::size_t>(i)]; }

  template <class Ridge>
  void take_served(const Ridge& ridge, const Eigen::VectorXd& singular_values) {
    const std::vector<Index> served = served_by(singular_values, candidates_);
    Eigen::VectorXd lambdas(static_cast<Index>(served.size()));
    for (Index j = 0; j < lambdas.size(); ++j)
      lambdas(j) = options(served[static_cast<std::size_t>(j)]).lambda;
    const Eigen::MatrixXd coefficients = ridge.coefficients(lambdas);
    const Eigen::ArrayXd squares = singular_values.array().square();
    for (Index j = 0; j < lambdas.size(); ++j) {
      const Index i = served[static_cast<std::size_t>(j)];
      take(i, coefficients.col(j), best_intercept(system_, coefficients.col(j)));
      fits_.effective_dof(i) =
          (squares / (squares + lambdas(j))).sum() + static_cast<double>(system_.n_taken_out());
    }
  }

  void take(Index i, const Eigen::VectorXd& coefficients, double intercept) {
    fits_.models.col(i).head(coefficients.size()) = coefficients;
    fits_.models(coefficients.size(), i) = intercept;
    done_[static_cast<std::size_t>(i)] = true;
  }

  const LeastSquaresSystem& system_;
  const Candidates& candidates_;
  std::vector<bool> done_;
  CandidateFits fits_;
};

bool shares_spectrum(const Candidates& candidates) {
  constexpr Index worth_an_svd = 4;  // a fit of its own takes about 5 K³ flops, an SVD 22 K³
  return candidates.estimator == "ridge" && candidates.size() >= worth_an_svd &&
         !candidates.options.front().prior && !candidates.options.front().free.any();
}

bool shares_path(const Candidates& candidates) {
  const auto is_on_path = [&](const EstimatorOptions& options) {
    return is_on_lasso_path(candidates.estimator, options) && !options.free.any();
  };
  return std::any_of(candidates.options.begin(), candidates.options.end(), is_on_path);
}

}  // namespace

bool share_work(const Candidates& candidates) {
  return shares_spectrum(candidates) || shares_path(candidates);
}

CandidateFits fit_candidates(const LeastSquaresSystem& system, const Candidates& candidates) {
  Fitting fitting(system, candidates);
  if (shares_spectrum(candidates)) fitting.by_spectrum();
  if (shares_path(candidates)) fitting.by_path();
  fitting.one_by_one();
  return fitting.result();
}

}  // namespace tallfit::estimate
