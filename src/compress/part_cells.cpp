#include "part_cells.hpp"

#include <algorithm>
#include <cmath>

namespace tallfit::compress {

namespace {

constexpr double decades_of_class = 4.0;

/// The class of each cell of a list of decreasing size; classes without cells are not counted.
std::vector<std::size_t> classes_of(const std::vector<TrainingCell>& cells) {
  std::vector<std::size_t> classes;
  double last = 0.0;
  for (const TrainingCell& cell : cells) {
    const double below =
        cell.size > 0.0 ? std::floor(std::log10(cells.front().size / cell.size) / decades_of_class) : last;
    const std::size_t previous = classes.empty() ? 0 : classes.back();
    classes.push_back(below > last ? previous + 1 : previous);
    last = below;
  }
  return classes;
}

}  // namespace

PartCells cells_of_parts(const CompressedDesign& design, const design::GroupMultipliers& multipliers,
                         HeldOut by, const std::vector<int>& parts, const comm::Communicator& comm) {
  const std::vector<TrainingCell> cells = training_cells(design, comm, multipliers);
  const std::vector<std::size_t> classes = classes_of(cells);
  PartCells result{.n_classes = classes.back() + 1, .cells = {}};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto part = std::lower_bound(parts.begin(), parts.end(), part_of(cells[i].cell.key, by));
    result.cells[{static_cast<std::size_t>(part - parts.begin()), classes[i]}].push_back(cells[i]);
  }
  return result;
}

}  // namespace tallfit::compress
