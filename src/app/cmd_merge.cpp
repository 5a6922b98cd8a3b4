#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/compressed_file.hpp"

namespace tallfit::app {

void run_merge(const Config& config, const comm::Communicator& world) {
  std::vector<compress::CompressedDesign> designs;
  for (const std::string& path : config.merge.inputs) designs.push_back(io::load_compressed(path, world));
  compress::CompressedDesign merged = compress::merge_designs(std::move(designs), world);
  comm::all_or_none(world, [&] {
    for (const std::string& drop : config.merge.drop) {
      compress::drop_group_in_place(merged, drop.substr(drop.find('=') + 1));
    }
  });
  comm::require_replicated(world, !merged.cells.empty(), ErrorKind::input,
                           "merge.drop leaves no cells; there would be nothing to fit");
  io::save_compressed(config.output, merged, world);
  log::info("{}: {} rows x {} columns in {} cells", config.output, merged.n_rows, merged.n_cols(),
            merged.cells.size());
}

}  // namespace tallfit::app
