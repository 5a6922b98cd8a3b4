#include <nlohmann/json.hpp>

#include <cmath>

#include "tallfit/io/fit_file.hpp"

namespace tallfit::io {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json table(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json object = Json::object();
  for (const auto& [name, value] : pairs) object[name] = value;
  return object;
}

Json number_table(const std::vector<std::pair<std::string, double>>& pairs) {
  Json object = Json::object();
  for (const auto& [name, value] : pairs) object[name] = number(value);
  return object;
}

Json stage_list(const RunRecord& record) {
  Json list = Json::array();
  for (const Stage& stage : record.stages) {
    list.push_back({{"name", stage.name},
                    {"seconds", stage.seconds},
                    {"gflops", stage.gflops()},
                    {"bytes", stage.bytes},
                    {"fraction_of_dgemm", record.dgemm_gflops > 0.0 && stage.flops > 0.0
                                              ? Json(stage.gflops() / record.dgemm_gflops)
                                              : Json(nullptr)}});
  }
  return list;
}

Json weight_search(const estimate::BestWeights& best) {
  Json json;
  json["objective_before"] = number(best.value_before);
  json["objective_after"] = number(best.value_after);
  json["errors_held_out"] = best.held_out;
  json["errors"] = Json::object();
  for (std::size_t t = 0; t < best.targets.size(); ++t)
    json["errors"][best.targets[t].name] = {{"before", number(best.errors_before(static_cast<Index>(t)))},
                                            {"after", number(best.errors_after(static_cast<Index>(t)))}};
  json["iterations"] = best.iterations;
  json["evaluations"] = best.evaluations;
  json["merges"] = best.merges;
  json["condition"] = number(best.condition);
  json["converged"] = best.converged;
  json["convergence"] = best.convergence;
  return json;
}

Json sampling_json(const Sampling& sampling) {
  return {{"sampler", sampling.sampler},
          {"chains", sampling.chains},
          {"walkers", sampling.walkers},
          {"warmup", sampling.warmup},
          {"draws", sampling.draws},
          {"evaluations", sampling.evaluations},
          {"acceptance", number(sampling.acceptance)},
          {"least_ess", number(sampling.least_ess)},
          {"largest_r_hat", number(sampling.largest_r_hat)},
          {"divergences", sampling.divergences}};
}

Json posterior_json(const PosteriorRecord& posterior) {
  Json json = {{"noise_variance", number(posterior.noise_variance)},
               {"dof", number(posterior.dof)},
               {"shape", number(posterior.shape)},
               {"rate", number(posterior.rate)},
               {"log_evidence", number(posterior.log_evidence)}};
  if (posterior.distance) json["distance_of_reference"] = number(*posterior.distance);
  return json;
}

}  // namespace

std::string fit_json(const RunRecord& record, const estimate::LinearFit& fit,
                     const std::vector<std::string>& column_names) {
  Json dependent = Json::array();
  for (const Index column : fit.dependent_columns)
    dependent.push_back(column_names[static_cast<std::size_t>(column)]);
  Json json;
  json["command"] = record.command;
  json["versions"] = table(record.versions);
  json["config"] = table(record.config);
  json["ranks"] = record.ranks;
  json["grid"] = record.grid;
  json["engine"] = record.engine;
  json["engine_reason"] = record.engine_reason;
  json["algorithm"] = fit.algorithm;
  json["reason"] = fit.reason;
  json["objective"] = fit.objective;
  json["stages"] = stage_list(record);
  json["peak_rss_bytes"] = record.peak_rss_bytes;
  json["rows"] = record.rows;
  json["rows_used"] = record.rows_used;
  json["columns"] = record.columns;
  json["cells"] = record.cells;
  json["condition_estimate"] = number(fit.condition);
  json["rank"] = fit.rank;
  json["dependent_columns"] = dependent;
  json["residual_norm"] = number(fit.residual_norm);
  json["noise_variance"] = number(fit.noise_variance);
  json["log_evidence"] = number(fit.log_evidence);
  json["hyperparameters"] = number_table(fit.hyperparameters);
  if (record.selection)
    json["selection"] = {{"by", record.selection->by},
                         {"chosen", number_table(record.selection->chosen)},
                         {"figures", number_table(record.selection->figures)}};
  json["nonzero_coefficients"] = (fit.coefficients.array() != 0.0).count();
  json["effective_dof"] = number(fit.effective_dof);
  json["noise_dof"] = number(fit.dof);
  if (record.sampling) json["sampling"] = sampling_json(*record.sampling);
  if (record.posterior) json["posterior"] = posterior_json(*record.posterior);
  if (record.pops)
    json["pops"] = {{"form", record.pops->form},
                    {"members", record.pops->members},
                    {"rows", record.pops->rows},
                    {"least_leverage", number(record.pops->least_leverage)},
                    {"modes", record.pops->modes}};
  json["iterations"] = record.iterations;
  json["convergence"] = fit.convergence;
  json["backward_error"] = number(record.backward_error);
  json["converged"] = record.converged;
  if (record.weights) json["optimized_weights"] = weight_search(*record.weights);
  if (record.leverages)
    json["leverages"] = {{"press", number(record.leverages->press)},
                         {"sum", number(record.leverages->sum)},
                         {"undetermined_rows", record.leverages->undetermined_rows},
                         {"undetermined_configurations", record.leverages->undetermined_configurations}};
  json["warnings"] = record.warnings;
  return json.dump(2) + "\n";
}

}  // namespace tallfit::io
