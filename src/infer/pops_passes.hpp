/// The passes over the rows that a POPS ensemble takes. Private to the layer.
#pragma once

#include <Eigen/Core>

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tallfit/infer/pops.hpp"
#include "tallfit/infer/unit_runs.hpp"

namespace tallfit::infer {

/// The k-th smallest, from 0, of positive numbers of all ranks, exactly. Cost: 63 sums over the ranks.
/// @collective
double order_statistic(const std::vector<double>& values, Index k, const comm::Communicator& comm);

/// Which rows count.
struct PopsRows {
  double least_leverage = 0.0;
  Index count = 0;       ///< on all ranks
  double squares = 0.0;  ///< Σ ‖δ‖² of them
};

/// First pass: leverages and sizes of corrections.
class PopsLeverages {
public:
  explicit PopsLeverages(const Whitening& whitening) : whitening_(whitening) {}
  void add(const UnitRun& run);
  /// @collective
  PopsRows choose(double percentile, const comm::Communicator& comm) const;

private:
  const Whitening& whitening_;
  std::vector<double> leverage_, square_;  ///< h and ‖δ‖² = e² / h
};

/// δ of the rows of a run that count, a column for each row, 0 for the others.
Eigen::MatrixXd corrections(const Whitening& whitening, const PopsRows& rows, const UnitRun& run);

/// Second pass of an ensemble: the rows whose hashes are the smallest.
class PopsChoice {
public:
  PopsChoice(const Whitening& whitening, const PopsRows& rows, const PopsOptions& options)
      : whitening_(whitening), rows_(rows), options_(options) {}
  void add(const UnitRun& run);
  /// δ of the chosen rows, a column for each, and their numbers. @collective
  std::pair<Eigen::MatrixXd, std::vector<Index>> total(const comm::Communicator& comm) const;

private:
  /// Rows are taken in the order of their hashes.
  struct Rank {
    std::uint64_t hash = 0;
    Index number = 0;  ///< of the row
    auto operator<=>(const Rank&) const = default;
  };

  const Whitening& whitening_;
  PopsRows rows_;
  PopsOptions options_;
  std::map<Rank, Eigen::VectorXd> chosen_;
};

/// Second pass of a hypercube: Σ δ δᵀ. Summands are rounded to multiples of a unit that is 2^-52 of a bound
/// of all sums, their trace, so that adding them is exact in any order.
class PopsMoments {
public:
  PopsMoments(const Whitening& whitening, const PopsRows& rows);
  void add(const UnitRun& run);
  /// @collective
  Eigen::MatrixXd total(const comm::Communicator& comm) const;

private:
  const Whitening& whitening_;
  PopsRows rows_;
  double unit_;
  Eigen::MatrixXd sum_;
};

/// Third pass of a hypercube: how corrections are spread along each axis.
class PopsBounds {
public:
  /// @param axes  orthonormal, n x modes
  /// @param moments  Σ (axis · δ)² of each
  PopsBounds(const Whitening& whitening, const PopsRows& rows, Eigen::MatrixXd axes,
             const Eigen::VectorXd& moments);
  void add(const UnitRun& run);
  /// The bounds that leave a part @p clip of the rows outside at each end, lower ones in the first column.
  /// @collective
  Eigen::MatrixXd total(double clip, const comm::Communicator& comm);

private:
  static constexpr Index n_bins = 32 * 40;  ///< 32 for each power of two, down to 2^-40 of the greatest
  /// Bin of a number in (0, 1]; n_bins for what is too small to matter.
  static Index bin_of(double x);
  /// The end of the bin that is further from 0.
  static double end_of(Index bin);

  const Whitening& whitening_;
  PopsRows rows_;
  Eigen::MatrixXd axes_;
  Eigen::VectorXd size_;                                         ///< above which no correction is
  Eigen::MatrixXd extremes_;                                     ///< modes x 2
  Eigen::Matrix<Index, Eigen::Dynamic, Eigen::Dynamic> counts_;  ///< (2 n_bins) x modes: negative, positive
};

}  // namespace tallfit::infer
