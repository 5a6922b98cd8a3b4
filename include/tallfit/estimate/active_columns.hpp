/// Columns of the factor and of its Gram matrix, for the few that a sparse fit touches.
#pragma once

#include <Eigen/Core>

#include <span>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/estimate/least_squares_system.hpp"

namespace tallfit::estimate {

/// Columns of E = R D, and of EᵀE, on every rank. D holds powers of two that bring the norms into [1/2, 1).
///
/// K x m numbers twice for m columns, never K x K unless all are asked for. Where every rank works on them
/// with the same numbers, all take the same decisions.
class ActiveColumns {
public:
  /// @param system  must outlive it
  /// @param rcond   columns below it, relative to their constant part, count as zero. @collective over the
  /// grid
  ActiveColumns(const LeastSquaresSystem& system, double rcond);

  Index size() const { return scale_.size(); }
  /// D: θ = D y.
  const Eigen::VectorXd& scale() const { return scale_; }
  /// Norms of the columns of E; 0 for a column that tells nothing.
  const Eigen::VectorXd& norms() const { return norms_; }
  const LeastSquaresSystem& system() const { return system_; }

  /// Makes columns available. Cost: 4 K² / P flops and one sum over the grid for each that is new.
  /// @collective
  void fetch(std::span<const Index> columns);
  /// E e_j and EᵀE e_j of a column that was fetched. Local.
  const Eigen::VectorXd& column(Index j) const { return columns_[static_cast<std::size_t>(j)]; }
  const Eigen::VectorXd& gram(Index j) const { return gram_[static_cast<std::size_t>(j)]; }

  /// Eᵀ r. Cost: 2 K² / P flops. @collective
  Eigen::VectorXd products(const Eigen::VectorXd& r) const;

  /// The columns that were fetched: their products have the bits of those that were fetched with them. Local.
  void put(compress::NumberSink& sink) const;
  void read(compress::NumberSource& source);

private:
  const LeastSquaresSystem& system_;
  Eigen::VectorXd scale_;
  Eigen::VectorXd norms_;
  std::vector<Eigen::VectorXd> columns_;
  std::vector<Eigen::VectorXd> gram_;
};

}  // namespace tallfit::estimate
