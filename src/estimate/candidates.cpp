#include "tallfit/estimate/candidates.hpp"

#include <cmath>
#include <limits>

#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/estimate/ridge_spectrum.hpp"

namespace tallfit::estimate {

namespace {

/// The places of λ that one SVD can serve.
std::vector<Index> served_by(const RidgeSpectrum& spectrum, const Candidates& candidates) {
  constexpr double digits = 1e6;
  const double largest = spectrum.values.size() > 0 ? spectrum.values(0) : 0.0;
  const double blur =
      static_cast<double>(spectrum.values.size()) * std::numeric_limits<double>::epsilon() * largest;
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
    const RidgeSpectrum spectrum = ridge_spectrum(system_);
    const std::vector<Index> served = served_by(spectrum, candidates_);
    Eigen::VectorXd lambdas(static_cast<Index>(served.size()));
    for (Index j = 0; j < lambdas.size(); ++j)
      lambdas(j) = options(served[static_cast<std::size_t>(j)]).lambda;
    const Eigen::MatrixXd coefficients = spectrum.coefficients(lambdas);
    for (Index j = 0; j < lambdas.size(); ++j) {
      const Index i = served[static_cast<std::size_t>(j)];
      take(i, coefficients.col(j), best_intercept(system_, coefficients.col(j)));
      fits_.effective_dof(i) = spectrum.effective_dof(lambdas(j));
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

  CandidateFits result() { return std::move(fits_); }

private:
  const EstimatorOptions& options(Index i) const { return candidates_.options[static_cast<std::size_t>(i)]; }

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

}  // namespace

bool shares_factorisation(const Candidates& candidates) {
  constexpr Index worth_an_svd = 4;  // a fit of its own takes about 5 K³ flops, the SVD 22 K³
  return candidates.estimator == "ridge" && candidates.size() >= worth_an_svd &&
         !candidates.options.front().prior && !candidates.options.front().free.any();
}

CandidateFits fit_candidates(const LeastSquaresSystem& system, const Candidates& candidates) {
  Fitting fitting(system, candidates);
  if (shares_factorisation(candidates)) fitting.by_spectrum();
  fitting.one_by_one();
  return fitting.result();
}

}  // namespace tallfit::estimate
