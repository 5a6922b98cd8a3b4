/// Everything a run can be told, with its defaults. Names, units and meanings of the keys: config_keys.cpp.
// long: the list of all keys, section by section
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tallfit/app/number_range.hpp"
#include "tallfit/app/sweep.hpp"
#include "tallfit/base/numeric.hpp"
#include "tallfit/compress/cost_model.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::app {

/// The resolved configuration: defaults, then the file, then the command line.
///
/// A member `fit.lambda` is the key `lambda` of section `[fit]`. Words from a fixed set are strings, checked
/// when they are read. An empty path means "not given", an empty size "auto".
struct Config {
  struct Data {
    std::string design;
    std::string features;
    std::string target;
    std::string weight;
    std::string labels;
    std::string source;               ///< "" (files), "matrix" or "atoms"
    std::string nonfinite = "error";  ///< "error" or "drop"
  };

  struct Fit {
    std::string estimator = "ols";  ///< of estimate::estimator_names() or robust_names()
    std::map<std::string, double>
        weights;  ///< "group", "group.row_type" or "*.row_type" -> factor of the row scales
    std::string optimize_weights = "none";            ///< "none", "held_out" or "evidence"
    std::vector<double> weight_bounds = {1e-3, 1e3};  ///< times the weights that the search begins with
    double weight_tolerance = 1e-5;
    std::map<std::string, double> error_weights;  ///< names as those of weights; empty: every row type alike
    bool fit_intercept = false;
    double lambda = 1e-6;
    std::map<std::string, double> column_lambda;  ///< pattern of column names -> factor of lambda
    std::vector<std::string> smooth;              ///< patterns of column names
    std::vector<std::string> unpenalised;         ///< patterns of column names
    std::string prior_mean;                       ///< folder or fit.h5 of a fit
    std::string prior_matrix;                     ///< any matrix file
    std::vector<double> lambdas;                  ///< empty: chosen
    std::string criterion = "auto";               ///< "auto", "gcv", "evidence", "l_curve", "aic" or "bic"
    std::string evidence_rows = "rows";           ///< "rows" or "weights"
    double tol = 1e-10;
    Index max_iter = 10000;
    double l1_ratio = 0.5;
    Index n_lambdas = 100;
    double eps = 1e-3;
    double gamma = 1.0;
    double initial_lambda = 0.0;
    Index n_nonzero_coefs = 0;  ///< 0: the estimator's default
    double max_residual = 0.0;  ///< 0: not used
    bool normalize = false;
    Index n_features_to_select = 0;  ///< 0: half of them
    double step = 1.0;
    double epsilon = 1.35;
    double nu = 4.0;
    double scale = 0.0;             ///< 0: estimated
    std::string noise_dof = "n-k";  ///< "n-k" or "n-k-2"
    double alpha = 0.0;             ///< 0: found
    double threshold_lambda = 1e12;
    std::string ard_method = "best";  ///< "mackay", "fast" or "best"
    double laplace_rate = 0.0;        ///< 0: found
    std::string start;                ///< folder of an earlier fit, or its fit.h5
    bool row_pass = true;
    bool residuals = false;
    bool leverages = false;
    bool posterior = false;
    bool pops = false;
    std::string select = "none";  ///< "none", "cv", "evidence" or "gcv"
  };

  /// Gaussian processes.
  struct Kernel {
    std::string name = "rbf";                  ///< "rbf", "matern" or "polynomial"
    std::vector<double> length_scale = {1.0};  ///< one for all columns, or one for each
    bool standardize = false;
    double nu = 1.5;
    Index degree = 2;
    double sigma_0 = 1.0;
    double variance = 1.0;
    Index inducing = 100;                    ///< 0: all training rows
    std::string inducing_method = "random";  ///< "random" or "greedy"
    std::string inducing_points;             ///< a matrix file in place of training rows
    std::string optimize = "none";           ///< "none", "variances" or "all"
    Index restarts = 0;
  };

  /// Correlation of errors.
  struct Noise {
    std::string model = "none";            ///< "none", "equicorrelated", "ar1", "exponential", "blocks" or
                                           ///< "matrix"
    std::string within = "configuration";  ///< "configuration" or "group"
    std::optional<double> parameter;       ///< empty: by profile likelihood
    double nugget = 0.0;
    std::string times;
    std::string covariance;
    std::string sigma;
    bool compare = true;
  };

  struct Solver {
    std::string engine = "auto";     ///< "auto", "tall", "grid" or "iterative"
    std::string grid = "auto";       ///< "auto" or "PxQ"
    Index block = 0;                 ///< 0: chosen
    std::string algorithm = "auto";  ///< "auto", "qr", "svd", "cholesky" or "lsqr"
    double rcond = 1e-13;
    double tolerance = 1e-14;
    Index max_iterations = 10000;
    std::string preconditioner = "auto";  ///< "auto", "sketch" or "scaling"
    std::string petsc;                    ///< options of PETSc, as on its command lines
    bool refine = false;
  };

  struct Compress {
    std::vector<std::string> cells = {"group", "row_type", "fold"};
    Index folds = 10;  ///< 0: none
  };

  struct CrossValidation {
    std::map<std::string, Sweep> sweeps;  ///< by name of the key of [fit]; not given where it has one value
    Index folds = 0;                      ///< 0: as many as there are
    std::string by = "fold";              ///< "fold" or "group"
    std::string rule = "best";            ///< "best" or "one_standard_error"
    Sweep learning_curve;
    std::vector<Index> hold_out;  ///< folds or groups; empty: all
    bool collect = false;
    std::vector<std::string> parts;  ///< folders of jobs that held some out
  };

