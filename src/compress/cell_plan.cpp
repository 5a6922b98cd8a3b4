#include "tallfit/compress/cell_plan.hpp"

#include <algorithm>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/compress/fold_schedule.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::compress {

namespace {

constexpr double rows_per_column_for_folds = 80.0;

CellKey coarsened(const CellKey& key, const CellParts& parts) {
  return {.group = parts.group ? key.group : CellKey::any,
          .row_type = parts.row_type ? key.row_type : CellKey::any,
          .fold = parts.fold || key.is_test() ? key.fold : CellKey::any};
}

/// What a rank holds while it compresses, cell by cell.
class Replay {
public:
  Replay(Index n_cols, std::size_t n_cells, bool rows_stay)
      : n_cols_(n_cols), rows_stay_(rows_stay), pieces_(n_cells) {}

  /// @param rows  of each cell in each leaf from first_leaf on
  void run(Index first_leaf, const std::vector<std::vector<Index>>& rows) {
    std::vector<std::vector<FoldedNode>> folded;
    folded.reserve(rows.size());
    for (const std::vector<Index>& of_cell : rows)
      folded.push_back(folded_nodes(0, first_leaf, of_cell, n_cols_));
    std::vector<std::size_t> next(rows.size(), 0);
    const Index n_leaves = rows.empty() ? 0 : static_cast<Index>(rows.front().size());
    for (Index leaf = first_leaf; leaf < first_leaf + n_leaves; ++leaf) {
      const auto at = static_cast<std::size_t>(leaf - first_leaf);
      const auto folds = [&](std::size_t cell) {
        return next[cell] < folded[cell].size() && folded[cell][next[cell]].first_leaf() <= leaf;
      };
      for (std::size_t cell = 0; cell < rows.size(); ++cell) {
        if (!folds(cell)) {
          active_ += buffer_bytes(rows[cell][at]);
        } else if (folded[cell][next[cell]].first_leaf() == leaf) {
          active_ += folding_bytes(folded[cell][next[cell]]);
        }
      }
      note(0);
      for (std::size_t cell = 0; cell < rows.size(); ++cell) {
        if (!folds(cell)) {
          active_ -= buffer_bytes(rows[cell][at]);
          push(pieces_[cell], {.level = 0, .index = leaf, .rows = rows[cell][at], .is_raw = true});
        } else if (const FoldedNode& node = folded[cell][next[cell]]; node.end_leaf() == leaf + 1) {
          active_ -= folding_bytes(node);
          ++next[cell];
          push(pieces_[cell],
               {.level = node.node.level, .index = node.node.index, .rows = n_cols_, .is_raw = false});
        }
      }
    }
  }

  Index peak() const { return peak_ + buffer_bytes(shared_rows_); }
  Index held() const { return held_; }
  Index largest_piece() const {
    Index largest = 0;
    for (const std::vector<Node>& stack : pieces_)
      for (const Node& node : stack) largest = std::max(largest, piece_bytes(node));
    return largest;
  }

private:
  struct Node {
    int level;
    Index index;
    Index rows;
    bool is_raw;
  };

  void note(Index extra) { peak_ = std::max(peak_, held_ + active_ + extra); }

  Index triangle_bytes() const { return double_bytes * linalg::packed_size(n_cols_); }
  Index buffer_bytes(Index rows) const { return double_bytes * rows * n_cols_; }

  Index folding_bytes(const FoldedNode& node) {
    Index largest = 0;
    for (const Index rows : node.parts) largest = std::max(largest, linalg::fold_rows(rows));
    if (!rows_stay_) return buffer_bytes(largest) + triangle_bytes();
    shared_rows_ = std::max(shared_rows_, largest);
    return triangle_bytes();
  }

  Index piece_bytes(const Node& node) const {
    return node.is_raw ? buffer_bytes(node.rows) : triangle_bytes();
  }

  /// Of the buffer through which rows, or one of two triangles, are folded into a new triangle.
  Index folded_rows(const Node& left, const Node& right) const {
    if (left.is_raw && right.is_raw) return linalg::fold_rows(left.rows + right.rows);
    if (!left.is_raw && !right.is_raw) return n_cols_;
    return linalg::fold_rows(left.is_raw ? left.rows : right.rows);
  }

