#include <algorithm>

#include "engine.hpp"
#include "kernel_rows.hpp"
#include "leverages.hpp"
#include "model_options.hpp"
#include "noise.hpp"
#include "pops.hpp"
#include "posterior.hpp"
#include "sample_model.hpp"
#include "select_start.hpp"

#include "tallfit/app/config_reader.hpp"
#include "tallfit/base/error.hpp"

namespace tallfit::app {

namespace {

void check_output(const Config& config, const CommandInfo& command) {
  const bool needed = command.output == Output::file || command.output == Output::folder;
  require(!needed || !config.output.empty(), ErrorKind::input,
          "'tallfit {}' needs -o {}: where its result goes.", command.name,
          command.output == Output::file ? "FILE" : "FOLDER");
  require(config.output.empty() || command.output != Output::none, ErrorKind::input,
          "'tallfit {}' writes no files: leave -o {} out.", command.name, config.output);
}

void check_matrix(const Config::Generate& matrix) {
  const Index nonzero = matrix.columns - matrix.zero_columns;
  require(nonzero >= 1, ErrorKind::input,
          "generate.zero_columns = {} leaves none of the {} columns (generate.columns).", matrix.zero_columns,
          matrix.columns);
  const Index largest = std::min(matrix.rows, nonzero);
  require(matrix.rank <= largest, ErrorKind::input,
          "generate.rank = {} is more than the {} that {} rows and {} columns ({} of them zero) can have.",
          matrix.rank, largest, matrix.rows, matrix.columns, matrix.zero_columns);
}

/// @p needed: whether the command can do nothing without a design.
void check_data(const Config& config, bool needed) {
  const Config::Data& data = config.data;
  const int given =
      (data.design.empty() ? 0 : 1) + (data.features.empty() ? 0 : 1) + (data.source.empty() ? 0 : 1);
  require(
      given > 0 || !needed, ErrorKind::input,
      "no data is given. Set one of data.design, data.features and data.source, or name a design file on the "
      "command line.");
  require(given <= 1, ErrorKind::input,
          "data.design, data.features and data.source exclude each other, but {} of them are set. Keep one.",
          given);
  require(!data.features.empty() || (data.target.empty() && data.weight.empty() && data.labels.empty()),
          ErrorKind::input,
          "data.target, data.weight and data.labels are files beside data.features; a design file and "
          "data.source have their own. Leave them out, or import the files");
  require(data.features.empty() || !data.target.empty(), ErrorKind::input,
          "data.features = \"{}\" needs data.target: the file with one target per row.", data.features);
  if (data.source == "matrix") check_matrix(config.generate);
}

void check_snap(const design::SnapMetadata& snap) {
  const auto check_length = [&](std::string_view name, std::size_t length) {
    require(length == snap.elements.size(), ErrorKind::input,
            "snap.{} has {} values, but snap.elements has {}. Each element needs one.", name, length,
            snap.elements.size());
  };
  check_length("radelem", snap.radelem.size());
  check_length("wj", snap.wj.size());
  check_length("twojmax", snap.twojmax.size());
}

void check_import(const Config& config) {
  const Config::Import& from = config.import;
  require(!from.format.empty(), ErrorKind::input,
          "import needs a format: 'tallfit import fitsnap FOLDER', or csv, npy, chimes or matrix_market.");
  require(!from.folder.empty() || !from.features.empty(), ErrorKind::input,
          "nothing to import. Name a folder, as in 'tallfit import {} FOLDER', or set import.features.",
          from.format);
  check_snap(config.snap);
}

void check_selection(const Config& config, Command command) {
  if (command == Command::fit && config.fit.select == "none") return;
  std::vector<std::string> swept;
  for (const auto& [name, sweep] : config.cv.sweeps)
    if (sweep.is_given()) swept.push_back("cv." + name);
  require(swept.size() <= 2, ErrorKind::input, "{} are swept, but a choice is made among one or two keys.",
          fmt::join(swept, ", "));
  require(
      command == Command::cv || !swept.empty(), ErrorKind::input,
      "fit.select = \"{}\" needs values to choose from: set cv.lambda = \"logspace(-8, 4, 60)\", or another "
      "key of [cv].",
      config.fit.select);
  require(command == Command::cv || config.fit.select != "gcv" || config.fit.estimator == "ridge",
          ErrorKind::input,
          "fit.select = \"gcv\" is for fit.estimator = \"ridge\", not \"{}\". Set fit.select = \"cv\"",
          config.fit.estimator);
  require(swept.empty() || config.fit.estimator != "ols", ErrorKind::input,
          "fit.estimator = \"ols\" has no hyperparameter: {} would change nothing. Set fit.estimator, as "
          "\"ridge\"",
          fmt::join(swept, ", "));
  const bool factors = config.solver.engine != "iterative" && config.solver.algorithm != "lsqr" &&
                       config.solver.algorithm != "cholesky";
  require(
      factors, ErrorKind::input,
      "fit.select needs the factors of cells, which the engine iterative and solver.algorithm = \"cholesky\" "
      "do not make. Leave solver.engine and solver.algorithm out");
}

/// Steps of a fit that exclude each other.
void check_steps(const Config& config, Command command) {
  const Config::Fit& fit = config.fit;
  const bool selects = command == Command::cv || fit.select != "none";
  const std::string selection = command == Command::cv ? "the command cv" : "fit.select";
  const std::string estimator = "fit.estimator = \"" + fit.estimator + "\"";
  const auto exclude = [](bool one, const std::string& name, bool other, const std::string& name_of_other) {
    require(!one || !other, ErrorKind::input, "{} does not go with {}: leave one of them out", name,
            name_of_other);
  };
  const bool correlated = config.noise.model != "none";
  const bool searches = fit.optimize_weights != "none";
  const bool of_rows = needs_rows(config);
  exclude(correlated, "noise.model", selects, selection);
  exclude(correlated, "noise.model", of_rows, estimator);
  exclude(correlated, "noise.model", fit.evidence_rows == "weights", "fit.evidence_rows = \"weights\"");
  exclude(correlated, "noise.model", is_process(config), estimator);
  exclude(searches, "fit.optimize_weights", selects, selection);
  exclude(searches, "fit.optimize_weights", correlated, "noise.model");
  exclude(searches, "fit.optimize_weights", of_rows, estimator);
  exclude(selects, selection, of_rows, estimator);
  exclude(!fit.unpenalised.empty(), "fit.unpenalised", of_rows, estimator);
}

void check_collection(const Config::CrossValidation& cv) {
  require(
      cv.collect != cv.parts.empty(), ErrorKind::input,
      "cv.collect and cv.parts belong together, as in 'tallfit cv run.toml --collect part1 part2 -o all'");
  require(!cv.collect || cv.hold_out.empty(), ErrorKind::input,
          "cv.hold_out is for the jobs whose parts --collect joins. Leave it out");
  require(cv.hold_out.empty() || !cv.learning_curve.is_given(), ErrorKind::input,
          "cv.learning_curve needs all folds: leave it to the run that collects the parts");
}

void check_bag(const Config& config) {
  if (config.bag.collect) {
    require(!config.bag.parts.empty(), ErrorKind::input,
            "nothing to join. Name the folders of earlier runs, as in 'tallfit bag --collect part1 part2 -o "
            "all'");
    return;
  }
  check_data(config, true);
  const Config::Fit& fit = config.fit;
  require(!needs_rows(config), ErrorKind::input,
          "fit.estimator = \"{}\" takes passes over the rows; a bag needs an estimator that works on factors",
          fit.estimator);
  require(fit.select == "none" && fit.optimize_weights == "none" && config.noise.model == "none" &&
              !config.solver.refine,
          ErrorKind::input,
          "a bag fits one model many times: leave out fit.select, fit.optimize_weights, noise.model and "
          "solver.refine");
  require(
      !is_process(config), ErrorKind::input,
      "fit.estimator = \"gpr\" is not for a bag: its rows are made of descriptors. Choose another estimator");
  const Config::Solver& solver = config.solver;
  require((solver.engine == "auto" || solver.engine == "tall") && !asks_for_grid(solver) &&
              solver.algorithm != "cholesky" && solver.algorithm != "lsqr",
          ErrorKind::input,
          "a bag has the engine tall alone: leave solver.engine, solver.grid, solver.block and "
          "solver.algorithm = "
          "\"cholesky\" or \"lsqr\" out");
  require(
      !fit.residuals && !fit.leverages, ErrorKind::input,
      "fit.residuals and fit.leverages are for one model: a bag writes errors of rows that were not drawn. "
      "Leave them out");
  require(config.bag.fraction == 1.0 || (config.bag.draw != "bayesian" && config.bag.draw != "folds"),
          ErrorKind::input, "bag.fraction = {} is not for bag.draw = \"{}\". Leave it out",
          config.bag.fraction, config.bag.draw);
  check_prior(fit);
}

void check_merge(const Config::Merge& merge) {
  require(!merge.inputs.empty(), ErrorKind::input,
          "nothing to merge. Name compressed designs, as in 'tallfit merge a.tallfit.h5 b.tallfit.h5 -o "
          "ab.tallfit.h5'.");
  for (const std::string& cell : merge.drop) {
    require(cell.rfind("group=", 0) == 0 && cell.size() > 6, ErrorKind::input,
            "--drop {} cannot be read. Write --drop group=NAME.", cell);
  }
}

}  // namespace

void check_config(const Config& config, Command command) {
  switch (command) {
    case Command::generate:
      if (config.generate.kind == "matrix") check_matrix(config.generate);
      break;
    case Command::import:
      check_import(config);
      break;
    case Command::merge:
      check_merge(config.merge);
      break;
    case Command::plan:
      if (config.plan.command == "bag") check_bag(config);
      if (config.plan.command == "sample") check_sample(config);
      [[fallthrough]];
    case Command::inspect:
    case Command::compress:
      check_data(config, true);
      break;
    case Command::fit:
    case Command::cv:
      check_data(config, true);
      check_selection(config, command);
      check_collection(config.cv);
      check_steps(config, command);
      check_prior(config.fit);
      check_noise(config);
      check_leverages(config);
      check_posterior(config);
      check_pops(config);
      check_kernel(config, command);
      break;
    case Command::bag:
      check_bag(config);
      break;
    case Command::sample:
      check_data(config, true);
      check_sample(config);
      break;
    case Command::predict:
      check_data(config, true);
      require(!config.predict.coefficients.empty(), ErrorKind::input,
              "predict needs a fit: set --predict.coefficients=FOLDER, the -o FOLDER of a 'tallfit fit'.");
      break;
    case Command::select:
      check_data(config, true);
      check_select(config);
      break;
    case Command::report:
      require(!config.report.inputs.empty(), ErrorKind::input,
              "nothing to report. Name folders of results, or scaling records, as in 'tallfit report fit -o "
              "page'.");
      break;
    case Command::bench:
      break;
  }
  check_output(config, info(command));
}

}  // namespace tallfit::app
