/// Errors of rows that are correlated along sequences.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tallfit/design/row_source.hpp"

namespace tallfit::design {

/// Correlation of two errors of a sequence whose rows lie d apart.
enum class NoiseKind {
  equicorrelated,  ///< ρ at any distance
  ar1,             ///< ρ^d, d counted in places of the sequence
  exponential,     ///< exp(-d/l), d a difference of times
  blocks           ///< as a table says; C has a block for each configuration, over all row types
};

/// What the rows of a sequence share.
enum class NoiseWithin {
  configuration,  ///< rows of one row type of a configuration, in order
  group           ///< the k-th rows of a row type in adjacent configurations of one group: a trajectory
};

/// Errors of w b have the covariance σ² C; C has blocks of sequences. With a nugget ν it is (C + ν I), so
/// that σ² is always the variance of the correlated part.
struct NoiseModel {
  NoiseKind kind = NoiseKind::ar1;
  NoiseWithin within = NoiseWithin::configuration;
  double parameter = 0.0;  ///< ρ, or the length l in units of the times
  double nugget = 0.0;     ///< ν of ar1 and exponential

  /// The last row is all that the past says of the next one.
  bool forgets() const { return (kind == NoiseKind::ar1 || kind == NoiseKind::exponential) && nugget == 0.0; }
};

/// @throws Error{input} naming noise.parameter or noise.nugget where no C is positive definite.
void require_valid(const NoiseModel& model);

/// What whitening does with one row y = w [a 1 b], where its sequence keeps u of the rows before:
///   f = carry u,   L⁻¹ y = gain (y - f),   u <- (1 - blend) f + blend y
/// Before, y is reduced by past_j times the u of lane j. A covariance block has a lane for each row, whose u
/// is L⁻¹ y, and past is a row of L; the other models have no past.
struct WhiteningStep {
  static constexpr Index missing = -1;

  Index lane = missing;  ///< the sequence; missing: the row takes no part, and stays as it is
  double carry = 0.0;
  double gain = 1.0;
  double blend = 1.0;
  std::vector<double> past = {};
};

/// Follows the sequences of rows that come in order, and says how each row is whitened.
///
/// The correlated part is a Markov process that is seen through white noise, so that the Cholesky factor of
/// C acts by the recursion of the Kalman filter: O(1) a row, whatever the length of the sequence. Rows of w =
/// 0 and test rows are missing: they keep their places and times, and C has no line for them.
/// @see Foreman-Mackey et al., Astron. J. 154 (2017) 220 (celerite: the same factor); Prais and Winsten
/// (1954)
class NoiseSequences {
public:
  explicit NoiseSequences(const NoiseModel& model) : model_(model) {}

  /// Steps of the next rows. Lanes are numbered from 0 in each configuration, or run of configurations of a
  /// group, in the order in which they are met.
  /// @param first_row  number of the first of them, for messages
  /// @param table  for each row its time (exponential), or its covariances with the rows of its configuration
  ///               (blocks, as many numbers for each row); else not read
  /// @throws Error{input} where times do not increase, or not without a nugget, where a sequence is too long
  /// for its negative correlation, or a block is too small, not symmetric or not positive definite.
  void advance(const RowLabels& labels, std::span<const double> table, Index first_row,
               std::vector<WhiteningStep>& steps);

private:
  struct Lane {
    bool seen = false;
    double place = 0.0;     ///< of the last row that was not missing: a count, or a time
    double variance = 0.0;  ///< of the correlated part given the rows so far
  };

  void enter(std::uint64_t configuration, std::uint32_t group);
  std::size_t lane_of(RowType type, Index ordinal);
  WhiteningStep step(Lane& lane, double place, Index row) const;
  WhiteningStep block_step(std::span<const double> covariances, Index row);

  NoiseModel model_;
  bool started_ = false;
  std::uint64_t configuration_ = 0;
  std::uint32_t group_ = 0;
  Index configurations_ = 0;                   ///< of the run so far
  std::array<Index, n_row_types> ordinals_{};  ///< rows of each type of the configuration so far
  std::array<std::vector<std::size_t>, n_row_types> lanes_of_type_;  ///< by ordinal along a trajectory
  std::vector<Lane> lanes_;

  /// The block of a configuration, as far as its rows have come.
  struct Block {
    Index n_rows = 0;
    std::vector<Index> members;       ///< rows that are not missing, by number in the configuration
    std::vector<double> covariances;  ///< of the members, as in the table
    std::vector<double> factor;       ///< rows of L over the members, packed
  };
  Block block_;
};

}  // namespace tallfit::design
