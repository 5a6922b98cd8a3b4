// Estimators that choose the penalty of a ridge regression from its spectrum.
#include <cmath>
#include <string_view>

#include "entries.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/evidence.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/estimate/ridge_path.hpp"

namespace tallfit::estimate {

namespace {

void require_a_target(const LeastSquaresSystem& system) {
  comm::require_replicated(system.r.grid().comm(),
                           system.n_coeffs() > 0 && (system.rho > 0.0 || system.z.squaredNorm() > 0.0),
                           ErrorKind::numerical, "every target is {}: there is nothing to fit",
                           system.intercept ? "the same" : "0");
}

/// Maximises the evidence over the precisions of noise and coefficients; the fit is ridge regression with
/// λ = (precision of the coefficients) / (precision of the noise).
class BayesianRidge final : public Estimator {
public:
  explicit BayesianRidge(const EstimatorOptions& options) : options_(checked(options)) {
    require(!options.alpha, ErrorKind::input,
            "fit.alpha = {}: bayesian_ridge finds the precision of the noise. Leave it out, or set "
            "fit.estimator = \"ridge\" with fit.lambda",
            options.alpha.value_or(0.0));
  }

  LinearFit fit(const LeastSquaresSystem& system) const override {
    require_a_target(system);
    const RidgeSpectrum spectrum = ridge_spectrum(system);
    const double n = n_observations(system, options_);
    const std::optional<double> lambda = best_lambda(spectrum, n);
    comm::require_replicated(
        system.r.grid().comm(), lambda.has_value(), ErrorKind::numerical,
        "bayesian_ridge: the evidence of {} observations grows without bound as the noise goes to 0: the "
        "{} columns explain the targets. Use fit.estimator = \"ridge\" with a penalty, or more rows",
        system.n_rows, system.n_coeffs());
    const RidgeEvidence evidence = ridge_evidence(spectrum, n, *lambda);
    LinearFit result = fit_quadratic(system, *lambda, options_);
    result.noise_variance = 1.0 / evidence.noise_precision;
    set_standard_errors(result);
    result.log_evidence = evidence.log_evidence;
    result.hyperparameters = {{"lambda", *lambda},
                              {"noise_precision", evidence.noise_precision},
                              {"coefficient_precision", *lambda * evidence.noise_precision}};
    result.objective = objective();
    return result;
  }
  bool has_evidence() const override { return true; }
  std::string objective() const override {
    return "-ln p(b | alpha, lambda), b ~ N(A theta + c, 1 / (alpha w^2)), theta ~ N(0, 1 / (lambda alpha))";
  }

private:
  EstimatorOptions options_;
};

/// Ridge regression for every λ of a path, and the fit at the best of them.
class RidgePath final : public Estimator {
public:
  explicit RidgePath(const EstimatorOptions& options) : options_(checked(options)) {
    require(options.criterion == "auto" || options.criterion == "gcv" || options.criterion == "evidence" ||
                options.criterion == "l_curve",
            ErrorKind::input, "fit.criterion = \"{}\": ridge_path knows gcv, evidence and l_curve",
            options.criterion);
    require(options.n_lambdas >= 1, ErrorKind::input, "fit.n_lambdas = {}: expected at least 1",
            options.n_lambdas);
    for (const double lambda : options.lambdas)
      require(lambda > 0.0 && std::isfinite(lambda), ErrorKind::input,
              "fit.lambdas holds {}: a ridge path takes finite numbers above 0", lambda);
  }

  LinearFit fit(const LeastSquaresSystem& system) const override {
    require_a_target(system);
    const RidgeSpectrum spectrum = ridge_spectrum(system);
    const Eigen::VectorXd lambdas =
        options_.lambdas.empty() ? ridge_lambdas(spectrum, options_.n_lambdas)
                                 : Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(
                                       options_.lambdas.data(), static_cast<Index>(options_.lambdas.size())));
    Path path = ridge_path(spectrum, lambdas, n_observations(system, options_));
    for (Index i = 0; i < lambdas.size(); ++i)
      path.intercepts(i) = best_intercept(system, path.coefficients.col(i));
    const Index best = best_point(path, criterion());
    if (lambdas.size() > 1 && (best == 0 || best == lambdas.size() - 1))
      log::warn("the best lambda by {}, {:.3g}, is the {} of the path: widen fit.lambdas", criterion(),
                lambdas(best), best == 0 ? "first" : "last");
    LinearFit result = fit_quadratic(system, lambdas(best), options_);
    result.log_evidence = path.figures(best, static_cast<Index>(RidgeFigure::log_evidence));
    result.hyperparameters = {{"lambda", lambdas(best)}};
    result.path = std::move(path);
    result.objective = objective();
    return result;
  }
  bool has_evidence() const override { return true; }
  std::string objective() const override {
    return "||W (A theta + c - b)||^2 + lambda ||theta||^2, lambda by " + std::string(criterion());
  }

private:
  std::string_view criterion() const {
    return options_.criterion == "auto" ? std::string_view("gcv") : std::string_view(options_.criterion);
  }

  EstimatorOptions options_;
};

}  // namespace

std::vector<RegisteredEstimator> spectral_estimators() {
  return {entry<RidgePath>("ridge_path"), entry<BayesianRidge>("bayesian_ridge")};
}

}  // namespace tallfit::estimate
