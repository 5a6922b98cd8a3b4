#include "predicted_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::app {

namespace {

/// Whether a name of fit.weights means one of these groups, or all of them.
bool names_a_group(const std::string& name, const std::vector<std::string>& group_names) {
  if (name.starts_with("*.")) return true;
  return std::any_of(group_names.begin(), group_names.end(), [&](const std::string& group) {
    if (name == group) return true;
    for (int type = 0; type < design::n_row_types; ++type)
      if (name == fmt::format("{}.{}", group, design::to_string(static_cast<design::RowType>(type))))
        return true;
    return false;
  });
}

design::GroupMultipliers multipliers_of(const std::map<std::string, double>& weights,
                                        const std::vector<std::string>& group_names) {
  std::map<std::string, double> of_groups;
  for (const auto& [name, value] : weights)
    if (names_a_group(name, group_names)) of_groups[name] = value;
  return compress::group_multipliers(group_names, of_groups);
}

/// The spread of a POPS ensemble about the fit, and its envelope.
void add_pops(const io::FittedModel& fit, infer::LinearModel& model) {
  Eigen::VectorXd centre(fit.coefficients.size() + 1);
  centre << fit.coefficients, fit.intercept;
  const double root = std::sqrt(static_cast<double>(fit.pops.cols()));
  model.envelope = {.factor = model.factors.size(), .scale = root};
  model.uncertainties.push_back(
      {.name = "pops", .dataset = "pops_std", .factors = {model.factors.size()}, .noise_variance = 0.0});
  model.factors.emplace_back((fit.pops.colwise() - centre) / root);
}

/// The spread of random coefficients beside what is not known of their means. The noise of predictions is
/// that of the likelihood: that of the means counts model error as noise.
void add_model_error(const io::FittedModel& fit, infer::LinearModel& model) {
  std::vector<std::size_t> of_mean;
  if (fit.covariance_factor.cols() > 0) {
    of_mean = {model.factors.size()};
    model.factors.push_back(fit.covariance_factor);
    model.uncertainties.push_back({.name = "classical", .dataset = "std_error", .factors = of_mean});
    if (fit.noise_dof > 0.0) model.uncertainties.back().dof = fit.noise_dof;
  }
  const std::size_t spread = model.factors.size();
  const Eigen::VectorXd& deviations = fit.model_error->deviations;
  model.factors.emplace_back(deviations.asDiagonal());
  model.uncertainties.push_back({.name = "model_error", .dataset = "model_error", .factors = {spread}});
  infer::Uncertainty all{.name = "predictive",
                         .dataset = "predictive_std",
                         .factors = of_mean,
                         .noise_variance = fit.model_error->noise_variance,
                         .leftover_variances = fit.model_error->leftover_variances};
  all.factors.push_back(spread);
  model.uncertainties.push_back(std::move(all));
}

}  // namespace

infer::LinearModel predicted_model(const io::FittedModel& fit, const std::vector<std::string>& group_names) {
  infer::LinearModel model{.coefficients = fit.coefficients,
                           .intercept = fit.intercept,
                           .factors = {},
                           .uncertainties = {},
                           .envelope = {},
                           .multipliers = multipliers_of(fit.weights, group_names)};
  if (fit.pops.cols() > 0) add_pops(fit, model);
  if (fit.model_error) add_model_error(fit, model);
  if (fit.model_error || fit.covariance_factor.cols() == 0) return model;
  const std::size_t covariance = model.factors.size();
  const double normal = std::numeric_limits<double>::infinity();
  const bool noise_is_known = fit.noise_variance > 0.0 && fit.noise_dof > 0.0;
  const double dof = noise_is_known ? fit.noise_dof : normal;
  model.factors.push_back(fit.covariance_factor);
  model.uncertainties.push_back({.name = fit.is_bag ? "bag" : "classical",
                                 .dataset = "std_error",
                                 .factors = {covariance},
                                 .noise_variance = 0.0,
                                 .leftover_variances = {},
                                 .dof = dof});
  if (noise_is_known)
    model.uncertainties.push_back({.name = "predictive",
                                   .dataset = "predictive_std",
                                   .factors = {covariance},
                                   .noise_variance = fit.noise_variance,
                                   .leftover_variances = {},
                                   .dof = dof});
  return model;
}

std::size_t find_uncertainty(const infer::LinearModel& model, const std::string& name) {
  std::size_t at = 0;
  while (at < model.uncertainties.size() && model.uncertainties[at].name != name) ++at;
  return at;
}

}  // namespace tallfit::app
