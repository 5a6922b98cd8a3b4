#include "sample_model_error.hpp"

#include <cmath>

#include "model_options.hpp"

#include "tallfit/base/log.hpp"
#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/infer/embedded_search.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::app {

EmbeddedPosterior make_embedded_posterior(const Config& config, const PlannedRows& planned,
                                          const compress::CompressedDesign& design,
                                          const comm::Communicator& world) {
  const Phase phase("mode");
  EmbeddedPosterior posterior;
  posterior.least_squares = least_squares_means(config, design, world);
  posterior.problem = embed(config, planned, posterior.least_squares, true, world);
  const infer::EmbeddedModel& model = *posterior.problem.model;
  const linalg::PetscSession petsc(world, config.solver.petsc);
  const infer::EmbeddedOptimum mode = infer::find_optimum(
      model, {.starts = config.model_error.starts, .seed = static_cast<std::uint64_t>(config.run.seed)},
      world);
  log::info("mode: gradient {:.1e} of the size of ln p; {} of {} starts end there", mode.gradient,
            mode.starts_at_best, config.model_error.starts);
  posterior.target = std::make_unique<infer::EmbeddedTarget>(
      model, mode.point, infer::laplace_root(model, mode.point),
      infer::EmbeddedNames{.coefficients = design.column_names, .embedded = posterior.problem.names});
  return posterior;
}

infer::ModelError embedded_error(const Config& config, const EmbeddedPosterior& posterior,
                                 const infer::Chains& chains) {
  const infer::EmbeddedModel& model = *posterior.problem.model;
  const infer::EmbeddedShape& shape = model.rows().shape();
  const bool free_mean = model.n_shifts() > 0;
  const Index first = free_mean ? shape.centre.size() : 0;
  infer::ModelError error{
      .deviations = Eigen::VectorXd::Zero(posterior.least_squares.coefficients.size() + 1),
      .noise_variance = config.model_error.noise * config.model_error.noise};
  const bool follows = free_mean && config.model_error.form == "multiplicative";
  for (Index j = 0; j < model.n_columns(); ++j) {
    const Index column = shape.columns[static_cast<std::size_t>(j)];
    Eigen::ArrayXXd l = chains.parameters[static_cast<std::size_t>(first + j)].array();
    if (follows)
      l *= chains.parameters[static_cast<std::size_t>(column)].array();
    else
      l *= shape.unit(j);
    error.deviations(column) = std::sqrt(l.square().mean());
  }
  for (Index g = 0; g < model.n_leftover(); ++g) {
    const auto at = static_cast<std::size_t>(first + model.n_columns() + g);
    for (const int type : model.options().leftover[static_cast<std::size_t>(g)].types)
      error.leftover_variances.at(static_cast<std::size_t>(type)) =
          chains.parameters[at].array().square().mean();
  }
  return error;
}

estimate::LinearFit embedded_fit(const EmbeddedPosterior& posterior, const infer::Chains& chains) {
  const infer::EmbeddedModel& model = *posterior.problem.model;
  const infer::EmbeddedShape& shape = model.rows().shape();
  estimate::LinearFit fit = posterior.least_squares;
  const Index k = fit.coefficients.size();
  const bool free_mean = model.n_shifts() > 0;
  const Index first = free_mean ? shape.centre.size() : 0;
  if (free_mean) {
    for (Index j = 0; j < k; ++j) {
      fit.coefficients(j) = chains.summary[static_cast<std::size_t>(j)].mean;
      fit.standard_errors(j) = chains.summary[static_cast<std::size_t>(j)].sd;
    }
    if (shape.has_intercept) {
      fit.intercept = chains.summary[static_cast<std::size_t>(k)].mean;
      fit.intercept_standard_error = chains.summary[static_cast<std::size_t>(k)].sd;
    }
    fit.solver = nullptr;  // the covariance is not that of least squares
  }
  for (auto next = static_cast<std::size_t>(first); next < chains.summary.size(); ++next)
    fit.hyperparameters.emplace_back(chains.summary[next].name, chains.summary[next].mean);
  return fit;
}

std::string describe_embedded_posterior(const Config& config) {
  const Config::ModelError& options = config.model_error;
  return fmt::format(
      "posterior of {} deviations of random coefficients by the likelihood \"{}\"{}, half-Cauchy priors, {} "
      "means",
      options.form, options.likelihood,
      options.leftover_noise == "none" ? "" : " and leftover noise, " + options.leftover_noise,
      options.free_mean ? "free" : "least-squares");
}

}  // namespace tallfit::app
