#include "noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/row_feed.hpp"
#include "tallfit/estimate/noise_likelihood.hpp"

namespace tallfit::app {

namespace {

using design::NoiseKind;

design::NoiseModel model_of(const Config::Noise& noise, double parameter) {
  return {.kind = noise.model == "ar1"           ? NoiseKind::ar1
                  : noise.model == "exponential" ? NoiseKind::exponential
                  : noise.model == "blocks"      ? NoiseKind::blocks
                                                 : NoiseKind::equicorrelated,
          .within = noise.within == "group" ? design::NoiseWithin::group : design::NoiseWithin::configuration,
          .parameter = parameter,
          .nugget = noise.nugget};
}

/// From the shortest to the longest length that data of these times can tell from none and from all.
estimate::SearchInterval lengths_of(const design::RowNumbers& times, const PlannedRows& planned,
                                    const comm::Communicator& world) {
  constexpr Index step = 65536;
  double earliest = std::numeric_limits<double>::infinity();
  double minus_latest = earliest;
  comm::all_or_none(world, [&] {
    std::vector<double> some;
    for (Index at = planned.layout.my_begin(); at < planned.layout.my_end(); at += step) {
      some.resize(static_cast<std::size_t>(std::min(step, planned.layout.my_end() - at)));
      times(at, static_cast<Index>(some.size()), some.data());
      const auto [least, most] = std::minmax_element(some.begin(), some.end());
      earliest = std::min(earliest, *least);
      minus_latest = std::min(minus_latest, -*most);
    }
  });
  comm::min_in_place(world, std::span(&earliest, 1));
  comm::min_in_place(world, std::span(&minus_latest, 1));
  const double span = -minus_latest - earliest;
  comm::require_replicated(world, span > 0.0 && std::isfinite(span), ErrorKind::input,
                           "noise.times are all {}: they tell of no length", earliest);
  const double shortest = span / static_cast<double>(planned.layout.n_rows) / 10.0;
  return {.low = std::log(shortest), .high = std::log(10.0 * span)};
}

/// A parameter as the search sees it: without ends that it cannot reach.
double parameter_at(const std::string& model, double place) {
  return model == "exponential" ? std::exp(place) : std::tanh(place);
}

estimate::SearchInterval interval_of(const Config& config, const design::RowNumbers& times,
                                     const PlannedRows& planned, const comm::Communicator& world) {
  if (config.noise.model == "exponential") return lengths_of(times, planned, world);
  constexpr double widest = 5.0;  // correlations of 0.9999
  return {.low = config.noise.model == "ar1" ? -widest : 0.0, .high = widest};
}

}  // namespace

void check_noise(const Config& config) {
  const Config::Noise& noise = config.noise;
  const bool says_more =
      noise.parameter || noise.nugget > 0.0 || !noise.times.empty() || !noise.covariance.empty();
  require(noise.model != "none" || !says_more, ErrorKind::input,
          "noise.parameter, noise.nugget, noise.times and noise.covariance say nothing without noise.model: "
          "set it, or leave them out");
  if (noise.model == "none") return;
  require(noise.model == "exponential" || noise.times.empty(), ErrorKind::input,
          "noise.times = \"{}\" is for noise.model = \"exponential\"; {} counts rows. Leave it out",
          noise.times, noise.model);
  require(noise.model != "exponential" || !noise.times.empty(), ErrorKind::input,
          "noise.model = \"exponential\" needs noise.times: a file with the time of each row");
  const bool blocks = noise.model == "blocks";
  const bool has_table = blocks || noise.model == "matrix";
  require(has_table == !noise.covariance.empty(), ErrorKind::input,
          "noise.covariance = \"{}\" with noise.model = \"{}\": \"blocks\" and \"matrix\" need it, and the "
          "other models do not read it",
          noise.covariance, noise.model);
  require(!has_table || !noise.parameter, ErrorKind::input,
          "noise.parameter = {}: {} of covariances has no parameter. Leave it out",
          noise.parameter.value_or(0.0), blocks ? "a block" : "a matrix");
  if (blocks) return design::require_valid(model_of(noise, 0.0));
  const bool iterates = config.solver.engine == "iterative" || config.solver.algorithm == "lsqr";
  if (noise.model == "matrix") {
    require(noise.nugget == 0.0, ErrorKind::input,
            "noise.nugget = {} is for ar1 and exponential: add it to the diagonal of noise.covariance",
            noise.nugget);
    require(!iterates && config.solver.algorithm != "cholesky" && !config.solver.refine, ErrorKind::input,
            "noise.model = \"matrix\" factors all rows at once, on the grid: leave out solver.refine, "
            "solver.engine = \"iterative\" and solver.algorithm = \"lsqr\" or \"cholesky\"");
    return;
  }
  require(
      !iterates || noise.parameter, ErrorKind::input,
      "noise.parameter = \"auto\" needs the residual of many fits: set it, or use the engines tall or grid");
  if (noise.parameter) design::require_valid(model_of(noise, *noise.parameter));
}

double log_determinant(const PlannedRows& planned, const comm::Communicator& world) {
  const compress::RowLayout& layout = planned.layout;
  std::vector<double> sums;
  comm::all_or_none(world, [&] {
    const auto begin = layout.leaf_begin.begin();
    sums = planned.whitened->log_determinants({begin + layout.my_first_leaf, begin + layout.my_end_leaf + 1});
  });
  double sum = 0.0;
  for (const double of_leaf : comm::all_gather(world, sums)) sum += of_leaf;
  return sum;
}

namespace {

/// Where every sequence is one row, a model says nothing, and nobody can have meant that.
void require_sequences(const Config::Noise& noise, PlannedRows& planned, const comm::Communicator& world) {
  const design::NoiseModel pairs = {
      .kind = NoiseKind::equicorrelated, .within = model_of(noise, 0.0).within, .parameter = 0.5};
  planned.whitened = std::make_unique<design::WhitenedSource>(planned.rows(), pairs);
  const bool any = log_determinant(planned, world) != 0.0;  // exactly 0 where every sequence has one row
  comm::require_replicated(
      world, any, ErrorKind::input,
      "noise.within = \"{}\": no two training rows of {} are in one sequence, so that none are "
      "correlated. {}",
      noise.within, planned.info().name,
      noise.within == "configuration"
          ? "noise.within = \"group\" makes a series of rows that are configurations of their own"
          : "Set noise.within = \"configuration\", or give adjacent configurations one group");
}

}  // namespace

void whiten(const Config& config, PlannedRows& planned, const comm::Communicator& world,
            const ResidualNorm& rho) {
  const Config::Noise& noise = config.noise;
  if (noise.model != "blocks") require_sequences(noise, planned, world);
  comm::require_replicated(
      world, !planned.info().n_entries || planned.makes_factor(), ErrorKind::input,
      "noise.model = \"{}\" makes the rows of {} dense, which the engine iterative has no room for. Set "
      "solver.engine = \"tall\" or \"grid\"",
      noise.model, planned.info().name);
  design::NoiseTable table;
  comm::all_or_none(world, [&] {
    if (!noise.times.empty()) table.read = open_row_numbers("noise.times", noise.times, planned.info());
    if (!noise.covariance.empty())
      table = open_row_table("noise.covariance", noise.covariance, planned.info());
  });
  const auto set = [&](double parameter) {
    planned.whitened =
        std::make_unique<design::WhitenedSource>(planned.rows(), model_of(noise, parameter), table);
  };
  if (noise.parameter || noise.model == "blocks") return set(noise.parameter.value_or(0.0));

  comm::require_replicated(
      world, planned.makes_factor(), ErrorKind::input,
      "noise.parameter = \"auto\" needs the residual of many fits: set it, or use the engines "
      "tall or grid");
  const Phase phase("noise parameter");
  const estimate::SearchInterval interval = interval_of(config, table.read, planned, world);
  int passes = 0;
  const double best = estimate::minimise(
      [&](double place) {
        set(parameter_at(noise.model, place));
        const double norm = rho();
        comm::require_replicated(
            world, norm > 0.0, ErrorKind::numerical,
            "noise.parameter = \"auto\": the rows are fitted without residual, which says "
            "nothing of the noise. Set noise.parameter");
        ++passes;
        return -estimate::profile_log_likelihood(norm, compress::count_training_rows(planned.layout),
                                                 log_determinant(planned, world));
      },
      interval);
  set(parameter_at(noise.model, best));
  const double width = interval.high - interval.low;
  if (std::min(best - interval.low, interval.high - best) < 1e-3 * width)
    log::warn("noise.parameter: the likelihood is greatest at the end of what was searched, {:.6g}",
              planned.whitened->model().parameter);
  log::info("noise {}: parameter {:.6g} by {} passes", noise.model, planned.whitened->model().parameter,
            passes);
}

namespace {

/// Increasing, of the columns where both are known.
std::vector<double> sorted_ratios(const Eigen::VectorXd& errors, const Eigen::VectorXd& others) {
  std::vector<double> ratios;
  for (Index j = 0; j < std::min(errors.size(), others.size()); ++j)
    if (const double ratio = errors(j) / others(j); std::isfinite(ratio)) ratios.push_back(ratio);
  std::sort(ratios.begin(), ratios.end());
  return ratios;
}

}  // namespace

void note_noise(const design::NoiseModel& model, std::optional<double> log_likelihood,
                const Eigen::VectorXd& plain_errors, estimate::LinearFit& fit) {
  if (model.kind == NoiseKind::exponential)
    fit.hyperparameters.emplace_back("noise_length", model.parameter);
  else if (model.kind != NoiseKind::blocks)
    fit.hyperparameters.emplace_back("noise_correlation", model.parameter);
  if (log_likelihood) fit.hyperparameters.emplace_back("log_likelihood", *log_likelihood);
  const std::vector<double> ratios = sorted_ratios(fit.standard_errors, plain_errors);
  if (ratios.empty()) return;
  const double median = ratios[ratios.size() / 2];
  fit.hyperparameters.emplace_back("standard_error_ratio", median);
  log::info(
      "standard errors are {:.3g} to {:.3g} times, in the median {:.3g} times, those of a fit that takes "
      "errors for independent",
      ratios.front(), ratios.back(), median);
}

}  // namespace tallfit::app
