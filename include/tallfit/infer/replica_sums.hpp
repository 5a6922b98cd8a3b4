/// Least-squares sums of all replicas of a bootstrap, from one pass over the rows.
#pragma once

#include <Eigen/Core>

#include <optional>

#include "tallfit/infer/resampling.hpp"
#include "tallfit/infer/unit_runs.hpp"
#include "tallfit/infer/whitening.hpp"

namespace tallfit::infer {

/// What a replica's least squares are made of, in whitened coordinates: for a weight m of each row,
/// M = Σ m q qᵀ, g = Σ m q r / ρ and Σ m (r / ρ)², where r are the residuals of the fit to all rows and ρ is
/// their norm. Over all rows once M = I, so M has a condition that the condition of the design does not
/// enter.
class ReplicaSums {
public:
  /// @param weights  of my units, a column for each replica
  /// @param sum_of_weights  Σ w² of all training rows
  /// @param wait_bytes  memory for what waits to be added
  ReplicaSums(const Whitening& whitening, const UnitRange& units, Eigen::MatrixXf weights,
              double sum_of_weights, Index wait_bytes);

  /// Adds rows with the weights of their units.
  ///
  /// Every summand is rounded to a whole multiple of 2^-44, which is added without rounding: sums, and all
  /// that is made of them, have the same bits in any order, on any number of ranks and for any set of other
  /// replicas. The rounding is below 2^-45 of the largest sum for each unit. Cost: 2 n² flops a row for n =
  /// whitening.rank() or so, and n² for each unit and replica (twice that for weights that are no whole
  /// numbers). Local.
  void add(const UnitRun& run);
  /// The sums so far, and such sums again: in any order, on any rank. Local.
  const Eigen::MatrixXd& settled();
  void add(const Eigen::MatrixXd& settled) { sums_ += settled; }
  /// Sums over the ranks, on every rank. @collective
  void finish(const comm::Communicator& comm);

  Index n_replicas() const { return weights_.cols(); }
  /// Bytes of the sums of a replica.
  static Index bytes_of(Index rank);
  /// Units whose summands wait to be added together, in some memory.
  static Index n_waiting(Index rank, Index wait_bytes);
  const Eigen::MatrixXf& weights() const { return weights_; }

  /// What finish() left of a replica.
  struct Sums {
    const double* gram;  ///< M, packed
    Eigen::Map<const Eigen::VectorXd> gradient;
    double squares;
    double rows;            ///< Σ m
    double sum_of_weights;  ///< Σ m w²
  };
  Sums of(Index replica) const;

private:
  void add_waiting();

  const Whitening& whitening_;
  UnitRange units_;
  Eigen::MatrixXf weights_;
  double sum_of_weights_;
  bool whole_weights_ = true;
  Eigen::MatrixXd waiting_;     ///< summands, a column for each part of a run
  std::vector<Index> unit_of_;  ///< of the waiting columns
  Index n_waiting_ = 0;
  Eigen::MatrixXd sums_;
};

/// A replica's least-squares solution.
struct ReplicaSolution {
  Eigen::VectorXd coefficients;
  double intercept = 0.0;
  double condition = 1.0;  ///< of M
  double residual_norm = 0.0;
  Index n_rows = 0;
  double sum_of_weights = 0.0;
  Eigen::MatrixXd factor;  ///< U with UᵀU = M
};

/// @return nothing where the resampled rows do not determine the coefficients to half of the digits: their
/// condition relative to all rows, that of M, is above 1e6. Cost: 2 n³ / 3 flops. Local.
std::optional<ReplicaSolution> solve_replica(const Whitening& whitening, const ReplicaSums::Sums& sums);

}  // namespace tallfit::infer
