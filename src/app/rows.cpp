#include "rows.hpp"

#include <algorithm>

#include "engine.hpp"
#include "find_weights.hpp"
#include "kernel_rows.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/compress/grid_compressor.hpp"
#include "tallfit/design/atoms_source.hpp"
#include "tallfit/design/matrix_source.hpp"
#include "tallfit/design/row_filters.hpp"
#include "tallfit/estimate/robust_loss.hpp"
#include "tallfit/io/compressed_file.hpp"
#include "tallfit/io/design_file.hpp"
#include "tallfit/io/matrix_reader.hpp"
#include "tallfit/io/separate_files.hpp"

namespace tallfit::app {

namespace {

/// Rows that hold NaN or infinity, found by one more pass, on every rank.
std::vector<Index> find_bad_rows(design::RowSource& rows, const comm::Communicator& world) {
  const Phase phase("find non-finite rows");
  const Index n = rows.info().n_rows;
  std::vector<design::NonfiniteEntry> found;
  comm::all_or_none(world, [&] {
    found =
        design::find_nonfinite(rows, n * world.rank() / world.size(), n * (world.rank() + 1) / world.size());
  });
  found = comm::all_gather(world, found);
  std::vector<Index> bad;
  bad.reserve(found.size());
  for (const design::NonfiniteEntry& entry : found) bad.push_back(entry.row);
  if (bad.empty()) return bad;
  constexpr std::size_t shown = 20;
  const std::size_t n_shown = std::min(shown, bad.size());
  log::warn("{}: {} rows hold NaN or infinity and are dropped: {}{}", rows.info().name, bad.size(),
            fmt::join(bad.begin(), bad.begin() + static_cast<std::ptrdiff_t>(n_shown), ", "),
            bad.size() > shown ? ", ..." : "");
  comm::all_or_none(world, [&] {
    if (!world.is_root()) return;
    for (std::size_t i = 0; i < n_shown; ++i) log::info("  {}", design::describe(found[i], rows));
  });
  return bad;
}

compress::CompressedDesign compress_on_grid(const PlannedRows& planned, const comm::Communicator& world) {
  const compress::GridPlan& plan = planned.grid();
  const linalg::ProcessGrid grid(world, plan.grid_rows, plan.grid_cols);
  return compress::compress_on_grid({.source = planned.fitted_rows(),
                                     .layout = planned.layout,
                                     .cells = plan.cells.value(),
                                     .rows_per_rank = plan.rows_per_rank,
                                     .waiting_rows = plan.waiting_rows,
                                     .block_bytes = plan.block_bytes,
                                     .what = "compress rows"},
                                    grid, plan.block);
}

/// What rank 0 keeps of the first pass during later ones: a robust fit starts from least squares.
Index held_bytes(const Config& config, const compress::RowLayout& layout) {
  const Index n = layout.n_cols + 2;
  return estimate::is_robust(config.fit.estimator) ? n * n * static_cast<Index>(sizeof(double)) : 0;
}

}  // namespace

void require_same_rows(const design::DesignInfo& info, const comm::Communicator& world) {
  const std::vector<std::uint64_t> mine = {
      static_cast<std::uint64_t>(info.n_rows), static_cast<std::uint64_t>(info.n_cols),
      compress::fingerprint(info.column_names), compress::fingerprint(info.group_names)};
  std::vector<std::uint64_t> of_root = mine;
  comm::broadcast(world, of_root, 0);
  comm::all_or_none(world, [&] {
    require(mine == of_root, ErrorKind::input,
            "{}: rank {} sees {} rows x {} columns in {} groups, rank 0 {} x {} or other names. Give all "
            "ranks the "
            "same file",
            info.name, world.rank(), info.n_rows, info.n_cols, info.group_names.size(), of_root[0],
            of_root[1]);
  });
}

bool reads_compressed(const Config& config, const comm::Communicator& world) {
  int compressed = 0;
  if (world.is_root() && !config.data.design.empty())
    compressed = io::is_compressed_file(config.data.design) ? 1 : 0;
  comm::broadcast(world, std::span(&compressed, 1), 0);
  return compressed != 0;
}

std::unique_ptr<design::RowSource> open_generator(const Config& config, const std::string& kind) {
  const Config::Generate& g = config.generate;
  const auto seed = static_cast<std::uint64_t>(config.run.seed);
  if (kind == "atoms") {
    return std::make_unique<design::AtomsSource>(design::AtomsOptions{.configurations = g.configurations,
                                                                      .order = static_cast<int>(g.order),
                                                                      .seed = seed,
                                                                      .test_fraction = g.test_fraction});
  }
  return std::make_unique<design::MatrixSource>(
      design::MatrixOptions{.rows = g.rows,
                            .columns = g.columns,
                            .condition = g.condition,
                            .rank = g.rank,
                            .zero_columns = g.zero_columns,
                            .groups = g.groups,
                            .noise = g.noise,
                            .sparsity = g.sparsity,
                            .zero_coefficients = g.zero_coefficients,
                            .column_decades = g.column_decades,
                            .weight_max = g.weight_max,
                            .weight_decades = g.weight_decades,
                            .rows_per_configuration = g.rows_per_configuration,
                            .test_fraction = g.test_fraction,
                            .seed = seed});
}

std::unique_ptr<design::RowSource> open_rows(const Config& config) {
  const Config::Data& data = config.data;
  if (!data.source.empty()) return open_generator(config, data.source);
  if (!data.design.empty()) return io::open_design_file(data.design);
  return io::open_separate_files({.features = data.features,
                                  .target = data.target,
                                  .weight = data.weight,
                                  .labels = data.labels,
                                  .row_types = "",
                                  .column_names = {},
                                  .snap = std::nullopt});
}

design::NoiseTable open_row_table(const std::string& key, const std::string& path,
                                  const design::DesignInfo& info) {
  std::shared_ptr<io::MatrixReader> reader = io::open_matrix(path);
  require(reader->n_rows() == info.n_rows, ErrorKind::input,
          "{} = {}: has {} rows, but {} has {}. Both must have the same rows", key, reader->describe(),
          reader->n_rows(), info.name, info.n_rows);
  const Index width = reader->n_cols();
  return {.read = [reader](Index begin, Index count,
                           double* numbers) { reader->read_rows(begin, count, numbers); },
          .width = width};
}

design::RowNumbers open_row_numbers(const std::string& key, const std::string& path,
                                    const design::DesignInfo& info) {
  design::NoiseTable table = open_row_table(key, path, info);
  require(table.width == 1, ErrorKind::input, "{} = {}: has {} columns; expected one number for each row",
          key, path, table.width);
  return std::move(table.read);
}

compress::CellParts cell_parts(const Config& config) {
  const auto has = [&](const char* part) {
    const auto& cells = config.compress.cells;
    return std::find(cells.begin(), cells.end(), part) != cells.end();
  };
  return {
      .group = has("group"), .row_type = has("row_type"), .fold = has("fold") && config.compress.folds >= 2};
}

RowUse fit_use(const Config& config) {
  const Config defaults;
  // A fit needs no folds; errors by group and row type come from cells where the user asked for cells.
  const bool named = config.compress.cells != defaults.compress.cells;
  compress::CellParts parts = cell_parts(config);
  const bool searches = searches_weights(config);
  if (!named && !searches) parts.fold = false;
  int n_passes = config.fit.row_pass || config.fit.residuals ? 2 : 1;
  if (config.fit.leverages) ++n_passes;
  if (config.fit.pops) n_passes += config.pops.form == "hypercube" ? 3 : 2;
  if (config.solver.refine) n_passes += 3;
  if (estimate::is_robust(config.fit.estimator)) n_passes += 10;
  // A search begins with multipliers of the cells, not of the rows.
  return {.weighted = !searches,
          .solves = true,
          .n_passes = n_passes,
          .parts = parts,
          .explicit_parts = named || searches,
          .n_folds = parts.fold ? static_cast<int>(config.compress.folds) : 0};
}

Index memory_limit(const Config& config, const comm::Communicator& world) {
  if (config.run.memory_per_rank) return *config.run.memory_per_rank;
  // Nine tenths: the rest is for the system and for what others start meanwhile.
  Index limit = current_rss_bytes() + available_memory_bytes() / 10 * 9 / world.ranks_on_node();
  comm::min_in_place(world, std::span(&limit, 1));
  return limit;
}

PlannedRows plan_rows(const Config& config, const comm::Communicator& world, const RowUse& use) {
  PlannedRows planned;
  {
    const Phase phase("open");
    comm::all_or_none(world, [&] { planned.sources.push_back(open_rows(config)); });
    require_same_rows(planned.info(), world);
  }
  if (config.data.nonfinite == "drop") {
    std::vector<Index> bad = find_bad_rows(planned.rows(), world);
    if (!bad.empty()) {
      planned.sources.push_back(std::make_unique<design::MaskedSource>(planned.rows(), std::move(bad)));
    }
  }
  if (use.weighted && !config.fit.weights.empty()) {
    comm::all_or_none(world, [&] {
      planned.sources.push_back(std::make_unique<design::WeightedSource>(
          planned.rows(), compress::group_multipliers(planned.info().group_names, config.fit.weights)));
    });
  }
  if ((use.solves || use.saves) && !config.noise.sigma.empty()) {
    comm::all_or_none(world, [&] {
      planned.sources.push_back(std::make_unique<design::SigmaSource>(
          planned.rows(), open_row_numbers("noise.sigma", config.noise.sigma, planned.info())));
    });
  }
  if (use.basis || (use.solves && is_process(config))) add_kernel_rows(config, use.basis, planned, world);
  {
    const Phase phase("survey");
    planned.layout =
        compress::survey(planned.rows(), world, use.n_folds, static_cast<std::uint64_t>(config.run.seed));
  }
  if (world.size() > planned.layout.n_leaves()) {
    log::warn("{} ranks share {} leaves of rows: {} ranks will have nothing to do; use fewer", world.size(),
              planned.layout.n_leaves(), world.size() - planned.layout.n_leaves());
  }
  Index baseline = current_rss_bytes();
  comm::max_in_place(world, std::span(&baseline, 1));
  const compress::PlanRequest request{
      .wanted = use.parts,
      .explicit_parts = use.explicit_parts,
      .n_ranks = config.plan.ranks > 0 ? static_cast<int>(config.plan.ranks) : world.size(),
      .limit_bytes = memory_limit(config, world),
      .baseline_bytes = baseline + held_bytes(config, planned.layout),
      .block_bytes = config.run.block_bytes.value_or(0),
      .solves = use.solves,
      .saves = use.saves,
      .takes_svd = config.solver.algorithm == "svd",
      .finds_relevance = config.fit.estimator == "ard" || config.fit.estimator == "bcs",
      .n_parts = !use.validates   ? 0
                 : use.parts.fold ? use.n_folds
                                  : static_cast<int>(planned.info().group_names.size()),
      .n_passes = use.n_passes};
  comm::all_or_none(world, [&] { choose_engine(config, request, planned); });
  return planned;
}

void keep_rows(PlannedRows& planned) {
  if (!planned.keeps_rows()) return;
  planned.sources.push_back(std::make_unique<design::KeptSource>(planned.rows(), planned.layout.my_begin(),
                                                                 planned.layout.my_end()));
}

compress::CompressedDesign compress_rows(const PlannedRows& planned, const comm::Communicator& world,
                                         compress::Checkpoint* checkpoint) {
  Phase phase("compress");
  if (planned.on_grid()) return compress_on_grid(planned, world);
  const compress::MemoryPlan& plan = planned.tall();
  compress::Compressor compressor(planned.layout, plan.cells, checkpoint);
  compressor.restore(world);
  compress::RowVisitor* const visitors[] = {&compressor};
  {
    Phase pass("rows");
    compress::run_row_pass(planned.fitted_rows(), planned.layout, world, visitors, plan.block_bytes,
                           "compress rows", compressor.remaining());
    pass.add_flops(plan.pass_flops / world.size());
    pass.add_bytes(plan.pass_bytes_read / world.size());
  }
  const Phase merge("merge leaves");
  return compressor.finish(planned.info(), world);
}

}  // namespace tallfit::app
