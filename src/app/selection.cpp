#include "selection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model_options.hpp"

#include "tallfit/app/config_keys.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/ridge_spectrum.hpp"
#include "tallfit/io/csv_writer.hpp"

namespace tallfit::app {

namespace {

void set_number(Config& config, const std::string& name, double value) {
  for (const Key& key : keys_of(config)) {
    if (key.name != "fit." + name) continue;
    if (auto* const* number = std::get_if<double*>(&key.target)) **number = value;
    if (auto* const* count = std::get_if<Index*>(&key.target)) **count = static_cast<Index>(value);
  }
}

/// "lambda = 0.001, tol = 1e-10"
std::string describe(const SweepGrid& grid, Index point) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < grid.names.size(); ++i)
    parts.push_back(
        fmt::format("{} = {:.6g}", grid.names[i], grid.points[static_cast<std::size_t>(point)][i]));
  return fmt::format("{}", fmt::join(parts, ", "));
}

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

std::string part_name(const estimate::CrossValidation& validation, std::size_t part,
                      const std::vector<std::string>& group_names) {
  const int number = validation.parts[part];
  return validation.by == compress::HeldOut::fold ? fmt::format("{}", number)
                                                  : group_names[static_cast<std::size_t>(number)];
}

std::string type_name(int row_type) {
  return row_type == compress::CellKey::any
             ? "ALL"
             : std::string(design::to_string(static_cast<design::RowType>(row_type)));
}

/// Header fields for the point's number and its values.
std::string point_header(const SweepGrid& grid) {
  std::string header = "point";
  for (const std::string& name : grid.names) header += "," + name;
  return header;
}

void add_point(io::CsvWriter& csv, const SweepGrid& grid, Index point) {
  csv.add(point);
  for (const double value : grid.points[static_cast<std::size_t>(point)]) csv.add(value);
}

/// All rows, then each row type where cells know it.
std::vector<int> types_of(const estimate::CrossValidation& validation) {
  std::vector<int> types = estimate::row_types_of(validation.errors.front());
  types.insert(types.begin(), compress::CellKey::any);
  return types;
}

std::string cv_csv(const estimate::CrossValidation& validation, const SweepGrid& grid,
                   const estimate::Choice& choice) {
  io::CsvWriter csv(point_header(grid) +
                    ",row_type,count,mean_square,standard_error,rmse,effective_dof,best,one_standard_error");
  const Eigen::VectorXd dof = validation.effective_dof.rowwise().mean();
  for (Index point = 0; point < validation.n_candidates(); ++point) {
    for (const int type : types_of(validation)) {
      const estimate::Score score =
          estimate::score(validation.errors[static_cast<std::size_t>(point)], type);
      add_point(csv, grid, point);
      csv.add(type_name(type)).add(score.count).add(score.mean_square).add(score.standard_error);
      csv.add(std::sqrt(score.mean_square)).add(dof(point));
      csv.add(point == choice.best ? 1 : 0).add(point == choice.one_standard_error ? 1 : 0).end_row();
    }
  }
  return csv.text();
}

std::string folds_csv(const estimate::CrossValidation& validation, const SweepGrid& grid,
                      const std::vector<std::string>& group_names) {
  const bool by_fold = validation.by == compress::HeldOut::fold;
  io::CsvWriter csv(point_header(grid) + (by_fold ? ",fold" : ",group") +
                    ",row_type,count,mean_square,rmse,effective_dof");
  for (Index point = 0; point < validation.n_candidates(); ++point) {
    const auto& parts = validation.errors[static_cast<std::size_t>(point)];
    for (std::size_t part = 0; part < parts.size(); ++part) {
      for (const int type : types_of(validation)) {
        const estimate::Score score = estimate::score({parts[part]}, type);
        if (score.count == 0) continue;
        add_point(csv, grid, point);
        csv.add(part_name(validation, part, group_names)).add(type_name(type)).add(score.count);
        csv.add(score.mean_square).add(std::sqrt(score.mean_square));
        csv.add(validation.effective_dof(point, static_cast<Index>(part))).end_row();
      }
    }
  }
  return csv.text();
}

std::vector<std::pair<std::string, double>> values_at(const SweepGrid& grid, Index point) {
  std::vector<std::pair<std::string, double>> values;
  for (std::size_t i = 0; i < grid.names.size(); ++i)
    values.emplace_back(grid.names[i], grid.points[static_cast<std::size_t>(point)][i]);
  return values;
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
  const std::size_t wanted =
      by_fold ? static_cast<std::size_t>(design.n_folds) : design.group_names.size();
  if (validation.parts.size() < wanted)
    log::warn("{} of {} {} have no training rows of positive weight: {} are held out", wanted -
              validation.parts.size(), wanted, by_fold ? "folds" : "groups", validation.parts.size());
  if (validation.n_unconverged > 0)
    log::warn("{} of {} fits of folds did not converge; raise fit.max_iter or fit.tol",
              validation.n_unconverged,
              validation.effective_dof.size());
}

