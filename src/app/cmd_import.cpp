#include "rows.hpp"
#include "write_design.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/import.hpp"
#include "tallfit/io/separate_files.hpp"
#include "tallfit/io/snap_potential.hpp"

namespace tallfit::app {

namespace {

std::optional<design::SnapMetadata> snap_of(const Config& config) {
  if (!config.import.snapparam.empty()) {
    return io::read_snap_potential(config.import.snapparam, config.import.snapcoeff);
  }
  if (config.snap.elements.empty()) return std::nullopt;
  return config.snap;
}

std::unique_ptr<design::RowSource> open_import(const Config& config) {
  const Config::Import& from = config.import;
  if (from.format == "fitsnap") {
    return io::open_fitsnap({.folder = from.folder,
                             .features = from.features,
                             .target = from.target,
                             .weight = from.weight,
                             .labels = from.labels,
                             .columns = from.columns,
                             .row_types = from.row_types,
                             .snap = snap_of(config)});
  }
  if (from.format == "chimes") {
    return io::open_chimes({.folder = from.folder,
                            .matrix = from.features,
                            .target = from.target,
                            .labels = from.labels,
                            .natoms = from.natoms,
                            .weight = from.weight});
  }
  const bool market = from.format == "matrix_market";
  const std::string& features = market && from.features.empty() ? from.folder : from.features;
  require(!features.empty() && !from.target.empty(), ErrorKind::input,
          "import {} needs import.features and import.target: the files of the features and of the targets",
          from.format);
  require(!market || features.ends_with(".mtx"), ErrorKind::input,
          "{}: is not named as a Matrix Market file; expected *.mtx", features);
  return io::open_separate_files({.features = features,
                                  .target = from.target,
                                  .weight = from.weight,
                                  .labels = from.labels,
                                  .row_types = from.row_types,
                                  .column_names = io::read_column_names(from.columns),
                                  .snap = snap_of(config)});
}

}  // namespace

void run_import(const Config& config, const comm::Communicator& world) {
  std::unique_ptr<design::RowSource> rows;
  comm::all_or_none(world, [&] { rows = open_import(config); });
  require_same_rows(rows->info(), world);
  write_design(config, *rows, world, {});
}

}  // namespace tallfit::app
