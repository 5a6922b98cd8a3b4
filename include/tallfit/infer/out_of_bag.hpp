/// Errors of each replica for the rows that it did not see.
#pragma once

#include <Eigen/Core>

#include <map>
#include <vector>

#include "tallfit/estimate/metrics.hpp"
#include "tallfit/infer/long_error_sums.hpp"
#include "tallfit/infer/unit_runs.hpp"

namespace tallfit::infer {

/// Out-of-bag errors of replicas [first, first + n).
///
/// Predictions are matrix products of the same shape for every run of rows and every 32 replicas, and sums
/// have 32 digits, so that results depend neither on the number of ranks nor on other replicas. Cost: 2 K
/// flops for each row and replica; local, but for total().
class OutOfBagErrors {
public:
  /// @param models  (K + 1) x n: θ and c of each
  /// @param weights  of my units, a column for each replica; where it is 0 a row is out of the bag
  OutOfBagErrors(const Eigen::MatrixXd& models, Index first, const UnitRange& units, Eigen::MatrixXf weights);

  void add(const UnitRun& run);

  /// A table for each replica. @collective
  std::vector<estimate::ErrorTable> total(const comm::Communicator& comm) const;

private:
  struct Entry {
    estimate::MetricsKey key;
    Index replica;
    LongErrorSums sums;
  };

  Eigen::MatrixXd models_;  ///< in columns whose number is that of the replica, up to a multiple of 32
  Index offset_;            ///< of the first replica's column
  UnitRange units_;
  Eigen::MatrixXf weights_;
  std::map<estimate::MetricsKey, std::vector<LongErrorSums>> sums_;
};

}  // namespace tallfit::infer
