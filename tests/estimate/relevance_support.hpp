/// What fits of relevant columns are judged by: the evidence as a density of all rows.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "sklearn_sets.hpp"
#include "support/fit_rows.hpp"
#include "support/memory_source.hpp"
#include "support/oracle.hpp"

namespace tallfit::test {

inline estimate::LinearFit fit_alone(const Rows& rows, const std::string& estimator,
                                     const estimate::EstimatorOptions& options,
                                     estimate::Intercept intercept = estimate::Intercept::none) {
  MemorySource source(rows);
  return fit_rows(source, *estimate::make_estimator(estimator, options), intercept,
                  comm::Communicator::self())
      .fit;
}

inline double alpha_of(const estimate::LinearFit& fit) { return 1.0 / fit.noise_variance; }

inline std::vector<Index> kept_columns(const Eigen::VectorXd& precisions) {
  std::vector<Index> kept;
  for (Index j = 0; j < precisions.size(); ++j)
    if (std::isfinite(precisions(j))) kept.push_back(j);
  return kept;
}

/// ln N(W b; 0, I / α + Σ w a_j (w a_j)ᵀ / λ_j), rows x rows.
inline double evidence_of_rows(const Rows& rows, const Eigen::VectorXd& precisions, double alpha) {
  const Eigen::MatrixXd root = rows.weighted_a() * precisions.cwiseInverse().cwiseSqrt().asDiagonal();
  Eigen::MatrixXd c = root * root.transpose();
  c.diagonal().array() += 1.0 / alpha;
  return support::log_normal_density(rows.weighted_b(), c);
}

/// Rounding of evidence_of_rows(): Cholesky of N rows perturbs C by N ε |C|, so that ln |C| moves by N ε κ(C)
/// at most, in practice by far less; κ(C) < 1e5 in these sets, N < 450.
inline double rounding_of_evidence(const Rows& rows) { return 1e-12 * static_cast<double>(rows.size()); }

}  // namespace tallfit::test
