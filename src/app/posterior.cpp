#include "posterior.hpp"

#include <cmath>

#include "model_options.hpp"

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/estimate/quadratic_fit.hpp"
#include "tallfit/infer/gaussian_posterior.hpp"
#include "tallfit/io/posterior_table.hpp"

namespace tallfit::app {

namespace {

infer::ConjugatePrior prior_of(const Config& config, const std::vector<std::string>& column_names) {
  infer::ConjugatePrior prior{.shape = config.posterior.shape, .rate = config.posterior.rate};
  if (config.fit.estimator == "ols") return prior;
  prior.lambda = config.fit.lambda;
  const estimate::EstimatorOptions options = estimator_options(config, column_names);
  if (!options.prior) return prior;
  const estimate::Prior::Rows& rows = options.prior->rows;  // an entry each: check_posterior()
  prior.factors = Eigen::VectorXd::Zero(rows.cols());
  for (Index i = 0; i < rows.outerSize(); ++i)
    for (estimate::Prior::Rows::InnerIterator entry(rows, i); entry; ++entry)
      prior.factors(entry.col()) = std::hypot(prior.factors(entry.col()), entry.value());
  prior.mean = options.prior->mean;
  return prior;
}

std::vector<double> reference_of(const Config& config, const std::vector<std::string>& column_names) {
  const io::FittedModel other = io::read_fit_file(config.posterior.reference);
  require(other.column_names == column_names, ErrorKind::input,
          "posterior.reference = '{}': that fit has other columns. Name a fit of the same descriptors",
          config.posterior.reference);
  return {other.coefficients.begin(), other.coefficients.end()};
}

/// @param reference  coefficients, none where there is no other fit
void take(const Config& config, const design::DesignInfo& info, const std::vector<double>& reference,
          estimate::LinearFit& fit, FitOutput& output) {
  const auto n_rows = static_cast<Index>(std::llround(fit.dof + fit.effective_dof));
  const infer::GaussianPosterior posterior(fit, prior_of(config, info.column_names), n_rows);
  if (!fit.noise_is_known) {
    fit.noise_variance = posterior.noise_variance();
    fit.dof = posterior.dof();
    estimate::set_standard_errors(fit);
  }
  if (std::isnan(fit.log_evidence)) fit.log_evidence = posterior.log_evidence();
  io::PosteriorRecord record{.noise_variance = posterior.noise_variance(),
                             .dof = posterior.dof(),
                             .shape = posterior.shape(),
                             .rate = posterior.rate(),
                             .log_evidence = posterior.log_evidence(),
                             .distance = {}};
  if (!reference.empty())
    record.distance = posterior.distance(Eigen::Map<const Eigen::VectorXd>(reference.data(), info.n_cols));
  output.record.posterior = record;
  output.add_table("posterior.csv", io::posterior_csv(info.column_names, posterior, fit.has_intercept()));
  if (config.posterior.samples == 0) return;
  const Eigen::MatrixXd draws =
      posterior.samples(config.posterior.samples, static_cast<std::uint64_t>(config.run.seed));
  output.extras.ensembles.push_back({.name = "posterior",
                                     .models = draws.topRows(info.n_cols + 1),
                                     .variances = draws.row(info.n_cols + 1).transpose(),
                                     .rows = {}});
}

}  // namespace

void check_posterior(const Config& config) {
  const Config::Posterior& of = config.posterior;
  const Config::Fit& fit = config.fit;
  require(fit.posterior || (of.shape == 0.0 && of.rate == 0.0 && of.samples == 0 && of.reference.empty()),
          ErrorKind::input,
          "[posterior] says nothing without fit.posterior = true: set it, or leave [posterior] out");
  if (!fit.posterior) return;
  require(
      (fit.estimator == "ols" || fit.estimator == "ridge") && fit.unpenalised.empty() && fit.smooth.empty() &&
          fit.prior_matrix.empty(),
      ErrorKind::input,
      "fit.posterior is for fit.estimator = \"ols\" or \"ridge\" with a prior for each coefficient: leave "
      "out fit.unpenalised (set fit.column_lambda to 0), fit.smooth and fit.prior_matrix, or use "
      "'tallfit sample'");
  require(config.solver.engine != "iterative" && config.solver.algorithm != "lsqr" && !config.solver.refine &&
              fit.noise_dof == "n-k",
          ErrorKind::input,
          "fit.posterior needs a factor and has degrees of freedom of its own: leave out solver.engine = "
          "\"iterative\", solver.algorithm = \"lsqr\", solver.refine and fit.noise_dof");
  require(
      (of.shape > 0.0) == (of.rate > 0.0), ErrorKind::input,
      "posterior.shape = {} and posterior.rate = {}: an inverse gamma prior has both above 0. Set both, or "
      "none",
      of.shape, of.rate);
  require(fit.alpha == 0.0 || of.shape == 0.0, ErrorKind::input,
          "fit.alpha says that the noise is known: leave posterior.shape and posterior.rate out");
  require(!fit.pops || of.samples == 0, ErrorKind::input,
          "fit.pops and posterior.samples both make ensembles: leave one of them out");
}

void add_posterior(const Config& config, const design::DesignInfo& info, estimate::LinearFit& fit,
                   const comm::Communicator& world, FitOutput& output) {
  if (!config.fit.posterior) return;
  const Phase phase("posterior");
  std::vector<double> reference;
  comm::all_or_none(world, [&] {  // other nodes need not see the file
    if (world.is_root() && !config.posterior.reference.empty())
      reference = reference_of(config, info.column_names);
  });
  comm::broadcast(world, reference, 0);
  comm::all_or_none(world, [&] {
    if (fit.solver) take(config, info, reference, fit, output);
  });
}

}  // namespace tallfit::app
