#include "selection.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "model_options.hpp"
#include "selection_tables.hpp"
#include "validation_parts.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/ridge_spectrum.hpp"

namespace tallfit::app {

namespace {

/// An optimum at the end of a sweep is as a rule not the optimum.
void warn_of_edges(const SweepGrid& grid, Index point) {
  for (std::size_t i = 0; i < grid.names.size(); ++i) {
    const auto value = [&](const std::vector<double>& at) { return at[i]; };
    std::vector<double> values;
    std::transform(grid.points.begin(), grid.points.end(), std::back_inserter(values), value);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double best = grid.points[static_cast<std::size_t>(point)][i];
    if (*low == *high || (best != *low && best != *high)) continue;
    log::warn("the best {} = {:.6g} is the {} value of cv.{}: a better one may lie beyond; widen the sweep",
              grid.names[i], best, best == *low ? "smallest" : "largest", grid.names[i]);
  }
}

/// The fractions of the learning curve as numbers of the parts that are not held out.
std::vector<int> numbers_of_parts(const Config& config, std::size_t n_parts) {
  std::set<int> numbers;
  for (const double fraction : config.cv.learning_curve.values)
    numbers.insert(std::max(1, static_cast<int>(std::lround(fraction * static_cast<double>(n_parts - 1)))));
  return {numbers.begin(), numbers.end()};
}

void check_parts(const Config& config, const compress::CompressedDesign& design) {
  const Index folds = config.cv.folds;
  require(config.cv.by == "group" || folds == 0 || folds == design.n_folds, ErrorKind::input,
          "cv.folds = {}, but {} has {} folds, and other ones need the rows: leave cv.folds out, or give the "
          "design file",
          folds, design.name, design.n_folds);
}

/// Folds and groups that cannot be held out because they have no rows.
void warn_of_missing(const estimate::CrossValidation& validation, const compress::CompressedDesign& design) {
  const bool by_fold = validation.by == compress::HeldOut::fold;
  const std::size_t wanted = by_fold ? static_cast<std::size_t>(design.n_folds) : design.group_names.size();
  const auto n_parts = static_cast<std::size_t>(validation.n_parts);
  if (n_parts < wanted)
    log::warn("{} of {} {} have no training rows of positive weight: {} are held out", wanted - n_parts,
              wanted, by_fold ? "folds" : "groups", n_parts);
  if (validation.n_unconverged > 0)
    log::warn("{} of {} fits of folds did not converge; raise fit.max_iter or fit.tol",
              validation.n_unconverged, validation.effective_dof.size());
}

/// A figure of each candidate, of which the smallest is best.
Eigen::VectorXd figures(const Config& config, const estimate::Candidates& candidates,
                        const estimate::LeastSquaresSystem& system) {
  if (config.fit.select == "evidence") return -estimate::fit_candidates(system, candidates).log_evidence;
  const estimate::EstimatorOptions& options = candidates.options.front();
  const estimate::RidgeSpectrum spectrum = estimate::ridge_spectrum(
      options.free.any() ? estimate::without_free_columns(system, options.free, options.solver.rcond).rest
                         : system);
  Eigen::VectorXd scores(candidates.size());
  for (Index i = 0; i < scores.size(); ++i)
    scores(i) = estimate::generalized_cross_validation(
        spectrum, candidates.options[static_cast<std::size_t>(i)].lambda);
  return scores;
}

}  // namespace

RowUse selection_use(const Config& config) {
  const Config defaults;
  RowUse use = fit_use(config);
  use.saves = true;
  use.explicit_parts = config.compress.cells != defaults.compress.cells;
  if (config.fit.select != "cv") return use;
  use.parts = cell_parts(config);
  use.validates = true;
  if (config.cv.by == "group") {
    use.parts.group = true;
    use.parts.fold = false;
    use.explicit_parts = true;  // cells are coarsened for memory only
    return use;
  }
  use.parts.fold = true;
  use.n_folds = static_cast<int>(config.cv.folds > 0 ? config.cv.folds : config.compress.folds);
  require(use.n_folds >= 2, ErrorKind::input,
          "compress.folds = 0 leaves no fold to hold out. Set cv.folds, or cv.by = \"group\"");
  return use;
}

void require_kept_apart(const Config& config, const compress::CellParts& planned) {
  if (config.fit.select != "cv") return;
  const bool by_fold = config.cv.by == "fold";
  require(by_fold ? planned.fold : planned.group, ErrorKind::resource,
          "run.memory_per_rank is too short to keep {} apart: the plan left cells by {}. Raise it, use more "
          "ranks{}",
          by_fold ? "folds" : "groups", compress::to_string(planned), by_fold ? ", or fewer folds" : "");
}

Config choose_by_cross_validation(const Config& config, const compress::CompressedDesign& design,
                                  const design::GroupMultipliers& multipliers,
                                  const comm::Communicator& world, FitOutput& output) {
  const SweepGrid grid = sweep_grid(config);
  estimate::Candidates candidates;
  comm::all_or_none(world, [&] {
    check_parts(config, design);
    candidates = candidates_of(config, grid, design.column_names);
  });
  const estimate::Validation how{
      .by = config.cv.by == "fold" ? compress::HeldOut::fold : compress::HeldOut::group,
      .intercept = intercept_of(config),
      .hold_out = config.cv.hold_out,
      .checkpoint = output.checkpoint()};
  const estimate::CrossValidation validation =
      config.cv.collect ? collect_validation(config, design, how.by, world)
                        : estimate::cross_validate(design, multipliers, candidates, how, world);
  if (!config.cv.hold_out.empty()) add_validation_part(config, design, validation, output);
  warn_of_missing(validation, design);
  const estimate::Choice choice = estimate::choose(validation);
  warn_of_edges(grid, choice.best);
  const Index chosen = config.cv.rule == "best" ? choice.best : choice.one_standard_error;
  const estimate::Score score = estimate::score(validation.errors[static_cast<std::size_t>(chosen)]);
  log::info("cross-validation over {} {}: rmse {:.6g} of weighted held-out rows{}{}", validation.parts.size(),
            config.cv.by == "fold" ? "folds" : "groups", std::sqrt(score.mean_square),
            grid.names.empty() ? "" : " at ", describe(grid, chosen));
  output.add_table("cv.csv", cv_csv(validation, grid, choice));
  output.add_table("cv_folds.csv", cv_folds_csv(validation, grid, design.group_names));
  if (config.cv.learning_curve.is_given()) {
    const estimate::Candidates one{.estimator = candidates.estimator,
                                   .options = {candidates.options[static_cast<std::size_t>(chosen)]}};
    const estimate::LearningCurve curve = estimate::learning_curve(
        design, multipliers, one, how, numbers_of_parts(config, validation.parts.size()), world);
    output.add_table("learning_curve.csv", learning_curve_csv(curve));
    output.add_table("learning_curve.svg", learning_curve_picture(curve, config.fit.estimator));
  }
  output.add_metrics(estimate::metrics_rows(validation.total(chosen), design.group_names, "cv"));
  output.record.selection = {.by = "cv",
                             .chosen = values_at(grid, chosen),
                             .figures = {{"mean_square", score.mean_square},
                                         {"standard_error", score.standard_error},
                                         {"parts", static_cast<double>(validation.parts.size())},
                                         {"points", static_cast<double>(grid.points.size())}}};
  return at_point(config, grid, chosen);
}

Config choose_by_figure(const Config& config, const std::vector<std::string>& column_names,
                        const estimate::LeastSquaresSystem* system, const comm::Communicator& world,
                        FitOutput& output) {
  const SweepGrid grid = sweep_grid(config);
  const std::string& by = config.fit.select;
  estimate::Candidates candidates;
  comm::all_or_none(world, [&] { candidates = candidates_of(config, grid, column_names); });
  std::vector<double> scores;
  const auto compute = [&] {
    if (system == nullptr) return;
    const Eigen::VectorXd all = figures(config, candidates, *system);
    scores.assign(all.begin(), all.end());
  };
  if (system != nullptr && !system->r.grid().is_serial())
    compute();  // errors are collective there
  else
    comm::all_or_none(world, compute);
  comm::broadcast(world, scores, 0);
  const bool is_known = std::none_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); });
  comm::require_replicated(world, is_known, ErrorKind::input,
                           "fit.estimator = \"{}\" gives no evidence to choose by. Set fit.select = \"cv\"",
                           config.fit.estimator);
  const Index best = std::min_element(scores.begin(), scores.end()) - scores.begin();
  warn_of_edges(grid, best);
  const double sign = by == "evidence" ? -1.0 : 1.0;
  const std::string name = by == "evidence" ? "log_evidence" : "gcv";
  for (double& score : scores) score *= sign;
  const double found = scores[static_cast<std::size_t>(best)];
  log::info("{} {:.6g} at {}", name, found, describe(grid, best));
  output.add_table(by + ".csv", figures_csv(grid, name, scores, best));
  output.record.selection = {.by = by,
                             .chosen = values_at(grid, best),
                             .figures = {{name, found}, {"points", static_cast<double>(grid.points.size())}}};
  return at_point(config, grid, best);
}

}  // namespace tallfit::app
