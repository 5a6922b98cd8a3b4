#include <algorithm>
#include <cmath>

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::estimate {

namespace {

/// Options that every estimator uses, refused when it is made and not after the rows were read.
EstimatorOptions checked(const EstimatorOptions& options) {
  const double rcond = options.solver.rcond;
  require(rcond > 0.0 && rcond < 1.0, ErrorKind::input,
          "solver.rcond = {}: expected a number between 0 and 1", rcond);
  return options;
}

/// Minimises ‖W (A θ + c - b)‖²; of many solutions the one of smallest ‖θ‖.
class Ols final : public Estimator {
public:
  explicit Ols(const EstimatorOptions& options) : options_(checked(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = fit_quadratic(system, 0.0, options_);
    result.objective = objective();
    return result;
  }
  double penalty() const override { return 0.0; }
  std::string objective() const override { return "||W (A theta + c - b)||^2"; }

private:
  EstimatorOptions options_;
};

/// Minimises ‖W (A θ + c - b)‖² + λ ‖θ‖², scikit-learn's Ridge with alpha = λ and sample_weight = w².
class Ridge final : public Estimator {
public:
  explicit Ridge(const EstimatorOptions& options) : options_(checked(options)) {
    require(options.lambda >= 0.0 && std::isfinite(options.lambda), ErrorKind::input,
            "fit.lambda = {}: expected a finite number of at least 0", options.lambda);
  }

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = fit_quadratic(system, options_.lambda, options_);
    result.objective = objective();
    return result;
  }
  double penalty() const override { return options_.lambda; }
  std::string objective() const override { return "||W (A theta + c - b)||^2 + lambda ||theta||^2"; }

private:
  EstimatorOptions options_;
};

template <class T>
RegisteredEstimator entry(const char* name) {
  return {name, [](const EstimatorOptions& options) { return std::make_unique<T>(options); }};
}

}  // namespace

const std::vector<RegisteredEstimator>& estimator_registry() {
  static const std::vector<RegisteredEstimator> registry = {entry<Ols>("ols"), entry<Ridge>("ridge")};
  return registry;
}

std::unique_ptr<Estimator> make_estimator(const std::string& name, const EstimatorOptions& options) {
  std::vector<std::string> known;
  for (const RegisteredEstimator& registered : estimator_registry()) {
    if (registered.name == name) return registered.make(options);
    known.push_back(registered.name);
  }
  fail(ErrorKind::input, "fit.estimator = '{}' is not known; the estimators are {}", name,
       fmt::join(known, ", "));
}

}  // namespace tallfit::estimate
