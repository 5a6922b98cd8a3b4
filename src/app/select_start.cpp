#include "select_start.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/information.hpp"
#include "tallfit/io/bag_file.hpp"
#include "tallfit/io/compressed_file.hpp"
#include "tallfit/io/fit_file.hpp"

namespace tallfit::app {

namespace {

void require_columns(const std::vector<std::string>& names, const std::string& of,
                     const design::DesignInfo& pool, const comm::Communicator& world) {
  comm::require_replicated(
      world, compress::fingerprint(names) == compress::fingerprint(pool.column_names), ErrorKind::input,
      "the pool {} has {} columns ('{}', ...) but {} has {} ('{}', ...): both must have the same descriptors",
      pool.name, pool.n_cols, pool.column_names.front(), of, names.size(), names.front());
}

/// Mean square of the weighted out-of-bag errors; NaN without any.
double out_of_bag_variance(const io::BagContents& bag) {
  estimate::ErrorSums all;
  for (const auto& [key, sums] : io::pooled(bag.ensemble)) all.add(sums);
  return all.weighted_squares / static_cast<double>(all.targets.count);
}

Index count_nonzero_rows(const Eigen::MatrixXd& m) { return (m.array() != 0.0).rowwise().any().count(); }

/// [a 1] of the factor of w [A 1 b].
Eigen::MatrixXd without_target(const compress::Factor& factor, bool has_intercept) {
  Eigen::MatrixXd rows = factor.dense().leftCols(factor.n_cols() - 1);
  if (!has_intercept) rows.rightCols(1).setZero();
  return rows;
}

/// @param weights  multipliers of the rows' own
FewRows training_rows(const compress::CompressedDesign& design, const std::map<std::string, double>& weights,
                      bool has_intercept, const comm::Communicator& world) {
  design::GroupMultipliers multipliers;
  FewRows few;
  comm::all_or_none(world, [&] {
    multipliers = compress::group_multipliers(design.group_names, weights);
    few.n_rows = compress::count_training_rows(design, multipliers);
    require(few.n_rows > 0, ErrorKind::input,
            "{}: no row is left with a weight above 0 that is not for testing", design.name);
  });
  const compress::Factor factor = compress::merge_training_cells(design, world, multipliers);
  Eigen::MatrixXd& rows = few.factor;
  comm::all_or_none(world, [&] {
    if (world.is_root()) rows = without_target(factor, has_intercept);
  });
  Index n_rows = rows.rows();
  comm::broadcast(world, std::span(&n_rows, 1), 0);
  rows.resize(n_rows, design.n_cols() + 1);
  comm::broadcast(world, std::span(rows.data(), static_cast<std::size_t>(rows.size())), 0);
  return few;
}

}  // namespace

void check_select(const Config& config) {
  const Config::Select& options = config.select;
  const bool has_fit = !options.coefficients.empty();
  require(!has_fit || (options.training.empty() && options.lambda == 0.0), ErrorKind::input,
          "select.training and select.lambda say what is known where no fit does: leave them or "
          "select.coefficients out");
  require(
      has_fit || options.criterion != "committee", ErrorKind::input,
      "select.criterion = \"committee\" needs members: set --select.coefficients=FOLDER, the -o FOLDER of "
      "a 'tallfit bag' or 'tallfit sample'");
  const bool by_volume = options.criterion == "maxvol";
  require(!by_volume || (!has_fit && options.training.empty() && options.lambda == 0.0 &&
                         options.per == "configuration"),
          ErrorKind::input,
          "select.criterion = \"maxvol\" looks at the rows of the pool alone: leave select.coefficients, "
          "select.training, select.lambda and select.per out");
  require(by_volume || has_fit || !options.training.empty() || options.lambda > 0.0, ErrorKind::input,
          "nothing is known of the model. Set --select.coefficients=FOLDER of a fit or bag, "
          "--select.training=LABELLED.tallfit.h5, or, to start from nothing, --select.lambda=1e-8");
  require(has_fit || !options.noise, ErrorKind::input,
          "select.noise scales the covariance of a fit; without select.coefficients it changes nothing. "
          "Leave it out");
  require((options.criterion == "c") == !options.functionals.empty(), ErrorKind::input,
          "select.criterion = \"c\" and select.functionals belong together: give both or none");
  require((options.criterion == "v") == !options.region.empty(), ErrorKind::input,
          "select.criterion = \"v\" and select.region belong together: give both or none");
}

Config select_rows_config(const Config& config) {
  Config of_rows = config;
  of_rows.fit = {};
  of_rows.fit.weights = config.fit.weights;
  of_rows.fit.fit_intercept = config.fit.fit_intercept;
  of_rows.solver = {};
  of_rows.solver.engine = "tall";
  of_rows.noise = {};
  return of_rows;
}

RowUse select_rows_use(bool makes_factor, std::shared_ptr<const design::KernelBasis> basis) {
  return {.solves = makes_factor,
          .n_passes = makes_factor ? 2 : 1,
          .parts = {.group = false, .row_type = false, .fold = false},
          .explicit_parts = true,
          .basis = std::move(basis)};
}

FewRows factor_of_rows(const PlannedRows& planned, bool has_intercept, const comm::Communicator& world) {
  return training_rows(compress_rows(planned, world), {}, has_intercept, world);  // rows are weighted already
}

KnownFit read_known_fit(const Config& config) {
  const std::string& path = config.select.coefficients;
  if (path.empty()) return {.has_intercept = config.fit.fit_intercept};
  io::FittedModel model = io::read_fit_file(path);
  KnownFit fit{.is_given = true,
               .covariance_factor = std::move(model.covariance_factor),
               .noise_variance = model.noise_variance,
               .column_names = std::move(model.column_names),
               .kernel = std::move(model.kernel)};
  require(
      fit.covariance_factor.cols() > 0, ErrorKind::input,
      "{} has no covariance, so it does not say what is known. Take a fit of an estimator that has one, as "
      "\"ols\" or \"ridge\", or a bag of several replicas",
      path);
  fit.has_intercept = (fit.covariance_factor.bottomRows(1).array() != 0.0).any();
  const bool is_bag = model.is_bag;
  require(is_bag || model.is_sample || config.select.criterion != "committee", ErrorKind::input,
          "select.criterion = \"committee\" needs members, but {} is one fit. Take a 'tallfit bag' or "
          "'tallfit sample', or the criterion \"variance\"",
          path);
  if (is_bag) {
    if (!config.select.noise) fit.noise_variance = out_of_bag_variance(io::read_bag_file(path));
  } else {
    const Eigen::MatrixXd& factor = fit.covariance_factor;
    const Index n_columns = (factor.array() != 0.0).colwise().any().count();
    require(
        n_columns >= count_nonzero_rows(factor), ErrorKind::input,
        "{} determines only {} directions of {} coefficients, and nothing says how little is known of the "
        "others. Fit with ridge, or give its rows as select.training with select.lambda",
        path, n_columns, count_nonzero_rows(factor));
  }
  if (config.select.noise) fit.noise_variance = *config.select.noise * *config.select.noise;
  return fit;
}

infer::Whitening select_start(const Config& config, const KnownFit& fit, const design::DesignInfo& pool,
                              const Eigen::VectorXd& pool_squares, const comm::Communicator& world) {
  const Config::Select& options = config.select;
  infer::Whitening start;
  if (fit.is_given) {
    require_columns(fit.column_names, options.coefficients, pool, world);
    comm::all_or_none(
        world, [&] { start = infer::information_of_covariance(fit.covariance_factor, fit.noise_variance); });
    return start;
  }
  Eigen::MatrixXd rows(0, pool.n_cols + 1);
  if (!options.training.empty()) {
    const compress::CompressedDesign training = io::load_compressed(options.training, world);
    require_columns(training.column_names, options.training, pool, world);
    rows = training_rows(training, config.fit.weights, fit.has_intercept, world).factor;
  }
  Eigen::VectorXd penalties = Eigen::VectorXd::Zero(rows.cols());
  if (options.lambda > 0.0) penalties = options.lambda * pool_squares;
  comm::all_or_none(world, [&] { start = infer::information_of_rows(rows, penalties, config.solver.rcond); });
  return start;
}

}  // namespace tallfit::app
