#include <algorithm>

#include "bag_plan.hpp"
#include "fit_output.hpp"
#include "model_options.hpp"
#include "rows.hpp"
#include "solve_rows.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/app/config_keys.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/bag.hpp"
#include "tallfit/io/bag_file.hpp"

namespace tallfit::app {

namespace {

/// What all jobs of an array must share: keys that change a replica.
std::string settings_text(const Config& config) {
  std::string text;
  for (const auto& [name, value] : resolved(config)) {
    const bool matters = name.starts_with("fit.") || name.starts_with("data.") ||
                         name.starts_with("generate.") || name == "run.seed" || name == "solver.rcond" ||
                         name == "solver.algorithm" ||
                         (name.starts_with("bag.") && name != "bag.replicas" && name != "bag.parts");
    if (matters) text += fmt::format("{} = {}\n", name, value);
  }
  return text;
}

/// The mean model, its table and its files. @collective
void write_bag(const design::DesignInfo& info, std::optional<io::BagContents> contents, FitOutput& output,
               const comm::Communicator& world) {
  estimate::LinearFit fit;
  std::vector<estimate::MetricsRow> metrics;
  comm::all_or_none(world, [&] {
    if (!contents) return;
    const infer::Ensemble& ensemble = contents->ensemble;
    fit = io::mean_fit(*contents);
    fit.objective = "mean over the replicas of a bootstrap";
    fit.reason = fmt::format("{} replicas, {} of them fitted from their own rows", ensemble.numbers.size(),
                             ensemble.refitted.size());
    metrics = estimate::metrics_rows(io::pooled(ensemble), contents->group_names, "oob");
    output.add_table("replicas.csv", io::replicas_csv(ensemble));
    output.bag = std::move(contents);
  });
  output.write(info, fit, std::move(metrics));
}

void bag_rows(const Config& config, const comm::Communicator& world, FitOutput& output) {
  comm::require_replicated(
      world, !reads_compressed(config, world), ErrorKind::input,
      "{} is a compressed design, which has no configurations to draw. Bag the design file "
      "it was made from",
      config.data.design);
  Config of_bag = config;
  if (of_bag.solver.engine == "auto") of_bag.solver.engine = "tall";
  RowUse use;
  comm::all_or_none(world, [&] { use = bag_use(config); });
  PlannedRows planned = plan_rows(of_bag, world, use);
  log::info("{}", describe(planned, world.size()));
  comm::all_or_none(world, [&] { keep_rows(planned); });
  output.record.engine_reason = planned.reason;
  output.record.rows_used = planned.layout.n_used;
  std::unique_ptr<estimate::Estimator> estimator;
  comm::all_or_none(world, [&] { estimator = make_estimator(config, planned.info().column_names); });
  const auto base = estimate::make_estimator("ols", estimator_options(config));
  estimate::LinearFit fit;
  infer::BagOptions options = bag_options(config, 0);
  compress::Checkpoint* const checkpoint = output.open_checkpoint(facts_of(planned, world));
  {
    const compress::CompressedDesign design = compress_rows(planned, world, checkpoint);
    const Phase phase("solve");
    const auto system = estimate::training_system(design, compress::group_multipliers(design.group_names, {}),
                                                  intercept_of(config), world);
    comm::all_or_none(world, [&] {
      if (!system) return;
      fit = base->fit(*system);
      options.sum_of_weights = system->sum_of_weights;
    });
    comm::broadcast(world, std::span(&options.sum_of_weights, 1), 0);
  }
  const infer::Whitening whitening = infer::whitening_of(fit, planned.info().n_cols, world);
  const infer::BagRows rows{planned.rows(), planned.layout, world, planned.block_bytes(), checkpoint};
  options.sums_bytes = memory_limit(config, world) - current_rss_bytes();
  infer::Ensemble ensemble;
  {
    const Phase phase("replicas");
    ensemble = infer::fit_replicas(rows, whitening, *estimator, config.fit.estimator == "ols", options);
  }
  if (!ensemble.refitted.empty())
    log::info("{} of {} replicas lack rows that alone determine a direction, and were fitted from their own",
              ensemble.refitted.size(), options.count);
  if (config.bag.out_of_bag) {
    const Phase phase("out-of-bag errors");
    infer::add_out_of_bag(rows, options, ensemble);
  }
  std::optional<io::BagContents> contents;
  if (world.is_root())
    contents = {.settings = settings_text(config),
                .design = planned.info().name,
                .n_rows = planned.info().n_rows,
                .rows_used = planned.layout.n_used,
                .snap = planned.info().snap,
                .column_names = planned.info().column_names,
                .group_names = planned.info().group_names,
                .rank = fit.rank,
                .condition = fit.condition,
                .ensemble = std::move(ensemble)};
  write_bag(planned.info(), std::move(contents), output, world);
}

/// Adds the replicas of another part.
void append(io::BagContents& all, const std::string& first_name, io::BagContents part,
            const std::string& name) {
  require(part.settings == all.settings && part.column_names == all.column_names, ErrorKind::input,
          "{} and {} are not parts of one ensemble: their data, columns, estimator, seed or [bag] differ "
          "(bag_settings of their fit.h5)",
          first_name, name);
  infer::Ensemble& ensemble = all.ensemble;
  for (const Index number : part.ensemble.numbers)
    require(std::find(ensemble.numbers.begin(), ensemble.numbers.end(), number) == ensemble.numbers.end(),
            ErrorKind::input, "{} has replica {}, which another part has too", name, number);
  const Index before = ensemble.models.cols();
  ensemble.models.conservativeResize(Eigen::NoChange, before + part.ensemble.models.cols());
  ensemble.models.rightCols(part.ensemble.models.cols()) = part.ensemble.models;
  const auto join = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  join(ensemble.numbers, part.ensemble.numbers);
  join(ensemble.refitted, part.ensemble.refitted);
  join(ensemble.out_of_bag, part.ensemble.out_of_bag);
}

/// Reads all parts, in the order of their replicas, so that sums have the bits of one run.
io::BagContents collected(const std::vector<std::string>& names) {
  std::vector<std::pair<io::BagContents, std::string>> parts;
  parts.reserve(names.size());
  for (const std::string& name : names) parts.emplace_back(io::read_bag_file(name), name);
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    return a.first.ensemble.numbers.front() < b.first.ensemble.numbers.front();
  });
  io::BagContents all = std::move(parts.front().first);
  for (std::size_t i = 1; i < parts.size(); ++i)
    append(all, parts.front().second, std::move(parts[i].first), parts[i].second);
  return all;
}

