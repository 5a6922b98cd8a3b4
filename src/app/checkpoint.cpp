#include "checkpoint.hpp"

#include <algorithm>
#include <array>

#include "tallfit/app/config_keys.hpp"
#include "tallfit/app/key_value.hpp"
#include "tallfit/base/version.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::app {

namespace {

/// Keys that do not enter results: where things are, and what a run may take.
constexpr std::array<std::string_view, 9> free_keys = {
    "data.design",         "data.features",   "data.target",        "data.weight",      "data.labels",
    "run.memory_per_rank", "run.block_bytes", "checkpoint.seconds", "sample.target_ess"};

std::string digits(const compress::TargetSums& sums) {
  return fmt::format("{} {} {} {} {} {} {}", sums.count, sums.t.high, sums.t.low, sums.tt.high, sums.wtt.high,
                     sums.wtt.low, sums.max_scale);
}

std::string short_of(const std::vector<std::string>& texts) {
  return fmt::format("{:016x}", compress::fingerprint(texts));
}

/// Features of the first rows.
std::string first_features(design::RowSource& rows) {
  constexpr Index n_first = 16;
  const design::DesignInfo& info = rows.info();
  const Index n_rows = std::min(n_first, info.n_rows);
  std::vector<double> features(static_cast<std::size_t>(n_rows * info.n_cols));
  rows.read_features(0, n_rows, features.data());
  return short_of({fmt::format("{}", fmt::join(features, " "))});
}

}  // namespace

Facts facts_of(const PlannedRows& planned, const comm::Communicator& world) {
  const design::DesignInfo& info = planned.info();
  std::string features;
  comm::all_or_none(world, [&] {
    if (world.is_root()) features = first_features(planned.rows());
  });
  std::vector<std::string> sums;
  for (const compress::LeafCell& cell : planned.layout.leaf_cells)
    sums.push_back(fmt::format("{} {} {} {} {} {}", cell.leaf, cell.key.group, cell.key.row_type,
                               cell.key.fold, cell.key.decade, digits(cell.sums)));
  Facts facts = {{"rows", fmt::format("{} x {}", info.n_rows, info.n_cols)},
                 {"columns", short_of(info.column_names)},
                 {"groups", short_of(info.group_names)},
                 {"targets and weights", short_of(sums)},
                 {"features", features}};
  if (planned.is_tall())
    facts.emplace_back("cells", fmt::format("{} by {}", planned.tall().cells.cells.size(),
                                            compress::to_string(planned.tall().cells.parts)));
  return facts;
}

Facts facts_of(const compress::CompressedDesign& design) {
  std::vector<std::string> sums;
  for (const compress::Cell& cell : design.cells) sums.push_back(digits(cell.sums));
  return {{"rows", fmt::format("{} x {}", design.n_rows, design.n_cols())},
          {"columns", short_of(design.column_names)},
          {"groups", short_of(design.group_names)},
          {"targets and weights", short_of(sums)}};
}

std::unique_ptr<io::CheckpointFolder> open_checkpoint(const Config& config, Command command, Facts data,
                                                      const comm::Communicator& world) {
  Facts settings = {{"command", std::string(info(command).name)}, {"version", std::string(version())}};
  Config copy = config;  // keys are bound to what they may change
  for (const Key& key : keys_of(copy)) {
    if (!key.is_used_by(command) ||
        std::find(free_keys.begin(), free_keys.end(), key.name) != free_keys.end())
      continue;
    settings.emplace_back(key.name, value_text(key));
  }
  settings.insert(settings.end(), std::make_move_iterator(data.begin()), std::make_move_iterator(data.end()));
  std::string folder = config.output;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return std::make_unique<io::CheckpointFolder>(
      folder + ".checkpoint",
      io::CheckpointOptions{
          .seconds = config.checkpoint.seconds, .resume = config.resume, .settings = std::move(settings)},
      world);
}

}  // namespace tallfit::app
