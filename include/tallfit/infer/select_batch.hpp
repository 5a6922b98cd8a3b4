/// Batches of configurations, each chosen for what it adds to those before it.
#pragma once

#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/infer/design_criteria.hpp"
#include "tallfit/infer/pool.hpp"

namespace tallfit::infer {

/// A configuration of a batch, and what it does to the criterion.
struct Choice {
  Index unit = 0;  ///< its number in the pool
  Change change;
  double gain = 0.0;  ///< what was largest: the criterion's improvement, or the configuration's score
};

struct BatchOptions {
  Index size = 1;
  bool per_row = false;              ///< the largest gain for each row, not for each configuration
  std::vector<Index> left_out = {};  ///< units that may not be chosen; ascending
};

/// What was chosen, on every rank.
struct Batch {
  std::vector<Choice> choices;  ///< first choice first
  std::vector<double> scores;   ///< gain of each unit at the start, over its rows where per_row
  Index evaluations = 0;        ///< gains that were computed, over all ranks
};

/// Greedy: the configuration of the largest gain, then that of the largest gain given the first, and so on.
/// Of equal gains that of the lowest number is taken.
///
/// After each choice every rank folds its rows into the information by QR, which is the conditioning on what
/// was chosen: a second copy of a configuration is worth much less than the first. Gains that only fall
/// (d, t, variance, leverage, model_change) are computed again for the few configurations whose old gain
/// reaches the best new one (lazy greedy); others for all, in each step. Costs for n coordinates: n² m + n m²
/// flops a gain of m rows (n³ for e); a step sends one number from each rank and the n x m block of the
/// winner to all. The bits do not depend on the number of ranks. @collective
/// @throws Error{input} where the batch is larger than what may be chosen.
/// @see Minoux, "Accelerated greedy algorithms for maximizing submodular set functions" (1978); Nemhauser,
/// Wolsey, Fisher, Math. Program. 14 (1978) 265: d reaches 1 - 1/e of the best batch's gain.
Batch select_batch(const PoolTable& pool, const PoolBlocks& blocks, DesignCriterion& criterion,
                   const BatchOptions& options, const comm::Communicator& comm);

}  // namespace tallfit::infer