/// "1:20, 31" for the numbers of replicas.
std::string ranges_text(const std::vector<Index>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    if (!text.empty()) text += ", ";
    text += end - i == 1 ? fmt::format("{}", numbers[i]) : fmt::format("{}:{}", numbers[i], numbers[end - 1]);
    i = end;
  }
  return text;
}

/// What the parts ran with, in place of the defaults.
void record_settings(const io::BagContents& contents,
                     std::vector<std::pair<std::string, std::string>>& config) {
  const std::string text = "\n" + contents.settings;
  for (auto& [name, value] : config) {
    const std::string key = "\n" + name + " = ";
    const std::size_t at = text.find(key);
    if (at == std::string::npos) continue;
    const std::size_t begin = at + key.size();
    value = text.substr(begin, text.find('\n', begin) - begin);
  }
  for (auto& [name, value] : config)
    if (name == "bag.replicas") value = ranges_text(contents.ensemble.numbers);
}

void collect_bags(const Config& config, const comm::Communicator& world, FitOutput& output) {
  std::optional<io::BagContents> contents;
  comm::all_or_none(world, [&] {
    if (world.is_root()) contents = collected(config.bag.parts);
  });
  design::DesignInfo info;
  if (contents) {
    info = {.name = contents->design,
            .n_rows = contents->n_rows,
            .n_cols = static_cast<Index>(contents->column_names.size()),
            .group_names = contents->group_names,
            .column_names = contents->column_names,
            .snap = contents->snap};
    output.record.rows_used = contents->rows_used;
    record_settings(*contents, output.record.config);
  }
  write_bag(info, std::move(contents), output, world);
}

}  // namespace

void run_bag(const Config& config, const comm::Communicator& world) {
  FitOutput output(config, "bag", world);
  if (config.bag.collect)
    collect_bags(config, world, output);
  else
    bag_rows(config, world, output);
}

}  // namespace tallfit::app
