/// Training rows without those that are held out: what cross-validation fits.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::compress {

/// What is held out together.
enum class HeldOut { fold, group };

/// The fold or group of a cell.
int part_of(const CellKey& key, HeldOut by);

/// The folds or groups that have training rows of multiplier > 0, in increasing order.
/// @throws Error{input} as merge_training_cells(), and where cells do not tell the parts apart.
std::vector<int> held_out_parts(const CompressedDesign& design, const design::GroupMultipliers& multipliers,
                                HeldOut by);

/// The training rows of each part: factors of classes of row scales, the heavy ones first.
///
/// A class has four decades, counted from the heaviest cell of all. Cells of a part and class merge in order
/// of decreasing scale. Parts merge class by class, in any order, and the classes of what is fitted at the
/// end, heavy ones on top: so rows that are lighter by more than 1e4 keep their digits, as in
/// merge_training_cells(); others lose at most four.
struct PartFactors {
  Index n_cols = 0;  ///< of the factors, K + 2
  std::size_t n_classes = 0;
  std::vector<int> owners;                   ///< the rank of each part, not decreasing
  std::vector<std::vector<Factor>> factors;  ///< [part][class]; empty factors on other ranks
};

/// Merges the cells of parts, and leaves them on ranks, part i of n on rank i P / n. Cost: a merge for each
/// cell. @collective
/// @param parts  as held_out_parts()
PartFactors factors_of_parts(const CompressedDesign& design, const design::GroupMultipliers& multipliers,
                             HeldOut by, const std::vector<int>& parts, const comm::Communicator& comm);

/// For each part of this rank, by its place in the list, the factor of all other parts.
///
/// Cost: 3 n - 6 merges of (2/3) K³ flops for n parts and each class, over the ranks, and a merge for each
/// further class; memory of a rank: 3 n / P + 2 log2 n triangles for each class. @collective
std::map<int, Factor> factors_without_part(const PartFactors& parts, const comm::Communicator& comm);

/// Factors that are left on ranks, the i-th of n on rank i P / n.
struct SpreadFactors {
  std::map<int, Factor> factors;  ///< of this rank, by i
  std::vector<int> owners;        ///< of each, not decreasing
};

/// Moves those of @p chosen numbers, in this order, to ranks that share them evenly; the others go. Cost: a
/// message for each. @collective
/// @param factors  of this rank, by number
/// @param owners   of each number
SpreadFactors spread_factors(std::map<int, Factor> factors, const std::vector<int>& owners,
                             const std::vector<int>& chosen, const comm::Communicator& comm);

/// The parts that are fitted while one is held out: the next ones of the list, from its begin on after its
/// end.
///
/// So the parts of a smaller number are among those of a larger one.
std::vector<int> next_parts(int held_out, int number, int n_parts);

/// For each of some numbers of parts, in increasing order, the factors of so many next_parts() of each part
/// of this rank. All ranks visit a number together, so that @p take may be collective.
///
/// Cost: a merge and a message for each part and number up to the largest; memory of a rank: 2 n / P
/// triangles for each class. @collective
void visit_next_parts(const PartFactors& parts, const std::vector<int>& numbers,
                      const comm::Communicator& comm,
                      const std::function<void(int number, std::map<int, Factor> factors)>& take);

/// Takes the place of a part in the list and the factor of all other parts: min(rows, K + 2) rows, a triangle
/// where it is square.
using TakeGridFactor = std::function<void(int, const linalg::BlockCyclicMatrix&)>;

/// The same for a design on a grid: all ranks merge, and visit the parts in order, together.
/// Cost: as above, over P ranks; memory of a rank: 3 n triangles of K² / P numbers. @collective over the grid
void visit_factors_without_part_on_grid(const CompressedDesign& design,
                                        const design::GroupMultipliers& multipliers, HeldOut by,
                                        const std::vector<int>& parts, const TakeGridFactor& take);

/// visit_next_parts() for a design on a grid. @collective over the grid
void visit_next_parts_on_grid(
    const CompressedDesign& design, const design::GroupMultipliers& multipliers, HeldOut by,
    const std::vector<int>& parts, const std::vector<int>& numbers,
    const std::function<void(int number, int part, const linalg::BlockCyclicMatrix& factor)>& take);

}  // namespace tallfit::compress
