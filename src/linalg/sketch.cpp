#include "tallfit/linalg/sketch.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/grid_fold.hpp"

namespace tallfit::linalg {

namespace {

constexpr Index n_sections = 8;
constexpr Index slab_bytes = Index{16} << 20U;
constexpr std::uint32_t purpose = 0x736b6574;

/// Rows of a sketch that are made at once: equal parts of the ranks, of about slab_bytes.
Index slab_rows(Index n_cols, int n_ranks, Index section) {
  const Index most = std::max<Index>(1, slab_bytes / (double_bytes * (n_cols + 1)));
  const Index share = std::max<Index>(1, std::min(most, section) / n_ranks);
  return share * n_ranks;
}

/// Where a row goes within a slab, and with what sign.
struct Hit {
  Index row;
  Index place;
  double factor;
};

/// Writes row i of rank's own rows [a b], of n_cols + 1 numbers.
using RowWriter = std::function<void(Index, double*)>;

/// Brings all rows of all ranks into a factor.
void append_rows(GridFold& fold, const comm::Communicator& comm, Index n_rows, Index n_cols,
                 const RowWriter& write) {
  Index most[] = {n_rows};
  comm::max_in_place(comm, most);
  std::vector<double> chunk;
  for (Index begin = 0; begin < most[0]; begin += fold.most_rows()) {
    const Index count = std::clamp<Index>(n_rows - begin, 0, fold.most_rows());
    chunk.assign(static_cast<std::size_t>(count * n_cols), 0.0);
    for (Index i = 0; i < count; ++i) write(begin + i, chunk.data() + i * n_cols);
    fold.append(chunk);
  }
}

class Sketcher {
public:
  Sketcher(const comm::Communicator& comm, const SketchRows& rows, const SketchPlan& plan)
      : comm_(comm),
        rows_(rows),
        seed_(plan.seed),
        section_(ceil_div(plan.n_rows, n_sections)),
        slab_(slab_rows(rows.n_cols, comm.size(), section_)) {
    Index before[] = {rows.target.size()};
    comm::exclusive_scan_in_place(comm, before);
    first_ = before[0];
  }

  /// Makes the sketch slab by slab, and brings it into the factor.
  void append_to(GridFold& fold) const {
    const Index n = rows_.n_cols + 1;
    const Index share = slab_ / comm_.size();
    std::vector<double> slab(static_cast<std::size_t>(slab_ * n));
    std::vector<double> mine(static_cast<std::size_t>(share * n));
    for (Index section = 0; section < n_sections; ++section) {
      for (Index begin = 0; begin < section_; begin += slab_) {
        std::fill(slab.begin(), slab.end(), 0.0);
        add(hits(section, begin), slab);
        comm::sum_scattered(comm_, slab, mine);
        append_rows(fold, comm_, share, n,
                    [&](Index i, double* row) { std::copy_n(mine.data() + i * n, n, row); });
      }
    }
  }

private:
  std::vector<Hit> hits(Index section, Index begin) const {
    std::vector<Hit> list;
    const double size = 1.0 / std::sqrt(static_cast<double>(n_sections));
    for (Index i = 0; i < rows_.target.size(); ++i) {
      const std::uint64_t hash = random_hash({seed_, purpose}, static_cast<std::uint64_t>(first_ + i),
                                             static_cast<std::uint64_t>(section));
      const Index place = static_cast<Index>((hash >> 1U) % static_cast<std::uint64_t>(section_)) - begin;
      if (place >= 0 && place < slab_) list.push_back({i, place, (hash & 1U) != 0 ? size : -size});
    }
    return list;
  }

  void add(const std::vector<Hit>& list, std::vector<double>& slab) const {
    const Index n = rows_.n_cols + 1;
    for (const Hit& hit : list)
      slab[static_cast<std::size_t>(hit.place * n + n - 1)] += hit.factor * rows_.target(hit.row);
    if (rows_.sparse)
      add_sparse(list, slab);
    else
      add_dense(list, slab);
  }

  void add_sparse(const std::vector<Hit>& list, std::vector<double>& slab) const {
    const CompressedRows& a = *rows_.sparse;
    for (const Hit& hit : list) {
      double* row = slab.data() + hit.place * (rows_.n_cols + 1);
      const auto i = static_cast<std::size_t>(hit.row);
      for (auto at = static_cast<std::size_t>(a.begin[i]); at < static_cast<std::size_t>(a.begin[i + 1]);
           ++at)
        row[a.column[at]] += hit.factor * a.value[at];
    }
  }

  /// Columns of A are contiguous: a few of them at a time, so that their part of the slab stays in the cache.
  void add_dense(const std::vector<Hit>& list, std::vector<double>& slab) const {
    constexpr Index together = 8;
    const Eigen::MatrixXd& a = *rows_.dense;
    for (Index first = 0; first < rows_.n_cols; first += together) {
      const Index end = std::min(first + together, rows_.n_cols);
      for (const Hit& hit : list) {
        double* row = slab.data() + hit.place * (rows_.n_cols + 1);
        for (Index j = first; j < end; ++j) row[j] += hit.factor * a(hit.row, j);
      }
    }
  }

  const comm::Communicator& comm_;
  const SketchRows& rows_;
  std::uint64_t seed_;
  Index section_;    ///< rows of a section
  Index slab_;       ///< rows of the sketch in memory at once
  Index first_ = 0;  ///< number of this rank's first row
};

/// Row i of [A b] as it is.
RowWriter plain_rows(const SketchRows& rows) {
  return [&rows](Index i, double* out) {
    if (rows.sparse) {
      const auto at = static_cast<std::size_t>(i);
      for (auto e = static_cast<std::size_t>(rows.sparse->begin[at]);
           e < static_cast<std::size_t>(rows.sparse->begin[at + 1]); ++e)
        out[rows.sparse->column[e]] = rows.sparse->value[e];
    } else {
      for (Index j = 0; j < rows.n_cols; ++j) out[j] = (*rows.dense)(i, j);
    }
    out[rows.n_cols] = rows.target(i);
  };
}

}  // namespace

Index sketch_bytes(Index n_cols, int n_ranks) {
  const Index rows = slab_rows(n_cols, n_ranks, n_cols);
  return double_bytes * (n_cols + 1) * (rows + 2 * rows / n_ranks);
}

BlockCyclicMatrix sketched_factor(const ProcessGrid& grid, const SketchRows& rows,
                                  const Eigen::VectorXd& penalty, const SketchPlan& plan) {
  const comm::Communicator& comm = grid.comm();
  const Index n = rows.n_cols + 1;
  GridFold fold(grid, n, plan.rows_per_rank);
  Index n_rows[] = {rows.target.size()};
  comm::sum_in_place(comm, std::span<Index>(n_rows));
  if (n_rows[0] <= plan.n_rows)
    append_rows(fold, comm, rows.target.size(), n, plain_rows(rows));
  else
    Sketcher(comm, rows, plan).append_to(fold);
  if (penalty.size() > 0) {
    const Index mine = (rows.n_cols - comm.rank() + comm.size() - 1) / comm.size();
    append_rows(fold, comm, mine, n, [&](Index i, double* row) {
      const Index j = comm.rank() + i * comm.size();
      row[j] = penalty(j);
    });
  }
  return fold.finish();
}

}  // namespace tallfit::linalg
