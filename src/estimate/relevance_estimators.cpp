#include <cmath>

#include "entries.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/relevance_fit.hpp"

namespace tallfit::estimate {

namespace {

EstimatorOptions checked_relevance(const EstimatorOptions& options) {
  require(!options.alpha || (*options.alpha > 0.0 && std::isfinite(*options.alpha)), ErrorKind::input,
          "fit.alpha = {}: expected a finite number above 0", options.alpha.value_or(0.0));
  require(options.threshold_lambda > 0.0, ErrorKind::input,
          "fit.threshold_lambda = {}: expected a number above 0", options.threshold_lambda);
  require(!options.laplace_rate || (*options.laplace_rate >= 0.0 && std::isfinite(*options.laplace_rate)),
          ErrorKind::input, "fit.laplace_rate = {}: expected a finite number of at least 0",
          options.laplace_rate.value_or(0.0));
  return checked(options);
}

/// Automatic relevance determination: θ_j ~ N(0, 1/λ_j), all λ_j and the noise where the evidence is
/// greatest.
class Ard final : public Estimator {
public:
  explicit Ard(const EstimatorOptions& options) : options_(checked_relevance(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = fit_relevant(system, options_, VariancePrior::flat);
    result.objective = objective();
    return result;
  }
  bool has_evidence() const override { return true; }
  bool is_search() const override { return true; }
  std::string objective() const override { return "-ln p(W b | alpha, lambda_1 ... lambda_K)"; }

private:
  EstimatorOptions options_;
};

/// Bayesian compressive sensing with Laplace priors, in their hierarchical form: θ_j ~ N(0, γ_j),
/// γ_j ~ exp(-κ γ_j / 2).
class Bcs final : public Estimator {
public:
  explicit Bcs(const EstimatorOptions& options) : options_(checked_relevance(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = fit_relevant(system, options_, VariancePrior::laplace);
    result.objective = objective();
    return result;
  }
  bool has_evidence() const override { return true; }
  bool is_search() const override { return true; }
  std::string objective() const override {
    return "-ln p(W b | alpha, gamma_1 ... gamma_K) + kappa/2 sum gamma_j";
  }

private:
  EstimatorOptions options_;
};

}  // namespace

std::vector<RegisteredEstimator> relevance_estimators() { return {entry<Ard>("ard"), entry<Bcs>("bcs")}; }

}  // namespace tallfit::estimate
