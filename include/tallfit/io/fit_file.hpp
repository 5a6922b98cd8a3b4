/// The results of a fit: fit.h5, fit.json and the tables.
#pragma once

#include <Eigen/Core>

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tallfit/base/phase.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/metrics.hpp"
#include "tallfit/estimate/optimise_weights.hpp"
#include "tallfit/infer/model_error.hpp"

namespace tallfit::io {

/// A fitted model as `predict` needs it.
struct FittedModel {
  std::vector<std::string> column_names;
  Eigen::VectorXd coefficients;
  double intercept = 0.0;
  double noise_variance = 0.0;
  /// Of Student's distribution of errors: infinite where the noise was known; NaN where noise_variance is not
  /// that of a Gaussian noise.
  double noise_dof = std::numeric_limits<double>::quiet_NaN();
  std::map<std::string, double> weights;  ///< of the fit, by names as those of fit.weights
  bool is_bag = false;                    ///< the covariance is the spread of replicas
  bool is_sample = false;                 ///< or that of the draws of chains
  Eigen::MatrixXd pops;                   ///< models of a POPS ensemble, (K + 1) x members; empty without one
  /// S with covariance S Sᵀ of (θ, c): K + 1 rows; the last is 0 without an intercept.
  Eigen::MatrixXd covariance_factor;
  Eigen::VectorXd column_precisions;                  ///< of ard and bcs; empty for others
  std::shared_ptr<const design::KernelBasis> kernel;  ///< of gpr; none for others
  std::optional<infer::ModelError> model_error;
};

/// Models beside that of the fit: datasets NAME_coefficients, NAME_intercepts, and NAME_rows or
/// NAME_variances.
struct NamedModels {
  std::string name;                          ///< "pops" or "posterior"
  Eigen::MatrixXd models;                    ///< (K + 1) x members
  std::optional<Eigen::VectorXd> variances;  ///< of the noise, one for each model
  std::vector<Index> rows;                   ///< a row of the design for each model, or none
};

/// What fit.h5 holds beside the fit itself; the same on every rank of its grid.
struct FitExtras {
  std::map<std::string, double> weights;  ///< as FittedModel's
  std::vector<NamedModels> ensembles = {};
  std::optional<infer::ModelError> model_error = std::nullopt;
};

/// Writes fit.h5 under any name, each rank its part of the covariance factor, and reads that back.
/// @param covariance_factor  as FittedModel's
/// @throws Error{resource} when the disk is full.   @collective over the grid of the factor
void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit, const linalg::BlockCyclicMatrix& covariance_factor,
                    const FitExtras& extras = {});

/// The same for the spread of draws, which one rank holds. Local.
void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit, const Eigen::MatrixXd& covariance_factor,
                    const FitExtras& extras = {});

/// The same for a fit without covariances. Local.
void write_fit_file(const std::string& path, const std::vector<std::string>& column_names,
                    const estimate::LinearFit& fit, const FitExtras& extras = {});

/// Reads the fit of a folder (its fit.h5) or a fit.h5. Local. @throws Error{input} naming what is missing.
FittedModel read_fit_file(const std::string& path);

/// coefficients.csv: index,name,value,std_error; a line "intercept" with index -1 follows where there is one.
std::string coefficients_csv(const std::vector<std::string>& names, const estimate::LinearFit& fit);

/// polynomial_chaos.csv: coefficients are mean + first_order ξ, with ξ of each independent and standard
/// normal. @param deviations  as ModelError's
std::string polynomial_chaos_csv(const std::vector<std::string>& names, const estimate::LinearFit& fit,
                                 const Eigen::VectorXd& deviations);

/// path.csv: a line of figures for each point of the path.
std::string path_csv(const estimate::Path& path);

/// metrics.csv, see INTERFACE.
std::string metrics_csv(const std::vector<estimate::MetricsRow>& rows);

/// How hyperparameters were chosen, and what was found.
struct Selection {
  std::string by;  ///< "cv", "gcv" or "evidence"
  std::vector<std::pair<std::string, double>> chosen;
  std::vector<std::pair<std::string, double>> figures;  ///< of the choice
};

/// What the leverages of all rows add up to.
struct LeverageRecord {
  double press = 0.0;  ///< Σ w² (error of the row when it is left out)²
  double sum = 0.0;
  Index undetermined_rows = 0;
  Index undetermined_configurations = 0;
};

/// A posterior in closed form.
struct PosteriorRecord {
  double noise_variance = 0.0;
  double dof = 0.0;  ///< infinite where the noise is known
  double shape = 0.0;
  double rate = 0.0;
  double log_evidence = 0.0;
  std::optional<double> distance;  ///< of a reference
};

/// How a POPS ensemble was made.
struct PopsRecord {
  std::string form;
  Index members = 0;
  Index rows = 0;
  double least_leverage = 0.0;
  Index modes = 0;
};

/// What a fit of embedded model error found beside the coefficients and their deviations.
struct ModelErrorRecord {
  std::string likelihood;
  std::string form;
  std::vector<std::pair<std::string, double>> scale;  ///< s, by column
  double noise = 0.0;
  std::vector<std::pair<std::string, double>> leftover_noise;  ///< by row type, or of "all"
  double log_likelihood = 0.0;
  double mean_squared_standardised_residual = 0.0;
  double pushed_forward_rms = 0.0;  ///< of weighted rows, as the next
  double residual_rms = 0.0;
  Index rows = 0;
  Index excluded_rows = 0;  ///< that no embedded column touches
  Index starts = 0;
  Index starts_at_best = 0;
  double gradient = 0.0;
};

/// How chains went.
struct Sampling {
  std::string sampler;
  Index chains = 0;
  Index walkers = 1;
  Index warmup = 0;
  Index draws = 0;  ///< of each walker
  Index evaluations = 0;
  double acceptance = 0.0;
  double least_ess = 0.0;
  double largest_r_hat = 0.0;
  Index divergences = 0;
};

/// What fit.json tells of a run.
struct RunRecord {
  std::string command;
  std::vector<std::pair<std::string, std::string>> versions;
  std::vector<std::pair<std::string, std::string>> config;
  int ranks = 1;
  std::string grid = "1 x 1";
  std::string engine = "tall";
  std::string engine_reason;
  std::vector<Stage> stages;
  double dgemm_gflops = 0.0;          ///< of one core; 0: not measured
  std::vector<Index> peak_rss_bytes;  ///< per rank
  Index rows = 0;
  Index rows_used = 0;
  Index columns = 0;
  std::vector<std::string> cells;  ///< what the cells are, and notes on coarsening
  Index iterations = 0;            ///< of LSQR, or passes of refinement
  double backward_error = std::numeric_limits<double>::quiet_NaN();  ///< of the iterative engine
  bool converged = true;
  std::optional<Selection> selection;
  std::optional<estimate::BestWeights> weights;  ///< of a search
  std::optional<LeverageRecord> leverages;
  std::optional<Sampling> sampling;
  std::optional<PosteriorRecord> posterior;
  std::optional<PopsRecord> pops;
  std::optional<ModelErrorRecord> model_error;
  std::vector<std::string> warnings;
};

/// fit.json as text. NaN and infinity become null.
std::string fit_json(const RunRecord& record, const estimate::LinearFit& fit,
                     const std::vector<std::string>& column_names);

}  // namespace tallfit::io