  void push(std::vector<Node>& stack, Node node) {
    held_ += piece_bytes(node);
    note(0);
    while (node.index % 2 == 1 && !stack.empty() && stack.back().level == node.level) {
      const Node left = stack.back();
      stack.pop_back();
      Node parent{node.level + 1, node.index / 2, left.rows + node.rows, left.is_raw && node.is_raw};
      const bool merges = left.rows > 0 && node.rows > 0;
      if (merges && parent.rows >= most_raw_rows({.level = parent.level, .index = parent.index}, n_cols_))
        parent.is_raw = false;
      if (merges && !parent.is_raw) note(triangle_bytes() + buffer_bytes(folded_rows(left, node)));
      held_ += piece_bytes(parent) - piece_bytes(left) - piece_bytes(node);
      node = parent;
    }
    stack.push_back(node);
  }

  Index n_cols_;
  bool rows_stay_;
  Index shared_rows_ = 0;  ///< of the buffer through which all cells fold rows that stay where they are
  std::vector<std::vector<Node>> pieces_;
  Index held_ = 0;    ///< by finished leaves
  Index active_ = 0;  ///< by the cells of the present leaf that are not finished
  Index peak_ = 0;
};

/// The plan of cells whose keys are given for finest keys; rows of others are in no cell.
CellPlan plan_of(const RowLayout& layout, const CellParts& parts, const std::map<CellKey, CellKey>& key_of) {
  CellPlan plan;
  plan.parts = parts;
  std::map<CellKey, TargetSums> cells;
  for (const LeafCell& cell : layout.leaf_cells) {
    const auto found = key_of.find(cell.key);
    if (found != key_of.end()) cells[found->second].add(cell.sums);
  }
  std::map<CellKey, int> index;
  for (const auto& [key, sums] : cells) {
    index[key] = static_cast<int>(plan.cells.size());
    plan.cells.push_back(key);
    plan.sums.push_back(sums);
  }
  for (const auto& [fine, key] : key_of) plan.cell_of[fine] = index[key];
  return plan;
}

/// Steps from the wanted parts to a single cell.
std::vector<CellParts> coarsening_steps(const CellParts& wanted) {
  std::vector<CellParts> steps = {wanted};
  const auto add = [&](CellParts parts) {
    parts.group = parts.group && wanted.group;
    parts.row_type = parts.row_type && wanted.row_type;
    parts.fold = parts.fold && wanted.fold;
    if (std::find(steps.begin(), steps.end(), parts) == steps.end()) steps.push_back(parts);
  };
  add({.group = true, .row_type = false, .fold = true});
  add({.group = false, .row_type = true, .fold = true});
  add({.group = false, .row_type = false, .fold = true});
  add({.group = false, .row_type = false, .fold = false});
  return steps;
}

}  // namespace

std::string to_string(const CellParts& parts) {
  std::string text;
  const auto add = [&](bool has, const char* name) {
    if (!has) return;
    if (!text.empty()) text += " x ";
    text += name;
  };
  add(parts.group, "group");
  add(parts.row_type, "row_type");
  add(parts.fold, "fold");
  return text.empty() ? "one cell" : text;
}

CellPlan make_cells(const RowLayout& layout, const CellParts& parts) {
  std::map<CellKey, TargetSums> coarse;
  for (const LeafCell& cell : layout.leaf_cells) coarse[coarsened(cell.key, parts)].add(cell.sums);

  std::map<CellKey, CellKey> key_of;
  for (const LeafCell& cell : layout.leaf_cells) {
    CellKey key = coarsened(cell.key, parts);
    const TargetSums& all = coarse[key];
    if (all.max_scale > 10.0 * all.min_scale) key.decade = cell.key.decade;
    key_of[cell.key] = key;
  }
  return plan_of(layout, parts, key_of);
}

std::optional<CellPlan> scale_classes(const RowLayout& layout) {
  constexpr int decades_of_class = 4;  // rows as they come lose at most so many digits
  TargetSums all;
  int top = -CellKey::no_decade;
  for (const LeafCell& cell : layout.leaf_cells) {
    if (cell.key.is_test()) continue;
    all.add(cell.sums);
    top = std::max(top, cell.key.decade);
  }
  if (!(all.max_scale > 1e4 * all.min_scale)) return std::nullopt;
  std::map<CellKey, CellKey> key_of;
  for (const LeafCell& cell : layout.leaf_cells) {
    if (cell.key.is_test()) continue;
    const int decade = top - (top - cell.key.decade) / decades_of_class * decades_of_class;
    key_of[cell.key] = CellKey{.decade = decade};
  }
  CellPlan plan = plan_of(layout, {.group = false, .row_type = false, .fold = false}, key_of);
  plan.notes.push_back(fmt::format("row weights span {:.0e} to {:.0e}: a cell for each {} decades of them",
                                   all.min_scale, all.max_scale, decades_of_class));
  return plan;
}

