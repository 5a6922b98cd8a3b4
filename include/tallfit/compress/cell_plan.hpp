/// Which cells a compression keeps, as far as memory and the number of rows allow.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tallfit/compress/row_layout.hpp"

namespace tallfit::compress {

/// The parts of a key that cells are told apart by; tests and decades always are where they must be.
struct CellParts {
  bool group = true;
  bool row_type = true;
  bool fold = true;

  auto operator<=>(const CellParts&) const = default;
};

/// "group x row_type x fold", or "one cell".
std::string to_string(const CellParts& parts);

/// The cells of a compression and what they cost.
struct CellPlan {
  CellParts parts;
  std::vector<CellKey> cells;      ///< sorted
  std::vector<TargetSums> sums;    ///< of each cell
  std::map<CellKey, int> cell_of;  ///< finest key -> cell
  Index peak_bytes = 0;            ///< largest over the ranks: buffers and factors while rows are read
  Index held_bytes = 0;            ///< largest over the ranks: factors when the last row is read
  Index largest_piece_bytes = 0;   ///< of those factors
  std::vector<std::string> notes;  ///< what was coarsened, and why
};

/// What a plan may use.
struct CellLimits {
  CellParts wanted;
  bool explicit_parts = false;  ///< the user named the parts: coarsen for memory only
  bool only_fits = false;       ///< cells serve one fit, to which more of them are no use
  Index max_bytes = 0;          ///< for buffers and factors, per rank
  int n_ranks = 1;
};

/// The cells that parts and weights give: keys without what is not told apart, split by decade of the row
/// scale where that varies by more than a decade.
CellPlan make_cells(const RowLayout& layout, const CellParts& parts);

/// Cells of training rows whose scales lie within four decades, counted from the largest, for a fit that is
/// to merge them in order of scale; none where all scales do, and the order of rows hardly matters. Test rows
/// are in no cell.
std::optional<CellPlan> scale_classes(const RowLayout& layout);

/// Rows of each cell in leaves [begin, end): [cell][leaf - begin]. Cost: O(leaves x cells). Local.
std::vector<std::vector<Index>> rows_by_cell_and_leaf(const RowLayout& layout, const CellPlan& plan,
                                                      Index begin, Index end);

/// Sets peak_bytes, held_bytes and largest_piece_bytes: buffers, factors and pending pieces on the fullest
/// rank, by a replay of what the compression will allocate. Cost: O(leaves x cells). Local.
/// @param rows_stay  in memory, so that cells need no buffers of their own.
void predict_bytes_in_place(CellPlan& plan, const RowLayout& layout, int n_ranks, bool rows_stay = false);

/// The finest cells within the limits: row types are given up first, then groups, folds last.
///
/// Unless the user named the parts, cells are also coarsened until C K <= N / 8, so that compression saves at
/// least a factor of eight; below N / K = 80 that cannot be reached with ten folds and cells keep their rows.
/// @throws Error{resource} with numbers where not even one cell fits.
CellPlan plan_cells(const RowLayout& layout, const CellLimits& limits);

/// The same where something else than predict_bytes_in_place() sets peak_bytes of a plan.
CellPlan plan_cells(const RowLayout& layout, const CellLimits& limits,
                    const std::function<void(CellPlan&)>& predict_bytes);

}  // namespace tallfit::compress
