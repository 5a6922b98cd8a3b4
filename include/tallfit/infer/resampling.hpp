/// How often each replica of a bootstrap takes each unit of the rows.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::infer {

/// What is drawn as a whole.
enum class Unit { configuration, row, group };

/// Ways to draw from n units.
enum class Draw {
  bootstrap,  ///< round(fraction n) with replacement: multinomial counts
  poisson,    ///< counts of a Poisson distribution of that mean
  bayesian,   ///< weights of a flat Dirichlet distribution, times n: no replica lacks a unit
  subsample,  ///< round(fraction n) without replacement
  folds       ///< all but one of `folds` equal parts of a random order; each part in turn
};

struct Resampling {
  Draw draw = Draw::bootstrap;
  double fraction = 1.0;
  Index folds = 10;
  std::uint64_t seed = 0;
};

/// How many units there are, and which of them a rank has.
struct UnitRange {
  Index first = 0;
  Index count = 0;
  Index total = 0;
  Index first_leaf = 0;                 ///< of the rank
  std::vector<Index> before_leaf = {};  ///< units of all ranks before each leaf of the rank; not of groups
};

/// Weights of the units of a range, a column for each of replicas [first, first + count): whole numbers but
/// for Draw::bayesian, whose weights are whole multiples of 2^-20, at least one of
/// them and at most 15.
///
/// A number depends on the seed, the replica and the unit alone (Philox), so neither on the ranks nor on the
/// other replicas. Cost: n draws a replica, on every rank. Local.
/// @see Efron, Ann. Stat. 7 (1979) 1; Rubin, Ann. Stat. 9 (1981) 130; Chamandy et al. (Google, 2012)
/// @throws Error{input} without units, for a fraction out of range, or with fewer units than folds. A Poisson
/// replica may have no unit.
Eigen::MatrixXf replica_weights(const Resampling& how, const UnitRange& units, Index first, Index count);

}  // namespace tallfit::infer
