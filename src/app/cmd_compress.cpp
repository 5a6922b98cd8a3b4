#include "checkpoint.hpp"
#include "rows.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/compressed_file.hpp"

namespace tallfit::app {

void run_compress(const Config& config, const comm::Communicator& world) {
  comm::require_replicated(
      world, config.noise.model == "none", ErrorKind::input,
      "noise.model = \"{}\" is for fits from rows: a compressed design of whitened rows would "
      "not know the errors of its rows. Leave [noise] out, or fit from the design file",
      config.noise.model);
  const Config defaults;
  const PlannedRows planned = plan_rows(config, world,
                                        {.weighted = false,
                                         .solves = false,
                                         .saves = true,
                                         .n_passes = 1,
                                         .parts = cell_parts(config),
                                         .explicit_parts = config.compress.cells != defaults.compress.cells,
                                         .n_folds = static_cast<int>(config.compress.folds)});
  log::info("{}", describe(planned, world.size()));
  const auto checkpoint = open_checkpoint(config, Command::compress, facts_of(planned, world), world);
  const compress::CompressedDesign design = compress_rows(planned, world, checkpoint.get());
  io::save_compressed(config.output, design, world);
  checkpoint->remove();
  log::info("{}: {} rows x {} columns in {} cells ({})", config.output, design.n_rows, design.n_cols(),
            design.cells.size(), compress::to_string(design.parts));
}

}  // namespace tallfit::app