  struct Bag {
    NumberRange replicas = {.first = 1, .last = 100};
    std::string unit = "configuration";  ///< "configuration", "row" or "group"
    std::string draw = "bootstrap";      ///< "bootstrap", "poisson", "bayesian", "subsample" or "folds"
    double fraction = 1.0;
    Index folds = 10;
    bool out_of_bag = true;
    bool collect = false;
    std::vector<std::string> parts;
  };

  /// Markov chains.
  struct Sample {
    std::string target = "gaussian";  ///< "gaussian", "laplace_prior", "student_t", "huber" or "model_error"
    std::string sampler = "auto";     ///< "auto", "exact" or one of infer::sampler_names()
    std::optional<double> walkers;    ///< empty: chosen
    double target_ess = 0.0;          ///< 0: all draws
    Index chains = 4;
    Index warmup = 1000;
    Index draws = 1000;
    Index thin = 1;
    std::string noise = "one";    ///< "one", "group" or "row_type"
    std::optional<double> sigma;  ///< empty: sampled
    std::string prior = "flat";   ///< "flat", "ridge" or "hierarchical"
    double target_accept = 0.8;
    Index max_depth = 10;
    Index temperatures = 8;
  };

  /// The closed-form posterior of fit.posterior.
  struct Posterior {
    double shape = 0.0;  ///< of the noise variance's prior; 0, as rate: flat in its logarithm
    double rate = 0.0;
    Index samples = 0;
    std::string reference;  ///< folder or fit.h5 of a fit
  };

  /// The ensemble of fit.pops.
  struct Pops {
    std::string form = "ensemble";  ///< "ensemble" or "hypercube"
    Index samples = 100;
    double leverage_percentile = 50.0;
    double mode_threshold = 1e-8;
    double clip = 0.0;
  };

  /// Coefficients that are random.
  struct ModelError {
    std::vector<std::string> embed = {"all"};  ///< patterns of column names, "intercept" or "all"
    std::string form = "additive";             ///< "additive" or "multiplicative"
    std::string likelihood = "iid";            ///< "iid" or "abc"
    bool free_mean = false;
    double noise = 0.0;
    std::string leftover_noise = "none";  ///< "none", "one" or "row_type"
    double epsilon = 0.1;
    Index starts = 10;
  };

  struct Checkpoint {
    double seconds = 600.0;
  };

  struct Run {
    std::optional<Index> memory_per_rank;  ///< bytes
    std::optional<Index> block_bytes;
    Index seed = 0;
  };

  struct Generate {
    std::string kind = "matrix";  ///< "matrix" or "atoms"
    Index rows = 10000;
    Index columns = 50;
    double condition = 1e3;
    Index rank = 0;  ///< 0: full
    Index zero_columns = 0;
    Index groups = 3;
    double noise = 0.01;
    double sparsity = 0.0;
    double zero_coefficients = 0.0;
    double column_decades = 0.0;
    double weight_max = 1.0;
    double weight_decades = 0.0;
    Index rows_per_configuration = 10;
    double test_fraction = 0.0;
    Index configurations = 1100;
    Index order = 3;
    std::string precision = "double";  ///< "double" or "single"
    Index compression = 0;
  };

  struct Import {
    std::string format;  ///< "fitsnap", "csv", "npy" or "chimes"
    std::string folder;
    std::string features;
    std::string target;
    std::string weight;
    std::string labels;
    std::string columns;
    std::string row_types;
    std::string natoms;
    std::string snapparam;
    std::string snapcoeff;
  };

  struct Merge {
    std::vector<std::string> inputs;
    std::vector<std::string> drop;  ///< "group=NAME"
  };

  struct Predict {
    std::string coefficients;
    double level = 0.9;
  };

  /// Active learning.
  struct Select {
    std::string criterion = "d";  ///< of infer::criterion_names(), or "committee"
    Index size = 10;
    std::string per = "configuration";  ///< "configuration" or "row"
    std::string coefficients;           ///< folder or fit.h5 of a fit or bag
    std::string training;               ///< compressed design
    double lambda = 0.0;
    std::optional<double> noise;       ///< standard deviation of weighted rows; empty: of the fit
    std::string functionals;           ///< any matrix file
    std::string region;                ///< design file
    std::vector<std::string> exclude;  ///< folders of earlier selections, or their selection.csv
  };

  struct Plan {
    Index ranks = 0;              ///< 0: the ranks of this run
    std::string command = "fit";  ///< "fit", "bag" or "sample"
  };

  struct Report {
    std::vector<std::string> inputs;
    Index ranks = 1024;
    double level = 0.95;
  };

  struct Bench {
    std::vector<Index> columns = {500, 1000};
    std::vector<Index> cells = {1, 100};
    Index rows_per_column = 800;
    bool peers = true;
    bool scaling = false;
    bool fewer_ranks = true;
    Index repeats = 3;
  };

  Data data;
  Fit fit;
  Kernel kernel;
  Noise noise;
  Solver solver;
  Compress compress;
  CrossValidation cv;
  Bag bag;
  Sample sample;
  Posterior posterior;
  Pops pops;
  ModelError model_error;
  Checkpoint checkpoint;
  Run run;
  Generate generate;
  Import import;
  design::SnapMetadata snap;  ///< not given while snap.elements is empty
  Merge merge;
  Predict predict;
  Select select;
  Plan plan;
  compress::MachineRates machine;  ///< `tallfit bench` measures them
  Report report;
  Bench bench;

  std::string output;   ///< `-o OUT`; empty where the command needs none
  bool resume = false;  ///< `--resume`
};

}  // namespace tallfit::app
