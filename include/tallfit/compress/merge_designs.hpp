/// Joining compressed designs.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::compress {

/// A cell of one of several designs.
struct CellPlace {
  std::size_t design;
  std::size_t cell;
};

/// What several designs become in one, before a factor is touched.
struct MergePlan {
  CompressedDesign design;                          ///< its cells have sums and no factors
  std::map<CellKey, std::vector<CellPlace>> parts;  ///< of its cells, those of heavier rows first
};

/// Joins what designs of the same columns say of themselves; cells of equal group name, row type, fold and
/// decade become one. Factors are not looked at. Cost: O(cells). Local.
/// @throws Error{input} where there is no design, or where columns, numbers of folds or the parts of the
/// cells differ.
MergePlan plan_merge(const std::vector<CompressedDesign>& designs);

/// Leaves out the cells of a group, of a plan before their factors are read. @throws Error{input} where there
/// is no such group, or cells know no groups.
void drop_group_in_place(CompressedDesign& design, const std::string& group);

/// Merges the factors of a plan, whole ones on ranks: the parts of a cell over a tree.
///
/// Cost: (2/3) K³ flops for every part but the first of a cell. Memory of a rank: its parts and results, and
/// two K x K matrices. @collective
/// @param designs  that the plan is of, with their factors
/// @throws Error{bug} for factors on a grid.
CompressedDesign merge_designs(MergePlan plan, std::vector<CompressedDesign> designs,
                               const comm::Communicator& comm);

/// Plans and merges. @collective @throws Error{input} as plan_merge(), Error{bug} as above.
CompressedDesign merge_designs(std::vector<CompressedDesign> designs, const comm::Communicator& comm);

/// Gets the factor of a part onto a grid, the same one each time. @collective over the grid
using PartReader = std::function<linalg::BlockCyclicMatrix(const CellPlace&)>;

/// The same on a grid, where no rank has a whole factor.
///
/// Parts come one after the other and are folded into their cell where they lie: triangles without leaving
/// their ranks; cells of fewer than K + 2 rows are put one above the other. The order is that of the ranks'
/// merge, so that the design is the same up to rounding and the signs of rows of triangles.
///
/// Cost: (2/3) K³ / P flops for every part but the first of a cell. Memory of a rank: its share of the
/// results, of two K x K matrices, one of them the part that was read last, and of a panel of about K / 2 +
/// 256 rows. @collective over the grid
CompressedDesign merge_designs_on_grid(MergePlan plan, const PartReader& read);

}  // namespace tallfit::compress
