#include "tallfit/estimate/evidence.hpp"

namespace tallfit::estimate {

double n_observations(const LeastSquaresSystem& system, const EstimatorOptions& options) {
  const double all = options.evidence_rows == EvidenceRows::weights ? system.sum_of_weights
                                                                    : static_cast<double>(system.n_rows);
  return system.intercept ? all - 1.0 : all;
}

}  // namespace tallfit::estimate
