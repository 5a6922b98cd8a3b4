#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "rows.hpp"
#include "select_start.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/information.hpp"
#include "tallfit/infer/select_batch.hpp"
#include "tallfit/infer/select_volume.hpp"
#include "tallfit/io/matrix_reader.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/io/selection_file.hpp"

namespace tallfit::app {

namespace {

bool by_volume(const Config& config) { return config.select.criterion == "maxvol"; }

/// Units of the pool that earlier selections chose.
std::vector<Index> excluded_units(const Config& config, const infer::PoolTable& pool,
                                  const comm::Communicator& world) {
  std::set<std::uint64_t> chosen;
  comm::all_or_none(world, [&] {
    for (const std::string& path : config.select.exclude)
      for (const std::uint64_t configuration : io::read_selection(path)) chosen.insert(configuration);
  });
  std::vector<Index> units;
  for (Index i = 0; i < pool.size(); ++i)
    if (chosen.contains(pool.unit(i).configuration)) units.push_back(i);
  return units;
}

/// select.functionals: each row K numbers, or K + 1 with that of the intercept.
Eigen::MatrixXd read_functionals(const std::string& path, Index n_cols) {
  const auto reader = io::open_matrix(path);
  require(
      reader->n_cols() == n_cols || reader->n_cols() == n_cols + 1, ErrorKind::input,
      "select.functionals = {}: has {} columns; expected {}, one for each coefficient, or one more for the "
      "intercept",
      reader->describe(), reader->n_cols(), n_cols);
  design::RowMajorMatrix rows(reader->n_rows(), reader->n_cols());
  reader->read_rows(0, rows.rows(), rows.data());
  require(rows.allFinite(), ErrorKind::input, "select.functionals = {}: holds NaN or infinity", path);
  Eigen::MatrixXd all = Eigen::MatrixXd::Zero(rows.rows(), n_cols + 1);
  all.leftCols(rows.cols()) = rows;
  return all;
}

/// F for which tr F C Fᵀ is the mean predictive variance of the rows.
Eigen::MatrixXd mean_of(const FewRows& rows) {
  return rows.factor / std::sqrt(static_cast<double>(rows.n_rows));
}

/// F of c, i and v.
Eigen::MatrixXd functionals_of(const Config& config, const KnownFit& fit, const PlannedRows& planned,
                               const FewRows& of_pool, const comm::Communicator& world) {
  const std::string& criterion = config.select.criterion;
  Eigen::MatrixXd functionals;
  if (criterion == "i") return mean_of(of_pool);
  if (criterion == "c")
    comm::all_or_none(
        world, [&] { functionals = read_functionals(config.select.functionals, planned.info().n_cols); });
  if (criterion == "v") {
    Config of_region = select_rows_config(config);
    of_region.data = {};
    of_region.data.design = config.select.region;
    const PlannedRows region = plan_rows(of_region, world, select_rows_use(true, fit.kernel));
    comm::require_replicated(world,
                             compress::fingerprint(region.info().column_names) ==
                                 compress::fingerprint(planned.info().column_names),
                             ErrorKind::input,
                             "select.region = {} has other columns than the pool {}: both must have the same",
                             config.select.region, planned.info().name);
    functionals = mean_of(factor_of_rows(region, fit.has_intercept, world));
  }
  return functionals;
}

infer::PoolBlocks load_blocks(const Config& config, const PlannedRows& planned, const infer::PoolTable& pool,
                              const infer::Whitening& start, const comm::Communicator& world) {
  const auto form = infer::looks_at_rows(config.select.criterion) || by_volume(config)
                        ? infer::BlockForm::rows
                        : infer::BlockForm::factors;
  Index bytes =
      infer::bytes_of_blocks(pool, pool.mine.first, pool.mine.first + pool.mine.count, start.rank(), form);
  comm::max_in_place(world, std::span(&bytes, 1));
  Index room = memory_limit(config, world) - current_rss_bytes();
  comm::min_in_place(world, std::span(&room, 1));
  comm::require_replicated(world, bytes <= room, ErrorKind::resource,
                           "the rows of the pool take {} MiB on a rank, but {} MiB are left of "
                           "run.memory_per_rank. Use more ranks, or select from a part of the pool",
                           bytes >> 20U, std::max(Index{0}, room) >> 20U);
  const Phase phase("load pool");
  return infer::load_pool(planned.rows(), planned.layout, pool, start, form, planned.block_bytes(), world);
}

}  // namespace

void run_select(const Config& config, const comm::Communicator& world) {
  const Config::Select& options = config.select;
  comm::require_replicated(world, !reads_compressed(config, world), ErrorKind::input,
                           "{} is a compressed design, which has no configurations to choose from. Give the "
                           "design file of the pool",
                           config.data.design);
  std::optional<io::OutputFolder> folder;
  KnownFit fit;
  comm::all_or_none(world, [&] {
    if (world.is_root()) folder.emplace(config.output);
    fit = read_known_fit(config);
  });
  const bool needs_factor = options.criterion == "i" || options.lambda > 0.0 || by_volume(config);
  const PlannedRows planned =
      plan_rows(select_rows_config(config), world, select_rows_use(needs_factor, fit.kernel));
  const infer::PoolTable pool = infer::survey_pool(planned.rows(), planned.layout, world);
  FewRows of_pool;
  Eigen::VectorXd squares;  // of a mean configuration
  if (needs_factor) {
    of_pool = factor_of_rows(planned, fit.has_intercept, world);
    squares = of_pool.factor.colwise().squaredNorm().transpose() / static_cast<double>(pool.size());
  }
  infer::Whitening start;
  if (by_volume(config))
    comm::all_or_none(world, [&] {
      start = infer::information_of_rows(of_pool.factor, Eigen::VectorXd::Zero(of_pool.factor.cols()),
                                         config.solver.rcond);
    });
  else
    start = select_start(config, fit, planned.info(), squares, world);
  const infer::PoolBlocks blocks = load_blocks(config, planned, pool, start, world);
  const infer::BatchOptions batch_options{
      .size = options.size, .per_row = options.per == "row", .left_out = excluded_units(config, pool, world)};
  infer::Batch batch;
  if (by_volume(config)) {
    const Phase phase("choose");
    batch = infer::select_volume(pool, blocks, batch_options, world);
  } else {
    const Eigen::MatrixXd functionals = functionals_of(config, fit, planned, of_pool, world);
    std::unique_ptr<infer::DesignCriterion> criterion;
    comm::all_or_none(world, [&] {
      criterion = infer::make_criterion(options.criterion == "committee" ? "variance" : options.criterion,
                                        {.start = start, .functionals = functionals});
    });
    const Phase phase("choose");
    batch = infer::select_batch(pool, blocks, *criterion, batch_options, world);
  }
  comm::all_or_none(world, [&] {
    if (!world.is_root()) return;
    folder->write("selection.csv", io::selection_csv(pool, batch.choices, planned.info().group_names));
    folder->write("scores.csv", io::scores_csv(pool, batch.scores, planned.info().group_names));
    folder->commit();
  });
  log::info("{} of {} configurations chosen ({}); the list is in {}/selection.csv", options.size, pool.size(),
            options.criterion, config.output);
}

}  // namespace tallfit::app
