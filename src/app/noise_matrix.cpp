#include "noise_matrix.hpp"

#include <utility>

#include "model_options.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/row_feed.hpp"
#include "tallfit/estimate/correlated_system.hpp"
#include "tallfit/io/matrix_reader.hpp"

namespace tallfit::app {

namespace {

/// A square matrix in a file.
struct CovarianceFile {
  design::NoiseTable table;
  Index n_lines = 0;
};

CovarianceFile open_covariance(const std::string& path) {
  std::shared_ptr<io::MatrixReader> reader = io::open_matrix(path);
  return {.table = {.read = [reader](Index begin, Index count,
                                     double* lines) { reader->read_rows(begin, count, lines); },
                    .width = reader->n_cols()},
          .n_lines = reader->n_rows()};
}

linalg::ProcessGrid grid_of(const PlannedRows& planned, const comm::Communicator& world) {
  return planned.on_grid() ? linalg::ProcessGrid(world, planned.grid().grid_rows, planned.grid().grid_cols)
                           : linalg::ProcessGrid::nearly_square(world);
}

}  // namespace

CorrelatedFit solve_with_covariance(const Config& config, const PlannedRows& planned,
                                    const estimate::Estimator& estimator, const comm::Communicator& world,
                                    io::RunRecord& record) {
  const Phase phase("solve");
  const Index limit = memory_limit(config, world);
  const Index n_rows = compress::count_training_rows(planned.layout);
  const Index needed = estimate::correlated_bytes(n_rows, planned.info().n_cols, world.size());
  comm::require_replicated(
      world, needed <= limit, ErrorKind::resource,
      "noise.model = \"matrix\" of {} training rows needs {} per rank, but run.memory_per_rank = {}. Use "
      "more "
      "ranks, or noise.model = \"blocks\" where rows of different configurations are not correlated",
      n_rows, format_bytes(needed), format_bytes(limit));
  CovarianceFile covariance;
  comm::all_or_none(world, [&] { covariance = open_covariance(config.noise.covariance); });
  const linalg::ProcessGrid grid = grid_of(planned, world);
  record.engine = "grid";
  record.engine_reason = "noise.model = \"matrix\" factors all rows at once";
  record.grid = fmt::format("{} x {}", grid.rows(), grid.cols());
  record.cells.clear();
  estimate::CorrelatedSystem found = estimate::correlated_system(
      {.source = planned.rows(),
       .covariance = covariance.table,
       .n_lines = covariance.n_lines,
       .block_bytes = planned.block_bytes(),
       .block = planned.on_grid() ? planned.grid().block : linalg::BlockCyclicMatrix::default_block},
      grid, intercept_of(config));
  const Phase estimate("estimate");
  CorrelatedFit result{.solved = {.system = std::move(found.system), .fit = {}},
                       .log_determinant = found.log_determinant};
  result.solved.fit = estimator.fit(*result.solved.system);
  return result;
}

}  // namespace tallfit::app
