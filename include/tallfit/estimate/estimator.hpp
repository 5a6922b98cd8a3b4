/// Estimators: a least-squares system in, a fit out.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/design/kernel_basis.hpp"
#include "tallfit/estimate/free_columns.hpp"
#include "tallfit/estimate/least_squares_system.hpp"
#include "tallfit/estimate/triangular_solver.hpp"

namespace tallfit::estimate {

/// Degrees of freedom of the noise estimate: N - K, or FitSNAP's N - K - 2.
enum class NoiseDof { n_minus_k, n_minus_k_minus_2 };

/// What counts as an observation of the noise: a row, whatever its weight, so that weights are relative
/// precisions; or w² of a row, so that a weight is a number of copies.
enum class EvidenceRows { rows, weights };

/// Where the search for relevant columns starts: from all of them (MacKay), from none (Tipping and Faul), or
/// from both, and the greater evidence wins.
enum class ArdMethod { mackay, fast, best };

/// Precisions that an earlier fit found.
struct KnownPrecisions {
  Eigen::VectorXd of_columns;  ///< K; infinite where pruned
  double of_noise = 1.0;
};

/// What an estimator may be told. Names are scikit-learn's and INTERFACE's.
struct EstimatorOptions {
  double lambda = 1e-6;                     ///< penalty strength, in units of (w A)²
  std::shared_ptr<const Prior> prior = {};  ///< of ridge; none: ‖θ‖²
  double tol = 1e-10;  ///< at which iterations stop; what it is compared with is each estimator's own
  Index max_iter = 10000;
  std::vector<double> lambdas = {};  ///< of a path; empty: chosen from the data
  std::string criterion = "auto";    ///< by which a path chooses its point
  EvidenceRows evidence_rows = EvidenceRows::rows;
  double l1_ratio = 0.5;  ///< of elastic nets: 1 is the lasso, 0 ridge
  Index n_lambdas = 100;
  double eps = 1e-3;
  double gamma = 1.0;              ///< adaptive lasso: the weights are 1 / |first fit|^gamma
  double initial_lambda = 0.0;     ///< adaptive lasso: ridge penalty of the first fit
  Index n_nonzero_coefs = 0;       ///< columns that a greedy fit takes; 0: the estimator's default
  double max_residual = 0.0;       ///< omp: takes columns until ‖residual‖² is at most this; 0: not used
  bool normalize = false;          ///< omp: compares correlations with columns of unit norm
  Index n_features_to_select = 0;  ///< 0: half of them
  double step = 1.0;               ///< columns that an elimination drops at a time; below 1: a part of all
  NoiseDof noise_dof = NoiseDof::n_minus_k;
  std::optional<double> alpha = std::nullopt;  ///< precision of the noise where it is known, in 1 / (w b)²
  double threshold_lambda = 1e12;  ///< of columns of norm 1 and targets of variance 1: beyond it none is left
  ArdMethod ard_method = ArdMethod::best;
  std::optional<double> laplace_rate =
      std::nullopt;       ///< of the variances of columns of norm 1 and targets of variance 1
  FreeColumns free = {};  ///< taken out before the estimator sees the rows
  std::optional<KnownPrecisions> start = std::nullopt;  ///< in place of the starts of ard_method
  double prior_variance = 1.0;                          ///< gpr: of the process, times its kernel
  bool finds_variances = false;                         ///< gpr: of process and noise, by the evidence
  compress::Checkpoint* checkpoint = nullptr;           ///< of a search on one rank; none: it saves nothing
  TriangularSolver::Options solver = {};                ///< so that designated initialisers may leave it out
};

/// What an estimator found along a path of its hyperparameter.
struct Path {
  static constexpr const char* column = "column";  ///< the figure that is the number of a column