/// A figure of each candidate, of which the smallest is best.
Eigen::VectorXd figures(const Config& config, const estimate::Candidates& candidates,
                        const estimate::LeastSquaresSystem& system) {
  if (config.fit.select == "evidence") return -estimate::fit_candidates(system, candidates).log_evidence;
  const estimate::RidgeSpectrum spectrum = estimate::ridge_spectrum(system);
  Eigen::VectorXd scores(candidates.size());
  for (Index i = 0; i < scores.size(); ++i)
    scores(i) = estimate::generalized_cross_validation(
        spectrum, candidates.options[static_cast<std::size_t>(i)].lambda);
  return scores;
}

}  // namespace

SweepGrid sweep_grid(const Config& config) {
  SweepGrid grid{.names = {}, .points = {{}}};
  for (const auto& [name, sweep] : config.cv.sweeps) {
    if (!sweep.is_given()) continue;
    grid.names.push_back(name);
    std::vector<std::vector<double>> longer;
    for (const std::vector<double>& point : grid.points) {
      for (const double value : sweep.values) {
        longer.push_back(point);
        longer.back().push_back(value);
      }
    }
    grid.points = std::move(longer);
  }
  return grid;
}

Config at_point(const Config& config, const SweepGrid& grid, Index point) {
  Config chosen = config;
  for (const auto& [name, value] : values_at(grid, point)) set_number(chosen, name, value);
  return chosen;
}

estimate::Candidates candidates_of(const Config& config, const SweepGrid& grid) {
  estimate::Candidates candidates{.estimator = config.fit.estimator, .options = {}};
  for (Index point = 0; point < static_cast<Index>(grid.points.size()); ++point) {
    const Config at = at_point(config, grid, point);
    static_cast<void>(make_estimator(at));  // options out of range are told before a row is read
    candidates.options.push_back(estimator_options(at));
  }
  return candidates;
}

RowUse selection_use(const Config& config) {
  const Config defaults;
  RowUse use = fit_use(config);
  use.saves = true;
  use.explicit_parts = config.compress.cells != defaults.compress.cells;
  if (config.fit.select != "cv") return use;
  use.parts = cell_parts(config);
  if (config.cv.by == "group") {
    use.parts.group = true;
    use.parts.fold = false;
    use.explicit_parts = true;  // cells are coarsened for memory only
    return use;
  }
  use.parts.fold = true;
  use.n_folds = static_cast<int>(config.cv.folds > 0 ? config.cv.folds : config.compress.folds);
  return use;
}

Config choose_by_cross_validation(const Config& config, const compress::CompressedDesign& design,
                                  const design::GroupMultipliers& multipliers,
                                  const comm::Communicator& world, FitOutput& output) {
  const SweepGrid grid = sweep_grid(config);
  estimate::Candidates candidates;
  comm::all_or_none(world, [&] {
    check_parts(config, design);
    candidates = candidates_of(config, grid);
  });
  const estimate::Validation how{
      .by = config.cv.by == "fold" ? compress::HeldOut::fold : compress::HeldOut::group,
      .intercept = intercept_of(config)};
  const estimate::CrossValidation validation =
      estimate::cross_validate(design, multipliers, candidates, how, world);
  warn_of_missing(validation, design);
  const estimate::Choice choice = estimate::choose(validation);
  warn_of_edges(grid, choice.best);
  const Index chosen = config.cv.rule == "best" ? choice.best : choice.one_standard_error;
  const estimate::Score score = estimate::score(validation.errors[static_cast<std::size_t>(chosen)]);
  log::info("cross-validation over {} {}: rmse {:.6g} of weighted held-out rows{}{}", validation.parts.size(),
            config.cv.by == "fold" ? "folds" : "groups", std::sqrt(score.mean_square),
            grid.names.empty() ? "" : " at ", describe(grid, chosen));
  output.add_table("cv.csv", cv_csv(validation, grid, choice));
  output.add_table("cv_folds.csv", folds_csv(validation, grid, design.group_names));
  output.add_metrics(estimate::metrics_rows(validation.total(chosen), design.group_names, "cv"));
  output.record.selection = {.by = "cv",
                             .chosen = values_at(grid, chosen),
                             .figures = {{"mean_square", score.mean_square},
                                         {"standard_error", score.standard_error},
                                         {"parts", static_cast<double>(validation.parts.size())},
                                         {"points", static_cast<double>(grid.points.size())}}};
  return at_point(config, grid, chosen);
}

Config choose_by_figure(const Config& config, const estimate::LeastSquaresSystem* system,
                        const comm::Communicator& world, FitOutput& output) {
  const SweepGrid grid = sweep_grid(config);
  const std::string& by = config.fit.select;
  const estimate::Candidates candidates = candidates_of(config, grid);
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
  io::CsvWriter csv(point_header(grid) + "," + name + ",best");
  for (Index point = 0; point < candidates.size(); ++point) {
    add_point(csv, grid, point);
    csv.add(sign * scores[static_cast<std::size_t>(point)]).add(point == best ? 1 : 0).end_row();
  }
  log::info("{} {:.6g} at {}", name, sign * scores[static_cast<std::size_t>(best)], describe(grid, best));
  output.add_table(by + ".csv", csv.text());
  output.record.selection = {.by = by,
                             .chosen = values_at(grid, best),
                             .figures = {{name, sign * scores[static_cast<std::size_t>(best)]},
                                         {"points", static_cast<double>(grid.points.size())}}};
  return at_point(config, grid, best);
}

}  // namespace tallfit::app
