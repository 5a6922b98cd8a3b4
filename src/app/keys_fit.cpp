// Keys of [fit], by families of estimators.
#include "section_keys.hpp"

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/gaussian_process.hpp"
#include "tallfit/estimate/robust_loss.hpp"

namespace tallfit::app {

namespace {

using enum Command;

std::vector<std::string> estimator_choices() {
  std::vector<std::string> names = estimate::estimator_names();
  names.insert(names.end(), estimate::robust_names().begin(), estimate::robust_names().end());
  names.emplace_back(estimate::gaussian_process_name);
  return names;
}

/// What every estimator of factors may be told.
void add_common(SectionKeys& keys, Config::Fit& options) {
  keys.add("estimator", options.estimator, "How coefficients are found from the rows.")
      .one_of(estimator_choices());
  keys.add("weights", options.weights,
           "Multiplies the rows' own weights; names are \"group\", \"group.row_type\" or \"*.row_type\".")
      .must_be(at_least(0))
      .only_for({fit, cv, bag, sample});
  keys.add("fit_intercept", options.fit_intercept, "Adds a constant column, which is never penalised.")
      .only_for({fit, cv, bag, sample});
  keys.add(
      "unpenalised", options.unpenalised,
      "Columns that are always fitted, without penalty, beside what any estimator does with the others: a "
      "constant of each element, say. Names may hold '*', as in [\"*[0]\"].");
  keys.add("lambda", options.lambda,
           "Penalty strength of every penalised estimator (scikit-learn's alpha): of the weighted feature "
           "squared for ridge, of feature times target for lasso and its kin; the variance of the noise of "
           "gpr.")
      .must_be(at_least(0))
      .only_for({fit, cv, bag, sample});
  keys.add("tol", options.tol,
           "Where iterations of an estimator stop; docs/estimators.md says what each compares with it.")
      .must_be(between(0, 1));
  keys.add("max_iter", options.max_iter, "Iterations after which an estimator gives up.")
      .must_be(at_least(1));
  keys.add(
          "noise_dof", options.noise_dof,
          "Residual degrees of freedom for standard errors of n rows and k coefficients; n-k-2 is FitSNAP's.")
      .one_of({"n-k", "n-k-2"});
  keys.add("row_pass", options.row_pass,
           "Reads the rows a second time, for mean absolute and largest errors.")
      .only_for({fit, cv});
  keys.add("residuals", options.residuals, "Writes the residual of every row.").only_for({fit, cv});
  keys.add("leverages", options.leverages,
           "Writes the leverage of every row, and its errors where it or its configuration is left out.")
      .only_for({fit});
  keys.add("posterior", options.posterior,
           "Writes the posterior of ols or ridge in closed form: [posterior], docs/posteriors.md.")
      .only_for({fit});
  keys.add("pops", options.pops,
           "Writes an ensemble of models that are right where the fit is wrong: [pops], docs/posteriors.md.")
      .only_for({fit});
  keys.add("select", options.select,
           "Chooses the keys that [cv] sweeps: by cross-validation, the evidence, or generalized "
           "cross-validation.")
      .one_of({"none", "cv", "evidence", "gcv"})
      .only_for({fit});
}

/// The search of weights.
void add_weight_search(SectionKeys& keys, Config::Fit& options) {
  keys.add("optimize_weights", options.optimize_weights,
           "Searches multipliers of groups and row types, from fit.weights on: for the least errors on folds "
           "that are left out, or the most probable targets.")
      .one_of({"none", "held_out", "evidence"})
      .only_for({fit});
  keys.add("weight_bounds", options.weight_bounds,
           "The least and the greatest that the search may multiply a weight with.")
      .must_be(more_than(0))
      .only_for({fit});
  keys.add("weight_tolerance", options.weight_tolerance,
           "Gradient of the objective by the logarithms of the weights at which the search stops.")
      .must_be(between(0, 1))
      .only_for({fit});
  keys.add("error_weights", options.error_weights,
           "Weights of the errors whose sum held_out minimises, each relative to its size at the start; "
           "names as those of fit.weights; empty: every row type over all groups alike.")
      .must_be(at_least(0))
      .only_for({fit});
}

/// The prior of ridge.
void add_prior(SectionKeys& keys, Config::Fit& options) {
  keys.add("column_lambda", options.column_lambda,
           "Factors of lambda for columns, of ridge; names may hold '*', as in \"*[0]\" = 0, which is not "
           "penalised.")
      .must_be(at_least(0));
  keys.add(
      "smooth", options.smooth,
      "Sequences of columns, of ridge: second differences are penalised, in the order of the columns that "
      "match a name with '*'.");
  keys.add("prior_mean", options.prior_mean,
           "Folder of an earlier fit, of ridge: the penalty draws to its coefficients instead of to 0.");
  keys.add(
      "prior_matrix", options.prior_matrix,
      "Matrix L of ridge's penalty lambda ||L (theta - mu)||^2: .npy, .csv, .mtx or \"file.h5:/dataset\".");
}

/// Paths of penalties, and what a point of them is chosen by.
void add_paths(SectionKeys& keys, Config::Fit& options) {
  keys.add("lambdas", options.lambdas,
           "Penalties of a path (ridge_path, lasso_path, enet_path); empty: fit.n_lambdas from the data.")
      .must_be(more_than(0));
  keys.add("n_lambdas", options.n_lambdas, "Penalties of a path where fit.lambdas is empty.")
      .must_be(at_least(1));
  keys.add("eps", options.eps,
           "Smallest penalty of a lasso path over the largest, where fit.lambdas is empty.")
      .must_be(between(0, 1));
  keys.add("criterion", options.criterion,
           "By which a path chooses its point: ridge_path by gcv (auto), evidence or l_curve, the others by "
           "bic "
           "(auto) or aic.")
      .one_of({"auto", "gcv", "evidence", "l_curve", "aic", "bic"});
}

/// Fits that choose columns.
void add_sparse(SectionKeys& keys, Config::Fit& options) {
  keys.add("l1_ratio", options.l1_ratio,
           "Share of the absolute-value penalty in an elastic net: 1 is the lasso, 0 a ridge penalty.")
      .must_be(from_to(0, 1));
  keys.add("gamma", options.gamma, "adaptive_lasso: its weights are 1 / |first coefficients|^gamma.")
      .must_be(more_than(0));
  keys.add("initial_lambda", options.initial_lambda,
           "adaptive_lasso: ridge penalty of the fit that gives the weights; 0: least squares.")
      .in("weighted feature squared")
      .must_be(at_least(0));
  keys.add("n_nonzero_coefs", options.n_nonzero_coefs,
           "Columns that lars and omp take; 0: all for lars, a tenth of them for omp.")
      .must_be(at_least(0));
  keys.add("max_residual", options.max_residual,
           "omp takes columns until the sum of squared weighted residuals is this (scikit-learn's tol); 0: "
           "until there are fit.n_nonzero_coefs.")
      .in("weighted target squared")
      .must_be(at_least(0));
  keys.add("normalize", options.normalize, "omp compares columns as if each had unit norm.");
  keys.add("n_features_to_select", options.n_features_to_select,
           "Columns that rfe, forward_selection and backward_selection leave; 0: half of them.")
      .must_be(at_least(0));
  keys.add("step", options.step,
           "Columns that rfe and backward_selection drop at a time; below 1: a part of all columns.")
      .must_be(more_than(0));
}

/// Fits by the evidence.
void add_evidence(SectionKeys& keys, Config::Fit& options) {
  keys.add("evidence_rows", options.evidence_rows,
           "What the evidence counts as an observation: a row, or its weight squared, as for so many copies.")
      .one_of({"rows", "weights"});
  keys.add("alpha", options.alpha,
           "Precision 1 / sigma^2 of the noise of weighted targets where it is known; 0 finds it from the "
           "data.")
      .in("1 / weighted target squared")
      .must_be(at_least(0));
  keys.add(
          "threshold_lambda", options.threshold_lambda,
          "Precision from which on ard and bcs prune a coefficient, of columns of norm 1 and targets of mean "
          "square 1.")
      .must_be(more_than(0));
  keys.add("ard_method", options.ard_method,
           "Where ard and bcs start: from all columns (mackay), from none (fast), or from both (best).")
      .one_of({"mackay", "fast", "best"});
  keys.add(
          "laplace_rate", options.laplace_rate,
          "Rate of the prior of bcs, of variances of columns of norm 1 and targets of mean square 1; 0 finds "
          "it.")
      .must_be(at_least(0));
  keys.add(
      "start", options.start,
      "Folder of an earlier fit of ard or bcs to the same columns, whose precisions are where the search "
      "starts.");
}

/// Losses other than squares.
void add_losses(SectionKeys& keys, Config::Fit& options) {
  keys.add("epsilon", options.epsilon,
           "How many scales a residual of huber is away before it counts linearly.")
      .must_be(more_than(1))
      .only_for({fit, cv, sample});
  keys.add("nu", options.nu, "Degrees of freedom of the noise of student_t.")
      .must_be(more_than(0))
      .only_for({fit, cv, sample});
  keys.add("scale", options.scale, "Scale of the residuals of huber and student_t; 0 estimates it.")
      .in("target")
      .must_be(at_least(0));
}

}  // namespace

std::vector<Key> fit_keys(Config::Fit& options) {
  SectionKeys keys("fit", {fit, cv, bag});
  add_common(keys, options);
  add_weight_search(keys, options);
  add_prior(keys, options);
  add_paths(keys, options);
  add_sparse(keys, options);
  add_evidence(keys, options);
  add_losses(keys, options);
  return keys.take();
}

}  // namespace tallfit::app