  std::vector<std::string> names;  ///< of the figures, the hyperparameter first
  Eigen::MatrixXd figures;         ///< points x names
  Eigen::MatrixXd coefficients;    ///< K x points
  Eigen::VectorXd intercepts;      ///< points
};

/// A fitted linear model; the same on every rank of the system's grid. Coefficients are on the user's scale.
struct LinearFit {
  Eigen::VectorXd coefficients;  ///< K, target unit per feature unit
  double intercept = 0.0;
  std::optional<InterceptRow> intercept_row;  ///< of the system, where it has an intercept
  Eigen::VectorXd standard_errors;            ///< K; NaN where there are no degrees of freedom left
  double intercept_standard_error = 0.0;
  double residual_norm = 0.0;           ///< ‖W (A θ + c - b)‖ over training rows
  Eigen::VectorXd covariance_diagonal;  ///< K: variances of the coefficients where that of the noise is 1
  double noise_variance = 0.0;          ///< residual_norm² / dof, of weighted residuals
  bool noise_is_known = false;          ///< it was given, not estimated
  bool noise_is_gaussian = true;        ///< else noise_variance serves the covariance of coefficients alone
  double effective_dof = 0.0;  ///< number of coefficients that the data determine, the intercept included
  double dof = 0.0;            ///< of the noise
  Index rank = 0;
  double condition = 0.0;  ///< of the equilibrated, penalised factor
  std::vector<Index> dependent_columns;
  std::string algorithm;
  std::string reason;
  std::string objective;
  std::shared_ptr<const TriangularSolver>
      solver;  ///< of the penalised system, for corrections and covariances; none where these are not defined
  std::vector<Index> solver_columns;  ///< that the solver knows, in its order; all where empty

  std::optional<FreeRows> free;  ///< of columns beside those of the solver, which follow from these

  Index iterations = 0;
  bool converged = true;
  std::string
      convergence;  ///< "duality gap 1e-11 of the target's square after 20 sweeps"; empty: no iterations
  double log_evidence = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::pair<std::string, double>> hyperparameters;  ///< that were found from the data, by name
  Eigen::VectorXd column_precisions;  ///< K, where every coefficient has a prior of its own; infinite: pruned
  std::optional<Path> path;
  std::shared_ptr<const design::KernelBasis>
      kernel;  ///< what the columns are made with; none: they are those of the design

  bool has_intercept() const { return intercept_row.has_value(); }
};

/// A way to fit. Estimators are immutable: fitting twice gives the same bits.
class Estimator {
public:
  Estimator() = default;
  Estimator(const Estimator&) = delete;
  Estimator& operator=(const Estimator&) = delete;
  virtual ~Estimator() = default;

  /// @collective over the grid of the system
  virtual LinearFit fit(const LeastSquaresSystem& system) const = 0;
  /// λ where it minimises ‖W (A θ + c - b)‖² + λ ‖θ‖² for a λ known before the fit, 0 without a penalty: what
  /// refinement and the iterative engine can do. Nothing for others.
  virtual std::optional<double> penalty() const { return std::nullopt; }
  /// Whether its fits have a log_evidence.
  virtual bool has_evidence() const { return false; }
  /// Whether it searches, step by step, and saves its way in EstimatorOptions::checkpoint.
  virtual bool is_search() const { return false; }
  /// What it minimises, for fit.json.
  virtual std::string objective() const = 0;
};

/// A fit of some columns as one of all n columns: the others have coefficients, errors and precisions of 0.
/// Local.
LinearFit expanded(LinearFit fit, std::span<const Index> columns, Index n);

using EstimatorFactory = std::function<std::unique_ptr<Estimator>(const EstimatorOptions&)>;

/// All estimators, by name. Every entry passes the contract suite of tests/estimate.
struct RegisteredEstimator {
  std::string name;
  EstimatorFactory make;
};
const std::vector<RegisteredEstimator>& estimator_registry();
std::vector<std::string> estimator_names();

/// @return the penalty() of an estimator for a step that only quadratic penalties can take.
/// @throws Error{input} naming the step, as "solver.refine", for another estimator.
double require_quadratic(const Estimator& estimator, const std::string& step);

/// @throws Error{input} for an unknown name, listing the known ones, and for options out of range.
std::unique_ptr<Estimator> make_estimator(const std::string& name, const EstimatorOptions& options);

}  // namespace tallfit::estimate
