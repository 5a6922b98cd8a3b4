/// The training cells of what is held out together, by class of row scales.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "training_cells.hpp"

#include "tallfit/compress/held_out.hpp"

namespace tallfit::compress {

/// Cells of each (part, class), by their places in the lists, in order of decreasing size.
struct PartCells {
  std::size_t n_classes = 0;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<TrainingCell>> cells;
};

/// @collective @throws Error{input} as merge_training_cells()
PartCells cells_of_parts(const CompressedDesign& design, const design::GroupMultipliers& multipliers,
                         HeldOut by, const std::vector<int>& parts, const comm::Communicator& comm);

}  // namespace tallfit::compress
