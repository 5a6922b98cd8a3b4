#include "tallfit/compress/grid_compressor.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "waiting_pool.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/grid_folds.hpp"

namespace tallfit::compress {

namespace {

/// Between the rows that wait on each rank and the factors that all ranks share.
class CellFolder {
public:
  CellFolder(const GridCells& rows, const linalg::ProcessGrid& grid, Index block)
      : comm_(grid.comm()),
        block_rows_(design::rows_in(rows.block_bytes, rows.layout.n_cols)),
        folds_(grid, rows.layout.n_cols + 2, sizes_of(rows.cells), rows.rows_per_rank, block) {
    comm::all_or_none(comm_, [&] {
      pool_.emplace(rows.cells, rows.layout.n_cols, std::max(rows.waiting_rows, block_rows_));
    });
  }

  RowVisitor& visitor() { return *pool_; }

  /// Folds what fills panels, and more where another block would not fit; all when no rank reads any more.
  /// @return whether some rank does.   @collective
  bool fold_waiting(bool reads) {
    std::vector<Index> totals;
    for (std::size_t cell = 0; cell < pool_->n_cells(); ++cell) totals.push_back(pool_->n_rows(cell));
    totals.push_back(reads ? 1 : 0);
    comm::sum_in_place(comm_, totals);
    const bool some_read = totals.back() > 0;
    for (std::size_t cell = 0; cell < pool_->n_cells(); ++cell) {
      Index left = totals[cell];
      while (left >= folds_.panel_rows() || (!some_read && left > 0)) left = fold(cell);
    }
    if (some_read) make_room();
    return some_read;
  }

  std::vector<linalg::BlockCyclicMatrix> finish() { return folds_.finish(); }

private:
  static std::vector<Index> sizes_of(const CellPlan& plan) {
    std::vector<Index> sizes;
    for (const TargetSums& sums : plan.sums) sizes.push_back(sums.count);
    return sizes;
  }

  Index fold(std::size_t cell) {
    Index taken = 0;
    const Index left =
        folds_.fold(cell, pool_->n_rows(cell), [&, this] { return pool_->row(cell, taken++); });
    pool_->drop(cell, taken);
    return left;
  }

  void make_room() {
    for (;;) {
      Index most = pool_->n_rows();
      comm::max_in_place(comm_, std::span(&most, 1));
      if (most + block_rows_ <= pool_->capacity()) return;
      auto cell = static_cast<Index>(pool_->n_rows() == most ? pool_->fullest_cell() : pool_->n_cells());
      comm::min_in_place(comm_, std::span(&cell, 1));
      fold(static_cast<std::size_t>(cell));
    }
  }

  const comm::Communicator& comm_;
  Index block_rows_;
  std::optional<WaitingPool> pool_;
  linalg::GridFolds folds_;
};

}  // namespace

CompressedDesign compress_on_grid(const GridCells& rows, const linalg::ProcessGrid& grid, Index block) {
  CompressedDesign design = describe_design(rows.source.info(), rows.layout, rows.cells);
  CellFolder folder(rows, grid, block);
  RowVisitor* const visitors[] = {&folder.visitor()};
  std::optional<RowPass> pass;
  comm::all_or_none(grid.comm(),
                    [&] { pass.emplace(rows.source, rows.layout, visitors, rows.block_bytes, rows.what); });
  for (bool some_read = true; some_read;) {
    bool reads = false;
    comm::all_or_none(grid.comm(), [&] { reads = pass->step(); });
    some_read = folder.fold_waiting(reads);
  }
  std::vector<linalg::BlockCyclicMatrix> factors = folder.finish();
  for (std::size_t i = 0; i < factors.size(); ++i) {
    design.cells[i].home = Cell::on_grid;
    design.cells[i].dealt = std::move(factors[i]);
  }
  return design;
}

}  // namespace tallfit::compress