std::vector<std::vector<Index>> rows_by_cell_and_leaf(const RowLayout& layout, const CellPlan& plan,
                                                      Index begin, Index end) {
  std::vector<std::vector<Index>> rows(plan.cells.size(),
                                       std::vector<Index>(static_cast<std::size_t>(end - begin)));
  auto next = std::lower_bound(layout.leaf_cells.begin(), layout.leaf_cells.end(), begin,
                               [](const LeafCell& cell, Index leaf) { return cell.leaf < leaf; });
  for (; next != layout.leaf_cells.end() && next->leaf < end; ++next) {
    rows[static_cast<std::size_t>(plan.cell_of.at(next->key))]
        [static_cast<std::size_t>(next->leaf - begin)] += next->sums.count;
  }
  return rows;
}

void predict_bytes_in_place(CellPlan& plan, const RowLayout& layout, int n_ranks, bool rows_stay) {
  plan.peak_bytes = plan.held_bytes = plan.largest_piece_bytes = 0;
  for (int rank = 0; rank < n_ranks; ++rank) {
    Replay replay(layout.n_cols + 2, plan.cells.size(), rows_stay);
    const Index begin = first_leaf_of(rank, n_ranks, layout.n_leaves());
    const Index end = first_leaf_of(rank + 1, n_ranks, layout.n_leaves());
    replay.run(begin, rows_by_cell_and_leaf(layout, plan, begin, end));
    plan.peak_bytes = std::max(plan.peak_bytes, replay.peak());
    plan.held_bytes = std::max(plan.held_bytes, replay.held());
    plan.largest_piece_bytes = std::max(plan.largest_piece_bytes, replay.largest_piece());
  }
}

CellPlan plan_cells(const RowLayout& layout, const CellLimits& limits) {
  return plan_cells(layout, limits,
                    [&](CellPlan& plan) { predict_bytes_in_place(plan, layout, limits.n_ranks); });
}

CellPlan plan_cells(const RowLayout& layout, const CellLimits& limits,
                    const std::function<void(CellPlan&)>& predict_bytes) {
  const double rows_per_column = static_cast<double>(layout.n_used) / static_cast<double>(layout.n_cols);
  const bool few_rows = !limits.only_fits && rows_per_column < rows_per_column_for_folds;
  std::vector<std::string> notes;
  if (few_rows && limits.wanted != CellParts{.group = false, .row_type = false, .fold = false}) {
    notes.push_back(
        fmt::format("N/K = {:.0f} is below {:.0f}: cells keep most of their rows, compression saves little",
                    rows_per_column, rows_per_column_for_folds));
  }
  Index smallest = 0;
  for (const CellParts& parts : coarsening_steps(limits.wanted)) {
    CellPlan plan = make_cells(layout, parts);
    const auto n_cells = static_cast<Index>(plan.cells.size());
    const bool last = parts == coarsening_steps(limits.wanted).back();
    if (!few_rows && !limits.explicit_parts && !last && n_cells * layout.n_cols > layout.n_used / 8) {
      notes.push_back(fmt::format("{}: {} cells x {} columns exceed an eighth of the {} rows; coarsened",
                                  to_string(parts), n_cells, layout.n_cols, layout.n_used));
      continue;
    }
    predict_bytes(plan);
    if (plan.peak_bytes <= limits.max_bytes) {
      plan.notes = notes;
      return plan;
    }
    smallest = plan.peak_bytes;
    notes.push_back(
        fmt::format("{}: {} cells need {:.1f} MiB per rank, {:.1f} MiB are left by the limit; coarsened",
                    to_string(parts), n_cells, static_cast<double>(plan.peak_bytes) / 1048576.0,
                    static_cast<double>(limits.max_bytes) / 1048576.0));
  }
  fail(ErrorKind::resource,
       "not even one cell of {} columns fits: it needs {:.1f} MiB per rank for factors and row buffers, and "
       "run.memory_per_rank leaves {:.1f} MiB. Raise run.memory_per_rank, or use fewer ranks per node",
       layout.n_cols, static_cast<double>(smallest) / 1048576.0,
       static_cast<double>(limits.max_bytes) / 1048576.0);
}

}  // namespace tallfit::compress
