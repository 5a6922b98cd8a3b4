#include "tallfit/infer/pool.hpp"

#include <algorithm>
#include <limits>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/unit_runs.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::infer {

namespace {

/// Takes labels in order; a configuration becomes a unit with its first row that counts.
class UnitScan {
public:
  void take(const design::RowLabels& labels, std::size_t i, Index row) {
    if (!started_ || labels.configuration[i] != configuration_) {
      started_ = true;
      configuration_ = labels.configuration[i];
      begin_ = row;
      is_open_ = false;
    }
    if (labels.is_training(i)) {
      if (!is_open_)
        units_.push_back({.configuration = configuration_, .group = labels.group[i], .begin = begin_});
      is_open_ = true;
      ++units_.back().n_rows;
    }
    if (is_open_) units_.back().end = row + 1;
  }
  const std::vector<PoolUnit>& units() const { return units_; }

private:
  std::vector<PoolUnit> units_;
  std::uint64_t configuration_ = 0;
  Index begin_ = 0;
  bool started_ = false;
  bool is_open_ = false;  ///< whether the present configuration is a unit
};

}  // namespace

PoolTable survey_pool(design::RowSource& source, const compress::RowLayout& layout,
                      const comm::Communicator& comm) {
  constexpr Index at_once = Index{1} << 16U;
  UnitScan scan;
  comm::all_or_none(comm, [&] {
    design::RowLabels labels;
    for (Index at = layout.my_begin(); at < layout.my_end(); at += at_once) {
      const Index count = std::min(at_once, layout.my_end() - at);
      source.read_labels(at, count, labels);
      for (Index i = 0; i < count; ++i) scan.take(labels, static_cast<std::size_t>(i), at + i);
    }
  });
  PoolTable pool{.units = comm::all_gather(comm, scan.units()),
                 .mine = count_units(source, layout, Unit::configuration, comm)};
  return pool;
}

Index bytes_of_blocks(const PoolTable& pool, Index begin, Index end, Index n_coordinates, BlockForm form) {
  Index rows = 0;
  for (Index i = begin; i < end; ++i)
    rows += form == BlockForm::rows ? pool.unit(i).n_rows : std::min(pool.unit(i).n_rows, n_coordinates);
  return rows * n_coordinates * static_cast<Index>(sizeof(double));
}

PoolBlocks load_pool(design::RowSource& source, const compress::RowLayout& layout, const PoolTable& pool,
                     const Whitening& start, BlockForm form, Index block_bytes,
                     const comm::Communicator& comm) {
  PoolBlocks result{.blocks = std::vector<Eigen::MatrixXd>(static_cast<std::size_t>(pool.mine.count)),
                    .squares = std::vector<double>(static_cast<std::size_t>(pool.mine.count), 0.0),
                    .n_coordinates = start.rank()};
  const Index n = start.rank();
  const bool has_intercept = (start.root.bottomRows(1).array() != 0.0).any();
  UnitRuns runs(
      Unit::configuration, pool.mine, start.n_coeffs(),
      [&](const UnitRun& run) {
        const Eigen::MatrixXd q = whitened(start, run.rows, run.ones);
        for (const UnitRun::Part& part : run.parts) {
          const auto at = static_cast<std::size_t>(part.unit - pool.mine.first);
          const Index m = part.end - part.begin;
          Eigen::MatrixXd block = q.middleCols(part.begin, m);
          if (form == BlockForm::factors && m > n)
            block = linalg::triangularise(Eigen::MatrixXd(block.transpose())).transpose().eval();
          result.blocks[at] = std::move(block);
          result.squares[at] = run.rows.middleCols(part.begin, m).squaredNorm();
          if (has_intercept) result.squares[at] += run.ones.segment(part.begin, m).squaredNorm();
        }
      },
      std::numeric_limits<Index>::max());
  compress::RowVisitor* const visitors[] = {&runs};
  compress::run_row_pass(source, layout, comm, visitors, block_bytes, "read the pool");
  return result;
}

}  // namespace tallfit::infer
