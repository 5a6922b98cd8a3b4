// Keys of the sections that describe a model: what it is fitted to, and how.
#include <limits>

#include "section_keys.hpp"

namespace tallfit::app {

namespace {

using enum Command;

const std::vector<Command> row_readers = {inspect, plan, compress, fit, cv, bag, sample, predict, select};
const std::vector<Command> engine_takers = {inspect, plan, compress, merge, fit, cv};

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

std::vector<Key> noise_keys(Config::Noise& noise) {
  SectionKeys keys("noise", {fit});
  keys.add("model", noise.model, "How errors are correlated: rows are whitened before they are compressed.")
      .one_of({"none", "equicorrelated", "ar1", "exponential", "blocks", "matrix"});
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
  keys.add("covariance", noise.covariance,
           "Covariances of each row with the rows of its configuration, for blocks, or with all rows, for "
           "matrix: a "
           "file as data.features.");
  keys.add("sigma", noise.sigma,
           "Standard deviations of the errors, one per row: divides the weights of the rows.")
      .only_for({plan, compress, fit, cv, bag});
  keys.add("compare", noise.compare,
           "Fits without the model, too, and says how much larger standard errors are with it.");
  return keys.take();
}

std::vector<Key> solver_keys(Config::Solver& solver) {
  SectionKeys keys("solver", {plan, fit, cv, bag});
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
      .only_for({inspect, fit, cv, bag, sample, select});
  keys.add("tolerance", solver.tolerance,
           "Backward error, relative to the equilibrated design, at which the iterative engine stops.")
      .must_be(between(0, 1))
      .only_for({fit});
  keys.add("max_iterations", solver.max_iterations, "Iterations after which the iterative engine gives up.")
      .must_be(at_least(1))
      .only_for({fit});
  keys.add("preconditioner", solver.preconditioner,
           "Of the iterative engine: the factor of a random sketch of 4 K rows, or powers of two alone.")
      .one_of({"auto", "sketch", "scaling"})
      .only_for({plan, fit});
  keys.add("petsc", solver.petsc, "Options for PETSc, as \"-ksp_monitor -log_view\".").only_for({fit});
  keys.add("refine", solver.refine, "Adds refinement passes over the rows in extended precision.")
      .only_for({plan, fit, cv});
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

std::vector<Key> checkpoint_keys(Config::Checkpoint& checkpoint) {
  SectionKeys keys("checkpoint", {compress, fit, cv, bag, sample});
  keys.add("seconds", checkpoint.seconds,
           "Time between savings of the work so far, in OUT.checkpoint; 0: only when a signal comes.")
      .in("s")
      .must_be(at_least(0));
  return keys.take();
}

std::vector<Key> run_keys(Config::Run& run) {
  SectionKeys keys("run", {generate, import, inspect, plan, compress, merge, fit, cv, bag, sample, predict,
                           select, Command::report, bench});
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
