#include "tallfit/report/scaling_model.hpp"

#include <Eigen/QR>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tallfit/base/error.hpp"
#include "tallfit/infer/special_functions.hpp"

namespace tallfit::report {

namespace {

// Order of ScalingModel::constants.
enum Constant : std::size_t { labels, gather, pass, merging, sending, waiting, solve, n_constants };

constexpr double seconds_per_label = 1e-7;  // two looks at a label in memory
constexpr double prior_error = 0.5;
constexpr double no_limit = 1e300;  // of a rate: what it bounds takes no time

/// τ: seconds of each constant at 1. The cost model is linear in 1 / rate, so that a part of it at rates
/// without limits but one is what that one bounds.
Eigen::VectorXd unit_seconds(const ScalingProblem& problem, Index ranks,
                             const compress::MachineRates& rates) {
  compress::RowLayout layout;
  layout.n_rows = layout.n_used = problem.rows;
  layout.n_cols = problem.columns;
  const Index leaves = compress::leaf_count(problem.rows, problem.columns);
  layout.leaf_begin.resize(static_cast<std::size_t>(leaves) + 1);
  const auto merges_at = [&](double dgemm_gflops, double network_gbs, double latency_us) {
    const compress::TallSeconds seconds = compress::tall_seconds(
        layout, problem.cells, static_cast<int>(ranks),
        {.dgemm_gflops = dgemm_gflops, .network_gbs = network_gbs, .latency_us = latency_us});
    return seconds.tree + seconds.cells;
  };
  const compress::TallSeconds all =
      compress::tall_seconds(layout, problem.cells, static_cast<int>(ranks), rates);
  Eigen::VectorXd seconds(n_constants);
  seconds(labels) =
      seconds_per_label * static_cast<double>(problem.rows) / static_cast<double>(std::min(ranks, leaves));
  seconds(gather) = all.survey;
  seconds(pass) = all.pass;
  seconds(merging) = merges_at(rates.dgemm_gflops, no_limit, 0.0);
  seconds(sending) = merges_at(no_limit, rates.network_gbs, 0.0);
  seconds(waiting) = merges_at(no_limit, no_limit, rates.latency_us);
  seconds(solve) = all.solve;
  return seconds;
}

/// The machine as it was in the minute of a record.
compress::MachineRates rates_of(const compress::MachineRates& machine, const io::ScalingRecord& record) {
  compress::MachineRates rates = machine;
  if (!record.dgemm_gflops.empty())
    rates.dgemm_gflops = Eigen::Map<const Eigen::VectorXd>(record.dgemm_gflops.data(),
                                                           static_cast<Index>(record.dgemm_gflops.size()))
                             .mean();
  return rates;
}

ScalingProblem problem_of(const io::ScalingRecord& record) {
  return {.rows = record.rows, .columns = record.columns, .cells = record.cells};
}

/// One part while it is fitted: 1 = Σ x_j a_ij for each record i, a being seconds of constants at 1 over
/// measured ones.
struct Equations {
  Eigen::MatrixXd a;
  std::vector<Determined> by;
  Eigen::VectorXd x;
  Eigen::VectorXd errors;  ///< standard errors
};

std::vector<Index> free_columns(const Equations& equations) {
  std::vector<Index> columns;
  for (std::size_t j = 0; j < equations.by.size(); ++j)
    if (equations.by[j] == Determined::fitted) columns.push_back(static_cast<Index>(j));
  return columns;
}

/// Gives up fitting a constant.
void fix(Equations& equations, Index column, Determined how) {
  equations.by[static_cast<std::size_t>(column)] = how;
  equations.x(column) = how == Determined::held ? 1.0 : 0.0;
  if (how == Determined::held) equations.errors(column) = prior_error;
}

/// Of those that are free the one that matters least.
Index least_of(const Equations& equations, const std::vector<Index>& columns) {
  return *std::min_element(columns.begin(), columns.end(), [&](Index i, Index j) {
    return equations.a.col(i).norm() < equations.a.col(j).norm();
  });
}

/// Solves for the free constants. @return their covariance; nothing where they cannot be told apart
std::optional<Eigen::MatrixXd> solve_free(Equations& equations, const std::vector<Index>& columns,
                                          double& variance) {
  const Eigen::MatrixXd a = equations.a(Eigen::all, columns);
  Eigen::VectorXd rest = Eigen::VectorXd::Ones(a.rows());
  for (Index j = 0; j < equations.a.cols(); ++j)
    if (equations.by[static_cast<std::size_t>(j)] == Determined::held) rest -= equations.a.col(j);
  const Eigen::VectorXd norms = a.colwise().norm();
  Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(a * norms.cwiseInverse().asDiagonal());
  qr.setThreshold(1e-8);
  if (qr.rank() < a.cols()) return std::nullopt;
  const Eigen::VectorXd x = norms.cwiseInverse().asDiagonal() * qr.solve(rest);
  variance = (rest - a * x).squaredNorm() / static_cast<double>(a.rows() - a.cols());
  const Eigen::MatrixXd inverse =
      norms.cwiseInverse().asDiagonal() * qr.solve(Eigen::MatrixXd::Identity(a.rows(), a.rows()));
  equations.x(columns) = x;
  Eigen::MatrixXd covariance = variance * inverse * inverse.transpose();
  equations.errors(columns) = covariance.diagonal().cwiseSqrt();
  return covariance;
}

/// The constant that should not stay free, if there is one: the worst determined, then the most negative.
std::optional<Index> to_fix(const Equations& equations, const std::vector<Index>& columns, Determined& how) {
  const auto doubt = [&](Index j) { return equations.errors(j) / std::max(1.0, equations.x(j)); };
  const Index doubtful = *std::max_element(columns.begin(), columns.end(),
                                           [&](Index i, Index j) { return doubt(i) < doubt(j); });
  how = Determined::held;
  if (doubt(doubtful) > prior_error) return doubtful;
  const Index lowest = *std::min_element(columns.begin(), columns.end(),
                                         [&](Index i, Index j) { return equations.x(i) < equations.x(j); });
  how = Determined::at_bound;
  return equations.x(lowest) < 0.0 ? std::optional(lowest) : std::nullopt;
}

/// Fits what the records determine. @return the covariance of all constants of the part
Eigen::MatrixXd fit_part(Equations& equations, ModelPart& part) {
  const Index n = equations.a.rows();
  const Index m = equations.a.cols();
  Eigen::MatrixXd covariance;
  std::vector<Index> columns;
  double variance = 0.0;
  for (Index j = 0; j < m; ++j)
    if (n == 0 || equations.a.col(j).norm() == 0.0) fix(equations, j, Determined::held);
  for (columns = free_columns(equations); !columns.empty(); columns = free_columns(equations)) {
    const auto solved =
        static_cast<Index>(columns.size()) < n ? solve_free(equations, columns, variance) : std::nullopt;
    Determined how = Determined::held;
    if (!solved) {
      fix(equations, least_of(equations, columns), how);
    } else if (const auto column = to_fix(equations, columns, how)) {
      fix(equations, *column, how);
    } else {
      covariance = *solved;
      break;
    }
  }
  Eigen::MatrixXd all = equations.errors.cwiseAbs2().asDiagonal();
  if (!columns.empty()) {
    all(columns, columns) = covariance;
    part.dof = static_cast<double>(n) - static_cast<double>(columns.size());
    part.relative_error = std::sqrt(variance);
  }
  return all;
}

void explain(ScalingModel& model, ModelPart& part, const std::vector<io::ScalingRecord>& records) {
  const auto m = static_cast<Index>(part.constants.size());
  Equations equations{.a = Eigen::MatrixXd(static_cast<Index>(records.size()), m),
                      .by = std::vector<Determined>(part.constants.size(), Determined::fitted),
                      .x = Eigen::VectorXd::Ones(m),
                      .errors = Eigen::VectorXd::Constant(m, prior_error)};
  Index n = 0;
  for (const io::ScalingRecord& record : records) {
    double measured = 0.0;
    for (const std::string& stage : part.stages) measured += record.seconds_of(stage);
    const Eigen::VectorXd unit =
        unit_seconds(problem_of(record), record.ranks, rates_of(model.machine, record));
    Eigen::VectorXd mine(m);
    for (Index j = 0; j < m; ++j)
      mine(j) = unit(static_cast<Index>(part.constants[static_cast<std::size_t>(j)]));
    if (mine.sum() > 0.0 && measured > 0.0) equations.a.row(n++) = mine / measured;
  }
  equations.a.conservativeResize(n, m);
  part.covariance = fit_part(equations, part);
  for (Index j = 0; j < m; ++j) {
    ModelConstant& constant = model.constants[part.constants[static_cast<std::size_t>(j)]];
    constant.value = equations.x(j);
    constant.standard_error = equations.errors(j);
    constant.by = equations.by[static_cast<std::size_t>(j)];
  }
}

}  // namespace

ScalingModel fit_scaling_model(const std::vector<io::ScalingRecord>& records) {
  require(!records.empty(), ErrorKind::input, "there is no scaling record to explain");
  ScalingModel model;
  const io::ScalingRecord& most = *std::max_element(
      records.begin(), records.end(), [](const auto& x, const auto& y) { return x.ranks < y.ranks; });
  model.machine = rates_of(most.machine, most);
  for (const char* name : {"reading of labels", "gather of the survey", "pass over the rows",
                           "merges of triangles", "bytes of triangles", "messages of triangles", "solve"})
    model.constants.push_back({.name = name});
  const auto add = [&](std::string name, std::vector<std::string> stages,
                       std::vector<std::size_t> constants) {
    model.parts.push_back({.name = std::move(name),
                           .stages = std::move(stages),
                           .constants = std::move(constants),
                           .covariance = {}});
  };
  add("survey", {"survey"}, {labels, gather});
  add("rows", {"rows"}, {pass});
  add("merges", {"merge leaves", "merge cells"}, {merging, sending, waiting});
  add("solve", {"solve"}, {solve});
  for (ModelPart& part : model.parts) explain(model, part, records);
  return model;
}

Foretold foretell(const ScalingModel& model, const ScalingProblem& problem, Index ranks, double level) {
  const Eigen::VectorXd unit = unit_seconds(problem, ranks, model.machine);
  Foretold told;
  double variance = 0.0;
  double of_fits = 0.0;  // Σ variance² / dof
  for (const ModelPart& part : model.parts) {
    const auto m = static_cast<Index>(part.constants.size());
    Eigen::VectorXd mine(m);
    double of_held = 0.0;
    for (Index j = 0; j < m; ++j) {
      const std::size_t at = part.constants[static_cast<std::size_t>(j)];
      const ModelConstant& constant = model.constants[at];
      mine(j) = unit(static_cast<Index>(at));
      told.seconds += constant.value * mine(j);
      if (constant.by == Determined::held) of_held += std::pow(constant.standard_error * mine(j), 2);
    }
    const double of_part = mine.dot(part.covariance * mine);
    variance += of_part;
    if (part.dof > 0.0) of_fits += std::pow(std::max(0.0, of_part - of_held), 2) / part.dof;
  }
  const double dof = of_fits > 0.0 ? variance * variance / of_fits : std::numeric_limits<double>::infinity();
  const double half = infer::central_quantile(level, dof) * std::sqrt(variance);
  told.lower = std::max(0.0, told.seconds - half);
  told.upper = told.seconds + half;
  return told;
}

double expected_seconds(const ScalingModel& model, const ScalingProblem& problem, Index ranks) {
  return unit_seconds(problem, ranks, model.machine).sum();
}

std::string rate_text(const ScalingModel& model, std::size_t constant) {
  const double value = model.constants.at(constant).value;
  if (!(value > 0.0)) return "";
  const compress::MachineRates& machine = model.machine;
  const auto flops = [&](double fraction) {
    return fmt::format("{:.3g} GF/s", fraction * machine.dgemm_gflops / value);
  };
  switch (constant) {
    case labels:
      return fmt::format("{:.3g} ns a row", 1e9 * seconds_per_label * value);
    case pass:
      return flops(compress::dgemm_fraction::fold);
    case merging:
      return flops(compress::dgemm_fraction::merge);
    case sending:
      return fmt::format("{:.3g} GB/s", machine.network_gbs / value);
    case waiting:
      return fmt::format("{:.3g} us", machine.latency_us * value);
    case solve:
      return flops(compress::dgemm_fraction::solve);
    default:
      return "";
  }
}

}  // namespace tallfit::report
