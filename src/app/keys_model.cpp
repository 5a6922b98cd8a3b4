// Keys of the sections that describe a model: what it is fitted to, and how.
#include <limits>

#include "section_keys.hpp"

#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/robust_loss.hpp"

namespace tallfit::app {

namespace {

using enum Command;

const std::vector<Command> row_readers = {inspect, plan, compress, fit, cv, predict};
const std::vector<Command> engine_takers = {inspect, plan, compress, merge, fit, cv};

std::vector<std::string> estimator_choices() {
  std::vector<std::string> names = estimate::estimator_names();
  names.insert(names.end(), estimate::robust_names().begin(), estimate::robust_names().end());
  return names;
}

}  // namespace

std::vector<Key> data_keys(Config::Data& data) {
  SectionKeys keys("data", row_readers);
  keys.add("design", data.design, "Design file or compressed design (.tallfit.h5).");
  keys.add("features", data.features,
           "Features in place of a design file: .npy, .csv, .mtx or an HDF5 path \"file.h5:/dataset\", rows "
           "x columns.");
  keys.add("target", data.target, "Targets beside data.features, one per row.");
  keys.add("weight", data.weight, "Factors that multiply the rows beside data.features; 1 where not given.");
  keys.add("labels", data.labels,
           "CSV file with a line per configuration: config_id, group, natoms, row_start, nrows, testing.");
  keys.add("source", data.source, "Rows made on the fly in place of files, as [generate] describes them.")
      .one_of({"matrix", "atoms"});
  keys.add("nonfinite", data.nonfinite, "What to do with rows that hold NaN or infinity.")
      .one_of({"error", "drop"});
  return keys.take();
}

std::vector<Key> fit_keys(Config::Fit& options) {
  SectionKeys keys("fit", {fit, cv});
  keys.add("estimator", options.estimator, "How coefficients are found from the rows.")
      .one_of(estimator_choices());
  keys.add("weights", options.weights,
           "Multiplies the rows' own weights; names are \"group\", \"group.row_type\" or \"*.row_type\".")
      .must_be(at_least(0));
  keys.add("optimize_weights", options.optimize_weights,
           "Searches multipliers of groups and row types, from fit.weights on: for the least errors on folds "
           "that are left out, or the most probable targets.")
      .one_of({"none", "held_out", "evidence"});
  keys.add("weight_bounds", options.weight_bounds,
           "The least and the greatest that the search may multiply a weight with.")
      .must_be(more_than(0));
  keys.add("weight_tolerance", options.weight_tolerance,
           "Gradient of the objective by the logarithms of the weights at which the search stops.")
      .must_be(between(0, 1));
  keys.add("error_weights", options.error_weights,
           "Weights of the errors whose sum held_out minimises, each relative to its size at the start; "
           "names as those of fit.weights; empty: every row type over all groups alike.")
      .must_be(at_least(0));
  keys.add("fit_intercept", options.fit_intercept, "Adds a constant column, which is never penalised.");
  keys.add("lambda", options.lambda,
           "Penalty strength of every penalised estimator (scikit-learn's alpha): of the weighted feature "
           "squared for ridge, of feature times target for lasso and its kin.")
      .must_be(at_least(0));
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
  keys.add("lambdas", options.lambdas,
           "Penalties of a path (ridge_path, lasso_path, enet_path); empty: fit.n_lambdas from the data.")
      .must_be(more_than(0));
  keys.add("criterion", options.criterion,
           "By which a path chooses its point: ridge_path by gcv (auto), evidence or l_curve, the others by "
           "bic "
           "(auto) or aic.")
      .one_of({"auto", "gcv", "evidence", "l_curve", "aic", "bic"});
  keys.add("evidence_rows", options.evidence_rows,
           "What the evidence counts as an observation: a row, or its weight squared, as for so many copies.")
      .one_of({"rows", "weights"});
  keys.add("tol", options.tol, "Where iterations of an estimator stop; the concepts page says of what it is.")
      .must_be(between(0, 1));
  keys.add("max_iter", options.max_iter, "Iterations after which an estimator gives up.")
      .must_be(at_least(1));
  keys.add("l1_ratio", options.l1_ratio,
           "Share of the absolute-value penalty in an elastic net: 1 is the lasso, 0 a ridge penalty.")
      .must_be(from_to(0, 1));
  keys.add("n_lambdas", options.n_lambdas, "Penalties of a path where fit.lambdas is empty.")
      .must_be(at_least(1));
  keys.add("eps", options.eps,
           "Smallest penalty of a lasso path over the largest, where fit.lambdas is empty.")
      .must_be(between(0, 1));
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
  keys.add("epsilon", options.epsilon,
           "How many scales a residual of huber is away before it counts linearly.")
      .must_be(more_than(1));
  keys.add("nu", options.nu, "Degrees of freedom of the noise of student_t.").must_be(more_than(0));
  keys.add("scale", options.scale, "Scale of the residuals of huber and student_t; 0 estimates it.")
      .in("target")
      .must_be(at_least(0));
  keys.add(
          "noise_dof", options.noise_dof,
          "Residual degrees of freedom for standard errors of n rows and k coefficients; n-k-2 is FitSNAP's.")
      .one_of({"n-k", "n-k-2"});
  keys.add("alpha", options.alpha, "Precision of the noise of weighted targets; 0 finds it from the data.")
      .in("1 / weighted target squared")
      .must_be(at_least(0));
  keys.add("threshold_lambda", options.threshold_lambda,
           "Precision at which ard's fixed point prunes a coefficient, of columns of norm 1 and targets of "
           "mean "
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
  keys.add("row_pass", options.row_pass,
           "Reads the rows a second time, for mean absolute and largest errors.");
  keys.add("residuals", options.residuals, "Writes the residual of every row.");
  keys.add("select", options.select,
           "Chooses the keys that [cv] sweeps: by cross-validation, the evidence, or generalized "
           "cross-validation.")
      .one_of({"none", "cv", "evidence", "gcv"})
      .only_for({fit});
  return keys.take();
}

std::vector<Key> noise_keys(Config::Noise& noise) {
  SectionKeys keys("noise", {fit});
  keys.add("model", noise.model, "How errors are correlated: rows are whitened before they are compressed.")
      .one_of({"none", "equicorrelated", "ar1", "exponential", "blocks"});
  keys.add("within", noise.within,
           "What correlated rows share: a configuration and row type, or their places in adjacent "
           "configurations of one group.")
      .one_of({"configuration", "group"});
  keys.add(
      "parameter", noise.parameter,
      "Correlation of equicorrelated and ar1, length of exponential; auto: by profile likelihood, some 30 "
      "passes.");
  keys.add("nugget", noise.nugget,
           "Uncorrelated part of ar1 and exponential errors, relative to the correlated one.")
      .must_be(at_least(0));
  keys.add("times", noise.times, "Times of the rows for exponential, one per row: a file as data.target.");
  keys.add(
      "covariance", noise.covariance,
      "Covariances of each row with the rows of its configuration, for blocks: a file as data.features.");
  keys.add("sigma", noise.sigma,
           "Standard deviations of the errors, one per row: divides the weights of the rows.")
      .only_for({plan, compress, fit});
  keys.add("compare", noise.compare,
           "Fits without the model, too, and says how much larger standard errors are with it.");
  return keys.take();
}

std::vector<Key> solver_keys(Config::Solver& solver) {
  SectionKeys keys("solver", {plan, fit, cv});
  keys.add("engine", solver.engine, "Which distributed algorithms run; auto chooses and says why.")
      .one_of({"auto", "tall", "grid", "iterative"})
      .only_for(engine_takers);
  keys.add("grid", solver.grid,
           "Rows and columns of the process grid, as \"2x3\", whose product is the number of ranks; asks for "
           "the "
           "engine grid.")
      .only_for(engine_takers);
  keys.add(
          "block", solver.block,
          "Rows and columns of the blocks in which matrices are dealt over the grid; 0 chooses; asks for the "
          "engine grid.")
      .must_be(from_to(0, std::numeric_limits<int>::max()))
      .only_for(engine_takers);
  keys.add("algorithm", solver.algorithm,
           "Factorisation that yields the coefficients; auto chooses and says why.")
      .one_of({"auto", "qr", "svd", "cholesky", "lsqr"});
  keys.add("rcond", solver.rcond, "Singular values below rcond times the largest are dropped and reported.")
      .must_be(between(0, 1))
      .only_for({inspect, fit, cv});
  keys.add("tolerance", solver.tolerance,
           "Backward error, relative to the equilibrated design, at which the iterative engine stops.")
      .must_be(between(0, 1))
      .only_for({fit});
  keys.add("max_iterations", solver.max_iterations, "Iterations after which the iterative engine gives up.")
      .must_be(at_least(1))
      .only_for({fit});
  keys.add("preconditioner", solver.preconditioner,
           "Of the iterative engine: the factor of a random sketch of 4 K rows, or powers of two alone.")
      .one_of({"auto", "sketch", "scaling"});
  keys.add("petsc", solver.petsc, "Options for PETSc, as \"-ksp_monitor -log_view\".").only_for({fit});
  keys.add("refine", solver.refine, "Adds refinement passes over the rows in extended precision.");
  return keys.take();
}

std::vector<Key> compress_keys(Config::Compress& options) {
  SectionKeys keys("compress", {plan, compress, fit, cv});
  keys.add("cells", options.cells, "What separates the rows that a compressed design can later treat apart.")
      .one_of({"group", "row_type", "fold"});
  keys.add("folds", options.folds, "Folds of whole configurations for cross-validation; 0 for none.")
      .must_be(none_or_at_least_two());
  return keys.take();
}

std::vector<Key> run_keys(Config::Run& run) {
  SectionKeys keys("run", {generate, import, inspect, plan, compress, merge, fit, cv, predict, bench});
  keys.add("memory_per_rank", run.memory_per_rank,
           "Memory each rank may use, as \"4GiB\"; auto shares what the node has free.")
      .in("bytes")
      .must_be(at_least(1));
  keys.add("block_bytes", run.block_bytes, "Size of the blocks in which each rank reads rows, as \"64MiB\".")
      .in("bytes")
      .must_be(at_least(1))
      .only_for(row_readers);
  keys.add("seed", run.seed, "Seed of all random numbers; results do not depend on the number of ranks.")
      .must_be(at_least(0));
  return keys.take();
}

}  // namespace tallfit::app
