// The probability of the targets, and how it changes with the precisions of their noise.
#include <cmath>
#include <numbers>
#include <optional>

#include "whitened_minimum.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/weight_objectives.hpp"

namespace tallfit::estimate {

Evaluation evidence_objective(const CellGrams& grams, const WeightedModel& model,
                              const Eigen::VectorXd& multipliers) {
  const comm::Communicator& comm = grams.comm();
  comm::require_replicated(comm, std::isfinite(grams.log_determinant()), ErrorKind::numerical,
                           "the rows do not determine every coefficient, so that the evidence of flat priors "
                           "is not defined. Use fit.estimator = \"ridge\" with a larger fit.lambda, or leave "
                           "dependent columns out");
  const Index n = grams.n_unknowns();
  const Index size = n + 1;
  const Eigen::VectorXd weights = multipliers.cwiseAbs2();
  const Eigen::MatrixXd sum = grams.total_sum(weights);
  // ln det M + Q, the condition, and what the Grams of the classes are multiplied with.
  std::vector<double> shared(static_cast<std::size_t>(size * size + 2));
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    const WhitenedMinimum minimum(sum, "the normal matrix");
    Eigen::Map<Eigen::MatrixXd> x(shared.data(), size, size);
    x = minimum.augmented() * minimum.augmented().transpose();
    x.topLeftCorner(n, n) += minimum.inverse();
    shared[shared.size() - 2] = minimum.log_determinant() + grams.log_determinant() + minimum.value();
    shared.back() = minimum.condition();
  });
  comm::broadcast(comm, std::span(shared), 0);
  const Eigen::VectorXd traces =
      grams.class_inner_products(Eigen::Map<const Eigen::MatrixXd>(shared.data(), size, size));

  double n_rows = 0.0;
  Eigen::VectorXd counts = Eigen::VectorXd::Zero(grams.n_classes());
  for (const GramCell& cell : grams.cells()) {
    counts(cell.weight_class) += static_cast<double>(cell.count);
    n_rows += static_cast<double>(cell.count);
  }
  const bool has_prior = model.lambda > 0.0;
  const double intercepts = model.intercept == Intercept::fitted ? 1.0 : 0.0;
  const double n_priors = has_prior ? static_cast<double>(n) - intercepts : 0.0;
  const double n_flat = static_cast<double>(n) - n_priors;
  double log_evidence = -0.5 * shared[shared.size() - 2];
  for (Index c = 0; c < counts.size(); ++c) log_evidence += counts(c) * std::log(multipliers(c));
  log_evidence -= 0.5 * (n_rows - n_flat) * std::log(2.0 * std::numbers::pi);
  if (has_prior) log_evidence += 0.5 * n_priors * std::log(model.lambda);
  return {.value = -log_evidence / n_rows,
          .gradient = (weights.cwiseProduct(traces) - counts) / n_rows,
          .condition = shared.back()};
}

}  // namespace tallfit::estimate
