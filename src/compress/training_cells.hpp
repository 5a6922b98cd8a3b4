/// The cells of a fit in the order in which they merge.
#pragma once

#include <vector>

#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::compress {

/// A cell of a design, which must outlive it, and the multiplier of its rows.
struct TrainingCell {
  const Cell& cell;
  double multiplier;
  double size;  ///< of its heaviest direction, to within a factor of K, times the multiplier
};

/// The cells that are fitted, by decreasing size times multiplier; ties keep the order of keys. @collective
/// @throws Error{input} as merge_training_cells().
std::vector<TrainingCell> training_cells(const CompressedDesign& design, const comm::Communicator& comm,
                                         const design::GroupMultipliers& multipliers);

}  // namespace tallfit::compress
