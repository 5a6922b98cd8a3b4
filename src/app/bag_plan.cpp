#include "bag_plan.hpp"

#include "model_options.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/infer/unit_runs.hpp"

namespace tallfit::app {

namespace {

infer::Unit unit_of(const std::string& name) {
  if (name == "row") return infer::Unit::row;
  return name == "group" ? infer::Unit::group : infer::Unit::configuration;
}

infer::Draw draw_of(const std::string& name) {
  if (name == "poisson") return infer::Draw::poisson;
  if (name == "bayesian") return infer::Draw::bayesian;
  if (name == "subsample") return infer::Draw::subsample;
  return name == "folds" ? infer::Draw::folds : infer::Draw::bootstrap;
}

}  // namespace

RowUse bag_use(const Config& config) {
  RowUse use = fit_use(config);
  use.parts = {};
  use.explicit_parts = true;
  use.n_passes = config.bag.out_of_bag ? 3 : 2;
  use.replicas = config.bag.replicas.size();
  return use;
}

infer::BagOptions bag_options(const Config& config, Index sums_bytes) {
  return {.unit = unit_of(config.bag.unit),
          .resampling = {.draw = draw_of(config.bag.draw),
                         .fraction = config.bag.fraction,
                         .folds = config.bag.folds,
                         .seed = static_cast<std::uint64_t>(config.run.seed)},
          .first = config.bag.replicas.first,
          .count = config.bag.replicas.size(),
          .sums_bytes = sums_bytes,
          .intercept = intercept_of(config)};
}

std::string describe_bag(const Config& config, const PlannedRows& planned, int n_ranks,
                         const comm::Communicator& world) {
  const compress::MemoryPlan& plan = planned.tall();
  const Index held = held_bytes(config, bag_use(config), planned.layout, plan.limit_bytes);
  const infer::BagOptions options = bag_options(
      config, plan.limit_bytes - (plan.baseline_bytes - held) - plan.kept_bytes - plan.stream_bytes);
  infer::UnitRange units = infer::count_units(planned.rows(), planned.layout, options.unit, world);
  const Index rank = planned.info().n_cols + (config.fit.fit_intercept ? 1 : 0);
  std::string text;
  comm::all_or_none(world, [&] {
    require(units.total > 0, ErrorKind::input, "no training rows: nothing can be drawn");
    units.count = options.unit == infer::Unit::group ? units.total : ceil_div(units.total, Index{n_ranks});
    const infer::BagBatches batches = infer::plan_batches(rank, units, options);
    const auto passes = [&](Index at_once) { return ceil_div(options.count, at_once); };
    text += fmt::format(
        "{:<22}{} of {} units ({}), {} at once: {} passes{}\n", "replicas", options.count, units.total,
        config.bag.unit, batches.fitted, passes(batches.fitted),
        config.bag.out_of_bag ? fmt::format(", and {} for out-of-bag errors", passes(batches.checked)) : "");
    text += fmt::format("{:<22}{}\n", "  sums, weights", format_bytes(batches.bytes));
    const auto k = static_cast<double>(rank);
    text += fmt::format("{:<22}{:.3g} for rows in whitened coordinates, {:.3g} for replicas\n", "  flops",
                        2.0 * static_cast<double>(planned.layout.n_used * passes(batches.fitted)) * k * k,
                        static_cast<double>(units.total * options.count) * k * k);
  });
  return text;
}

}  // namespace tallfit::app
