/// The compressed design: one factor for each cell of rows, from which everything linear and Gaussian
/// follows.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/cell_key.hpp"
#include "tallfit/compress/cell_plan.hpp"
#include "tallfit/compress/factor.hpp"
#include "tallfit/design/row_source.hpp"
#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::compress {

/// One cell. Its factor is of w [A 1 b], in one of two forms: whole on rank `home`, or dealt over a grid.
struct Cell {
  static constexpr int on_grid = -1;  ///< value of home for a factor that no rank holds

  CellKey key;
  TargetSums sums;
  int home = 0;
  Factor factor;
  /// On a grid: min(rows, K + 2) rows, a triangle where it is square.
  std::optional<linalg::BlockCyclicMatrix> dealt = std::nullopt;
};

/// A design matrix without its rows. Everything but the factors is the same on every rank, and all factors
/// have the same form.
struct CompressedDesign {
  std::string name;  ///< for messages: where it came from
  std::vector<std::string> group_names;
  std::vector<std::string> column_names;
  std::optional<design::SnapMetadata> snap;
  Index n_rows = 0;  ///< of the design, rows of weight 0 included
  Index n_configurations = 0;
  int n_folds = 0;  ///< < 2: none
  std::uint64_t seed = 0;
  CellParts parts;          ///< what cells are told apart by
  std::vector<Cell> cells;  ///< sorted by key

  Index n_cols() const { return static_cast<Index>(column_names.size()); }
  /// Whether factors are dealt over a grid.
  bool on_grid() const { return !cells.empty() && cells.front().dealt.has_value(); }
};

/// The design that a plan makes of rows, without factors.
CompressedDesign describe_design(const design::DesignInfo& info, const RowLayout& layout,
                                 const CellPlan& plan);

/// A number that differs for designs with other columns (names, order or number); only designs of equal
/// fingerprints may be merged or used to predict for one another.
std::uint64_t fingerprint(const std::vector<std::string>& column_names);

/// Multipliers of the row scales by group and row type; the loss weight is their square.
/// @see INTERFACE, fit.weights: "group", "group.row_type" or "*.row_type"; the most exact name wins.
design::GroupMultipliers group_multipliers(const std::vector<std::string>& group_names,
                                           const std::map<std::string, double>& weights);

/// The factor of all training rows, on rank 0 (empty elsewhere), each cell times its multiplier.
///
/// Cells merge in order of decreasing scale, for a heavy factor merged onto a light one costs digits.
/// Cells of multiplier 0 and test cells are left out. Cost: C merges of (2/3) K^3 flops over a tree.
/// @collective
/// @throws Error{input} where multipliers tell apart what the cells do not.
Factor merge_training_cells(const CompressedDesign& design, const comm::Communicator& comm,
                            const design::GroupMultipliers& multipliers);

/// The same for factors on a grid: min(rows, K + 2) rows on it, a triangle where it is square.
///
/// Triangles merge without leaving their ranks, by a panel of the usual size; while there are fewer than K +
/// 2 rows they are put one above the other. Memory of a rank: its share of two K x K matrices and of the
/// panel. Cost: (2/3) K^3 / P flops a cell. @collective over the grid
/// @throws Error{input} as merge_training_cells().
linalg::BlockCyclicMatrix merge_training_cells_on_grid(const CompressedDesign& design,
                                                       const design::GroupMultipliers& multipliers);

/// The multiplier of a cell. @throws Error{input} as merge_training_cells().
double cell_multiplier(const CompressedDesign& design, const CellKey& key,
                       const design::GroupMultipliers& multipliers);

/// How many rows are fitted: not for testing, and of multiplier > 0. @throws Error{input} as
/// merge_training_cells().
Index count_training_rows(const CompressedDesign& design, const design::GroupMultipliers& multipliers);

}  // namespace tallfit::compress
