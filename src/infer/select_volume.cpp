#include "tallfit/infer/select_volume.hpp"

#include <algorithm>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/maxvol.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::infer {

namespace {

/// Numbers of the pool's rows, unit by unit.
class RowNumbering {
public:
  explicit RowNumbering(const PoolTable& pool) {
    for (const PoolUnit& unit : pool.units) begin_.push_back(begin_.back() + unit.n_rows);
  }
  Index begin(Index unit) const { return begin_[static_cast<std::size_t>(unit)]; }
  Index unit_of(Index number) const {
    return std::upper_bound(begin_.begin(), begin_.end(), number) - begin_.begin() - 1;
  }
  /// The units of some rows, each once, in the order of their first rows.
  std::vector<Index> units_of(const std::vector<Index>& numbers) const {
    std::vector<Index> units;
    for (const Index number : numbers)
      if (std::find(units.begin(), units.end(), unit_of(number)) == units.end())
        units.push_back(unit_of(number));
    return units;
  }

private:
  std::vector<Index> begin_ = {0};
};

bool is_left_out(const BatchOptions& options, Index unit) {
  return std::binary_search(options.left_out.begin(), options.left_out.end(), unit);
}

VolumeRows rows_to_choose_from(const PoolTable& pool, const PoolBlocks& blocks, const RowNumbering& numbering,
                               const BatchOptions& options) {
  VolumeRows rows;
  for (Index i = 0; i < pool.mine.count; ++i) {
    const Index unit = pool.mine.first + i;
    if (is_left_out(options, unit)) continue;
    for (Index row = 0; row < pool.unit(unit).n_rows; ++row)
      rows.numbers.push_back(numbering.begin(unit) + row);
  }
  rows.rows.resize(blocks.n_coordinates, static_cast<Index>(rows.numbers.size()));
  Index at = 0;
  for (Index i = 0; i < pool.mine.count; ++i) {
    if (is_left_out(options, pool.mine.first + i)) continue;
    const Eigen::MatrixXd& block = blocks.blocks[static_cast<std::size_t>(i)];
    rows.rows.middleCols(at, block.cols()) = block;
    at += block.cols();
  }
  return rows;
}

double log_volume(const Eigen::MatrixXd& columns) {
  if (columns.cols() == 0) return 0.0;
  const bool is_wide = columns.cols() > columns.rows();
  const Eigen::MatrixXd tall = is_wide ? Eigen::MatrixXd(columns.transpose()) : columns;
  return linalg::triangularise(tall).diagonal().array().abs().log().sum();
}

/// The choices in order, with the volumes of their rows.
std::vector<Choice> choices_of(const MaxVol& found, const RowNumbering& numbering) {
  std::vector<Choice> choices;
  std::vector<Index> taken;  // columns of found.chosen
  double before = 0.0;
  for (const Index unit : numbering.units_of(found.numbers)) {
    for (std::size_t i = 0; i < found.numbers.size(); ++i)
      if (numbering.unit_of(found.numbers[i]) == unit) taken.push_back(static_cast<Index>(i));
    const double after = log_volume(found.chosen(Eigen::all, taken));
    choices.push_back({.unit = unit, .change = {before, after}, .gain = after - before});
    before = after;
  }
  return choices;
}

std::vector<double> grades_of(const PoolTable& pool, const VolumeRows& rows, const MaxVol& found,
                              const RowNumbering& numbering, const comm::Communicator& comm) {
  std::vector<double> mine(static_cast<std::size_t>(pool.mine.count), 0.0);
  for (std::size_t i = 0; i < rows.numbers.size(); ++i) {
    double& grade = mine[static_cast<std::size_t>(numbering.unit_of(rows.numbers[i]) - pool.mine.first)];
    grade = std::max(grade, found.grades(static_cast<Index>(i)));
  }
  return comm::all_gather(comm, mine);
}

}  // namespace

Batch select_volume(const PoolTable& pool, const PoolBlocks& blocks, const BatchOptions& options,
                    const comm::Communicator& comm) {
  const Index n_open = pool.size() - static_cast<Index>(options.left_out.size());
  comm::require_replicated(comm, options.size <= n_open, ErrorKind::input,
                           "select.size = {} is more than the {} configurations that may be chosen",
                           options.size, n_open);
  const RowNumbering numbering(pool);
  const VolumeRows rows = rows_to_choose_from(pool, blocks, numbering, options);
  const MaxVol found =
      maxvol(rows,
             {.is_enough =
                  [&](const std::vector<Index>& numbers) {
                    return static_cast<Index>(numbering.units_of(numbers).size()) >= options.size;
                  }},
             comm);
  Batch batch;
  batch.choices = choices_of(found, numbering);
  comm::require_replicated(
      comm, static_cast<Index>(batch.choices.size()) <= options.size, ErrorKind::input,
      "the {} rows of the largest volume lie in {} configurations, more than select.size = "
      "{}. Set it to that or more",
      found.numbers.size(), batch.choices.size(), options.size);
  batch.scores = grades_of(pool, rows, found, numbering, comm);
  return batch;
}

}  // namespace tallfit::infer
