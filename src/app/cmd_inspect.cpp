#include <cstdio>
#include <map>

#include "engine.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/column_survey.hpp"
#include "tallfit/compress/compressor.hpp"
#include "tallfit/estimate/grid_system.hpp"
#include "tallfit/estimate/triangular_solver.hpp"
#include "tallfit/io/compressed_file.hpp"
#include "tallfit/io/csv_writer.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::app {

namespace {

/// Rank and condition of the weighted design, columns equilibrated; known to rank 0.
struct Numerics {
  Index rank = 0;
  double condition = 0.0;
  std::vector<Index> dependent;
};

Numerics numerics_of(const estimate::LeastSquaresSystem& system, double rcond) {
  const estimate::TriangularSolver solver(system,
                                          {.algorithm = estimate::Algorithm::automatic, .rcond = rcond});
  return {solver.rank(), solver.condition(), solver.dependent_columns()};
}

/// Found by rank 0, or by all ranks of a grid.
Numerics numerics_of(const compress::CompressedDesign& design, double rcond,
                     const comm::Communicator& world) {
  const auto ones = compress::group_multipliers(design.group_names, {});
  if (design.on_grid())
    return numerics_of(estimate::grid_training_system(design, ones, estimate::Intercept::none), rcond);
  const auto system = estimate::training_system(design, ones, estimate::Intercept::none, world);
  Numerics numerics;
  comm::all_or_none(world, [&] {
    if (world.is_root()) numerics = numerics_of(*system, rcond);
  });
  return numerics;
}

std::string shape_text(const compress::CompressedDesign& design) {
  std::string text = fmt::format("{}: {} rows x {} columns, {} configurations\n\n", design.name,
                                 design.n_rows, design.n_cols(), design.n_configurations);
  std::map<std::array<int, 3>, compress::TargetSums> parts;  // group, row type, test
  for (const compress::Cell& cell : design.cells) {
    parts[{cell.key.group, cell.key.row_type, cell.key.is_test() ? 1 : 0}].add(cell.sums);
  }
  text += fmt::format("{:<24} {:<8} {:<6} {:>10} {:>13} {:>12} {:>12}\n", "group", "row_type", "split",
                      "rows", "mean target", "min weight", "max weight");
  for (const auto& [key, sums] : parts) {
    const auto& [group, type, test] = key;
    text += fmt::format("{:<24} {:<8} {:<6} {:>10} {:>13.6g} {:>12.4g} {:>12.4g}\n",
                        group < 0 ? "(any)" : design.group_names[static_cast<std::size_t>(group)],
                        type < 0 ? "(any)" : design::to_string(static_cast<design::RowType>(type)),
                        test != 0 ? "test" : "train", sums.count,
                        sums.t.value() / static_cast<double>(sums.count), sums.min_scale, sums.max_scale);
  }
  return text;
}

std::string named(const std::vector<Index>& columns, const std::vector<std::string>& names) {
  std::vector<std::string> text;
  text.reserve(columns.size());
  for (const Index column : columns) text.push_back(names[static_cast<std::size_t>(column)]);
  return text.empty() ? "none" : fmt::format("{} ({})", text.size(), fmt::join(text, ", "));
}

std::string columns_text(const std::vector<compress::ColumnStatistics>& columns,
                         const std::vector<std::string>& names) {
  std::vector<Index> zero;
  std::vector<Index> constant;
  std::vector<std::string> duplicates;
  const std::vector<Index> equal = compress::first_equal_columns(columns);
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].is_zero())
      zero.push_back(static_cast<Index>(j));
    else if (columns[j].is_constant())
      constant.push_back(static_cast<Index>(j));
    if (!columns[j].is_zero() && equal[j] != static_cast<Index>(j)) {
      duplicates.push_back(fmt::format("{} = {}", names[j], names[static_cast<std::size_t>(equal[j])]));
    }
  }
  return fmt::format(
      "zero columns       {}\nconstant columns   {}\nduplicate columns  {}\n", named(zero, names),
      named(constant, names),
      duplicates.empty() ? "none" : fmt::format("{} ({})", duplicates.size(), fmt::join(duplicates, ", ")));
}

std::string numerics_text(const Numerics& numerics, const std::vector<std::string>& names) {
  return fmt::format(
      "condition estimate {:.3g} (weighted rows, columns equilibrated)\nnumerical rank     {} of {}\n"
      "dependent columns  {}\n",
      numerics.condition, numerics.rank, names.size(), named(numerics.dependent, names));
}

void write_columns(const std::string& folder, const std::vector<compress::ColumnStatistics>& columns,
                   const std::vector<std::string>& names) {
  io::CsvWriter csv("index,name,min,max,equal_to");
  const std::vector<Index> equal = compress::first_equal_columns(columns);
  for (std::size_t j = 0; j < columns.size(); ++j) {
    csv.add(static_cast<Index>(j)).add(names[j]).add(columns[j].smallest).add(columns[j].largest);
    csv.add(names[static_cast<std::size_t>(equal[j])]).end_row();
  }
  io::OutputFolder output(folder);
  output.write("columns.csv", csv.text());
  output.commit();
}

void inspect_compressed(const Config& config, const comm::Communicator& world) {
  const std::string& path = config.data.design;
  const compress::CompressedDesign description = io::describe_compressed(path, world);
  const CellEngine engine = choose_cell_engine(config, work_on(description, "the condition"), world);
  const compress::CompressedDesign design = load_cells(path, engine, world);
  const Numerics numerics = numerics_of(design, config.solver.rcond, world);
  if (world.is_root())
    std::fputs((shape_text(design) + "\n" + numerics_text(numerics, design.column_names)).c_str(), stdout);
}

}  // namespace

void run_inspect(const Config& config, const comm::Communicator& world) {
  if (reads_compressed(config, world)) return inspect_compressed(config, world);
  const Config::Solver& solver = config.solver;
  comm::require_replicated(
      world, (solver.engine == "auto" || solver.engine == "tall") && !asks_for_grid(solver), ErrorKind::input,
      "inspect reads rows by the engine tall; solver.engine = \"grid\", solver.grid and solver.block are for "
      "compressed designs. Compress the rows first: 'tallfit compress --solver.engine=grid'");
  Config tolerant = config;
  tolerant.data.nonfinite = "drop";  // told, not refused: that is what inspect is for
  tolerant.solver.engine = "tall";
  const PlannedRows planned = plan_rows(
      tolerant, world, {.weighted = false, .solves = true, .parts = {.fold = false}, .explicit_parts = true});
  compress::Compressor compressor(planned.layout, planned.tall().cells);
  compress::ColumnSurvey survey(planned.info().n_cols);
  compress::RowVisitor* const visitors[] = {&compressor, &survey};
  compress::run_row_pass(planned.rows(), planned.layout, world, visitors, planned.block_bytes(),
                         "inspect rows");
  const compress::CompressedDesign design = compressor.finish(planned.info(), world);
  const std::vector<compress::ColumnStatistics> columns = survey.total(world);
  const Numerics numerics = numerics_of(design, config.solver.rcond, world);
  comm::all_or_none(world, [&] {
    if (!world.is_root()) return;
    if (!config.output.empty()) write_columns(config.output, columns, design.column_names);
    const std::string text = shape_text(design) + "\n" + columns_text(columns, design.column_names) +
                             numerics_text(numerics, design.column_names);
    std::fputs(text.c_str(), stdout);
  });
  if (planned.layout.n_rows > planned.layout.n_used) {
    log::info("{} rows have weight 0 or were dropped", planned.layout.n_rows - planned.layout.n_used);
  }
}

}  // namespace tallfit::app
