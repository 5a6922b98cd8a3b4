/// From the configuration to rows, laid out and planned: what compress, fit, plan and inspect begin with.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/compress/grid_plan.hpp"
#include "tallfit/compress/iterative_plan.hpp"
#include "tallfit/compress/memory_plan.hpp"
#include "tallfit/design/kernel_basis.hpp"
#include "tallfit/design/row_source.hpp"
#include "tallfit/design/whitened_source.hpp"

namespace tallfit::app {

/// Whether data.design is a compressed design; asked by rank 0 for all. @collective
bool reads_compressed(const Config& config, const comm::Communicator& world);

/// Opens what [data] or, for `source`, [generate] describes. Local. @throws Error{input}
std::unique_ptr<design::RowSource> open_rows(const Config& config);
std::unique_ptr<design::RowSource> open_generator(const Config& config, const std::string& kind);

/// The numbers of a file for each row; the key is that which names the file. Local.
/// @throws Error{input} where the file has another number of rows
design::NoiseTable open_row_table(const std::string& key, const std::string& path,
                                  const design::DesignInfo& info);
/// The same of a file of one column.
design::RowNumbers open_row_numbers(const std::string& key, const std::string& path,
                                    const design::DesignInfo& info);

/// Ranks read a file each for itself; where one sees another version of it, nothing later would hold.
/// @collective
/// @throws Error{input} naming the first such rank
void require_same_rows(const design::DesignInfo& info, const comm::Communicator& world);

/// What a command does with the rows.
struct RowUse {
  bool weighted = true;  ///< apply fit.weights to the rows
  bool solves = false;
  bool saves = false;  ///< the cells, as a compressed design
  int n_passes = 1;
  compress::CellParts parts;
  bool explicit_parts = false;
  int n_folds = 0;
  Index replicas = 0;      ///< whose sums a pass holds
  bool validates = false;  ///< holds folds, or else groups, out one after the other
  std::shared_ptr<const design::KernelBasis> basis =
      nullptr;  ///< of an earlier fit: its kernel rows are read
};

/// The rows of a run: sources stacked on one another, the layout, and the plan of the engine that was chosen.
struct PlannedRows {
  std::vector<std::unique_ptr<design::RowSource>> sources;
  compress::RowLayout layout;
  std::variant<compress::MemoryPlan, compress::GridPlan, compress::IterativePlan> plan;
  std::string reason;    ///< why this engine
  std::string estimate;  ///< of the time it takes, where engines were compared

  bool on_grid() const { return std::holds_alternative<compress::GridPlan>(plan); }
  bool makes_factor() const { return is_tall() || on_grid(); }
  bool is_tall() const { return std::holds_alternative<compress::MemoryPlan>(plan); }
  const compress::MemoryPlan& tall() const { return std::get<compress::MemoryPlan>(plan); }
  const compress::GridPlan& grid() const { return std::get<compress::GridPlan>(plan); }
  const compress::IterativePlan& iterative() const { return std::get<compress::IterativePlan>(plan); }
  Index block_bytes() const {
    return std::visit([](const auto& of_engine) { return of_engine.block_bytes; }, plan);
  }
  bool keeps_rows() const { return is_tall() && tall().keeps_rows(); }

  std::shared_ptr<const design::KernelBasis> basis;  ///< of the rows, where these are kernel rows
  std::unique_ptr<design::WhitenedSource> whitened;  ///< where errors are correlated

  design::RowSource& rows() const { return *sources.back(); }
  /// What is fitted: rows of errors that are not correlated. Errors are those of rows().
  design::RowSource& fitted_rows() const { return whitened ? *whitened : rows(); }
  const design::DesignInfo& info() const { return rows().info(); }
};

/// Opens, filters, surveys and plans. Prints the plan in a line or two. @collective
/// @throws Error{input} for bad data, Error{resource} where nothing fits.
PlannedRows plan_rows(const Config& config, const comm::Communicator& world, const RowUse& use);

/// From the next pass on the rows stay in memory, where the plan says that they fit.
void keep_rows(PlannedRows& planned);

/// What `fit` does with rows: also what `plan` plans.
RowUse fit_use(const Config& config);

/// The cells that compress.cells names.
compress::CellParts cell_parts(const Config& config);

/// Memory that a rank may use: run.memory_per_rank, or its share of what the node has free. @collective
Index memory_limit(const Config& config, const comm::Communicator& world);

/// What a rank keeps in memory beside rows and factors while it reads the rows: of a robust fit, where it
/// starts from; of a bag, the sums of its replicas, or a quarter of the limit.
Index held_bytes(const Config& config, const RowUse& use, const compress::RowLayout& layout,
                 Index limit_bytes);

/// "tall", "grid" or "iterative".
std::string_view engine_name(const PlannedRows& planned);

/// The plan as lines of text.
std::string describe(const PlannedRows& planned, int n_ranks);

/// One pass over the rows in which a compressed design is made, by the engine of the plan. @collective
/// @param checkpoint  where the tall engine saves its factors, and finds those of a run that was stopped
compress::CompressedDesign compress_rows(const PlannedRows& planned, const comm::Communicator& world,
                                         compress::Checkpoint* checkpoint = nullptr);

}  // namespace tallfit::app
