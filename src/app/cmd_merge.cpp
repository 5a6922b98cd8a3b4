#include <vector>

#include "engine.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/merge_designs.hpp"
#include "tallfit/io/compressed_file.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::app {

namespace {

using compress::CompressedDesign;
using compress::MergePlan;

/// What is to be merged, without what is dropped.
MergePlan plan_of(const Config::Merge& options, const std::vector<CompressedDesign>& designs) {
  MergePlan plan = compress::plan_merge(designs);
  for (const std::string& drop : options.drop)
    compress::drop_group_in_place(plan.design, drop.substr(drop.find('=') + 1));
  require(!plan.design.cells.empty(), ErrorKind::input,
          "merge.drop leaves no cells; there would be nothing to fit");
  return plan;
}

CompressedDesign merge_files(const Config& config, const comm::Communicator& world) {
  std::vector<io::CompressedReader> files;
  std::vector<CompressedDesign> designs;
  for (const std::string& path : config.merge.inputs) {
    files.emplace_back(path, world);
    designs.push_back(files.back().design());
  }
  MergePlan plan;
  comm::all_or_none(world, [&] { plan = plan_of(config.merge, designs); });
  const CellWork work{
      .what = fmt::format("{}: a merge of {} designs of {} columns into {} cells", plan.design.name,
                          designs.size(), plan.design.n_cols(), plan.design.cells.size()),
      .plan = [&](const compress::GridRequest& request) {
        return compress::plan_cell_merge(plan, designs, request);
      }};
  const CellEngine engine = choose_cell_engine(config, work, world);
  const Phase phase("merge");
  if (engine.on_grid) {
    const linalg::ProcessGrid grid(world, engine.grid_rows, engine.grid_cols);
    return compress::merge_designs_on_grid(std::move(plan), [&](const compress::CellPlace& part) {
      return files[part.design].read(part.cell, grid, engine.block);
    });
  }
  designs.clear();
  for (const std::string& path : config.merge.inputs) designs.push_back(io::load_compressed(path, world));
  return compress::merge_designs(std::move(plan), std::move(designs), world);
}

}  // namespace

void run_merge(const Config& config, const comm::Communicator& world) {
  const CompressedDesign merged = merge_files(config, world);
  io::save_compressed(config.output, merged, world);
  log::info("{}: {} rows x {} columns in {} cells", config.output, merged.n_rows, merged.n_cols(),
            merged.cells.size());
}

}  // namespace tallfit::app
