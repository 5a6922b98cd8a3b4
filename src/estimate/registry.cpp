#include <algorithm>
#include <cmath>
#include <iterator>

#include "entries.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/estimate/gaussian_process.hpp"

namespace tallfit::estimate {

EstimatorOptions checked(const EstimatorOptions& options) {
  const double rcond = options.solver.rcond;
  require(rcond > 0.0 && rcond < 1.0, ErrorKind::input,
          "solver.rcond = {}: expected a number between 0 and 1", rcond);
  return options;
}

void require_penalty(const EstimatorOptions& options) {
  require(options.lambda >= 0.0 && std::isfinite(options.lambda), ErrorKind::input,
          "fit.lambda = {}: expected a finite number of at least 0", options.lambda);
}

const std::vector<RegisteredEstimator>& estimator_registry() {
  static const std::vector<RegisteredEstimator> registry = [] {
    std::vector<RegisteredEstimator> all;
    for (const auto& family : {quadratic_estimators(), spectral_estimators(), relevance_estimators(),
                               lasso_estimators(), selection_estimators()})
      all.insert(all.end(), family.begin(), family.end());
    return all;
  }();
  return registry;
}

std::vector<std::string> estimator_names() {
  std::vector<std::string> names;
  std::transform(estimator_registry().begin(), estimator_registry().end(), std::back_inserter(names),
                 [](const RegisteredEstimator& registered) { return registered.name; });
  return names;
}

namespace {

/// What an estimator is told that does not see the free columns.
EstimatorOptions without_free(EstimatorOptions options) {
  require(!options.prior, ErrorKind::input,
          "fit.unpenalised does not go with a prior of ridge, which says the penalty of every column: set "
          "fit.column_lambda to 0 for these columns");
  const std::vector<Index> free = std::exchange(options.free, {}).columns;
  if (!options.start) return options;
  Eigen::VectorXd& known = options.start->of_columns;
  Index n = 0;
  for (Index j = 0; j < known.size(); ++j)
    if (!std::binary_search(free.begin(), free.end(), j)) known(n++) = known(j);
  known.conservativeResize(n);
  return options;
}

}  // namespace

std::unique_ptr<Estimator> make_estimator(const std::string& name, const EstimatorOptions& options) {
  for (const RegisteredEstimator& registered : estimator_registry()) {
    if (registered.name != name) continue;
    if (!options.free.any()) return registered.make(options);
    return with_free_columns(registered.make(without_free(options)), options.free, options.solver.rcond);
  }
  if (name == gaussian_process_name) return make_gaussian_process(options);
  fail(ErrorKind::input, "fit.estimator = '{}' is not known; the estimators are {}", name,
       fmt::join(estimator_names(), ", "));
}

double require_quadratic(const Estimator& estimator, const std::string& step) {
  const std::optional<double> penalty = estimator.penalty();
  require(penalty.has_value(), ErrorKind::input,
          "{} is for fit.estimator = \"ols\" or \"ridge\" without a prior and fit.unpenalised: other "
          "estimators find their "
          "penalty, or what stands "
          "for it, from the factor. Leave it out",
          step);
  return *penalty;
}

}  // namespace tallfit::estimate
