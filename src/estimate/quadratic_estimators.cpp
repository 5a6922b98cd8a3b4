#include "entries.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::estimate {

namespace {

/// Minimises ‖W (A θ + c - b)‖²; of many solutions the one of smallest ‖θ‖.
class Ols final : public Estimator {
public:
  explicit Ols(const EstimatorOptions& options) : options_(checked(options)) {}

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = fit_quadratic(system, 0.0, options_);
    result.objective = objective();
    return result;
  }
  std::optional<double> penalty() const override { return 0.0; }
  std::string objective() const override { return "||W (A theta + c - b)||^2"; }

private:
  EstimatorOptions options_;
};

/// Minimises ‖W (A θ + c - b)‖² + λ ‖θ‖², scikit-learn's Ridge with alpha = λ and sample_weight = w²; or with
/// λ ‖L (θ - μ)‖² of a prior.
class Ridge final : public Estimator {
public:
  explicit Ridge(const EstimatorOptions& options) : options_(checked(options)) { require_penalty(options); }

  LinearFit fit(const LeastSquaresSystem& system) const override {
    LinearFit result = options_.prior ? fit_quadratic(system, options_.lambda, *options_.prior, options_)
                                      : fit_quadratic(system, options_.lambda, options_);
    result.objective = objective();
    return result;
  }
  std::optional<double> penalty() const override {
    return options_.prior ? std::nullopt : std::optional(options_.lambda);
  }
  std::string objective() const override {
    return options_.prior ? "||W (A theta + c - b)||^2 + lambda ||L (theta - mu)||^2"
                          : "||W (A theta + c - b)||^2 + lambda ||theta||^2";
  }

private:
  EstimatorOptions options_;
};

}  // namespace

std::vector<RegisteredEstimator> quadratic_estimators() { return {entry<Ols>("ols"), entry<Ridge>("ridge")}; }

}  // namespace tallfit::estimate
