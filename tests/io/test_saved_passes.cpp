// Iterations that read the rows in each step, stopped and resumed on other numbers of ranks, against runs
// that nothing disturbed: bit for bit.
#include <gtest/gtest.h>

#include "checkpoint_support.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/compress/saved_passes.hpp"
#include "tallfit/estimate/refine.hpp"
#include "tallfit/estimate/robust_fit.hpp"
#include "tallfit/infer/influence.hpp"
#include "tallfit/infer/prediction.hpp"
#include "tallfit/io/row_results.hpp"

namespace tallfit::io {
namespace {

/// The cells of the rows, their system, and fits that start from it.
struct Fits {
  Fits(TableSource& source, const comm::Communicator& on)
      : table(source),
        ranks(on),
        cells(compressed_rows(table, ranks, nullptr)),
        system(estimate::training_system(cells.design,
                                         compress::group_multipliers(table.info().group_names, {}),
                                         estimate::Intercept::fitted, ranks)) {}

  std::vector<double> robust(const estimate::RobustOptions& options, compress::Checkpoint* checkpoint) const {
    const estimate::LinearFit fit =
        estimate::fit_robust({.source = table,
                              .layout = cells.layout,
                              .cells = cells.plan,
                              .comm = ranks,
                              .block_bytes = 4000,
                              .checkpoint = checkpoint},
                             system ? &*system : nullptr, estimate::Intercept::fitted, options);
    std::vector<double> numbers(fit.coefficients.begin(), fit.coefficients.end());
    numbers.insert(numbers.end(), {fit.intercept, fit.residual_norm, static_cast<double>(fit.iterations)});
    for (const auto& [name, value] : fit.hyperparameters) numbers.push_back(value);
    if (fit.noise_variance > 0.0)
      numbers.insert(numbers.end(), fit.standard_errors.begin(), fit.standard_errors.end());
    return numbers;
  }

  /// From coefficients that are wrong in the fifth digit.
  std::vector<double> refined(double lambda, compress::Checkpoint* checkpoint) const {
    const auto ridge = estimate::make_estimator("ridge", {.lambda = lambda});
    estimate::LinearFit fit;
    if (system) {
      fit = ridge->fit(*system);
      fit.coefficients *= 1.0 + 1e-5;
    }
    const estimate::Refinement done =
        estimate::refine({.source = table,
                          .layout = cells.layout,
                          .comm = ranks,
                          .block_bytes = 4000,
                          .checkpoint = checkpoint},
                         system ? &fit : nullptr, system ? &*system : nullptr, lambda, {.lambda = lambda});
    std::vector<double> numbers(fit.coefficients.begin(), fit.coefficients.end());
    numbers.insert(numbers.end(), {fit.intercept, fit.residual_norm, done.last_correction,
                                   static_cast<double>(done.passes), done.converged ? 1.0 : 0.0});
    return numbers;
  }

  TableSource& table;
  const comm::Communicator& ranks;
  Cells cells;
  std::optional<estimate::LeastSquaresSystem> system;
};

/// All ranks have the coefficients of a robust fit; the rest of it, and a refined fit, are rank 0's.
void expect_same(const std::vector<double>& found, const std::vector<double>& expected, bool is_root) {
  if (is_root)
    EXPECT_EQ(found, expected);
  else
    EXPECT_TRUE(std::equal(found.begin(), found.begin() + 6, expected.begin()));
}

/// 23 leaves are on one rank, or 7 or 8 on each of three: runs end within a pass, the first one or a later.
/// Of three ranks one saves each leaf, the others some, so that what they saved last may be of an earlier
/// pass.
constexpr int some_leaves = 8;
constexpr int more_leaves = 11;

std::vector<estimate::RobustOptions> losses() {
  return {{.kind = estimate::RobustKind::huber}, {.kind = estimate::RobustKind::laplace}};
}

// Mutations: the numbers of a leaf, or its factors, are of the pass before; a result is taken twice; a factor
// is restored without its sums; a leaf that one of the two still needs is skipped.
TEST(SavedPasses, RobustFitsHaveTheSameBitsHoweverOftenTheRunStops) {
  Rows table;
  for (const estimate::RobustOptions& options : losses()) {
    SCOPED_TRACE(estimate::objective(options));
    const std::vector<double> expected = Fits(table, comm::Communicator::self()).robust(options, nullptr);
    const test::SharedFolder folder;
    run_with_stops(
        folder / "out.checkpoint",
        [&](const comm::Communicator& ranks, auto* checkpoint) {
          expect_same(Fits(table, ranks).robust(options, checkpoint), expected, ranks.is_root());
        },
        more_leaves);
  }
}

// Mutations: sums of half the digits; results of a fit that started elsewhere; a leaf of an earlier pass.
TEST(SavedPasses, RefinedFitsHaveTheSameBitsHoweverOftenTheRunStops) {
  Rows table;
  const std::vector<double> expected = Fits(table, comm::Communicator::self()).refined(0.5, nullptr);
  const test::SharedFolder folder;
  double first_lambda = 50.0;  // what the first run saves is of another fit
  run_with_stops(
      folder / "out.checkpoint",
      [&](const comm::Communicator& ranks, auto* checkpoint) {
        const std::vector<double> found =
            Fits(table, ranks).refined(std::exchange(first_lambda, 0.5), checkpoint);
        EXPECT_TRUE(!ranks.is_root() || found == expected);
      },
      some_leaves);
}

/// A rank's part of columns that follow one another.
std::vector<double> part_of(const std::vector<double>& columns, Index n_rows, Index begin, Index end) {
  std::vector<double> part;
  for (auto column = columns.begin(); column != columns.end(); column += n_rows)
    part.insert(part.end(), column + begin, column + end);
  return part;
}

// Mutations: rows are saved before their leaf has ended; rows of a leaf that an earlier run had are not
// written again, or to the place of another column.
TEST(SavedPasses, NumbersOfRowsAreTheSameHoweverOftenTheRunStops) {
  Rows table;
  const test::SharedFolder folder;
  const Index n_rows = table.info().n_rows;
  const auto run = [&](const comm::Communicator& ranks, compress::Checkpoint* checkpoint) {
    const compress::RowLayout layout = compress::survey(table, ranks, 3, 11);
    infer::LinearModel model;
    model.coefficients = Eigen::VectorXd::LinSpaced(6, -1.0, 1.0);
    RowResultFile file(folder / "residuals.h5", {"prediction", "residual"}, n_rows, ranks);
    infer::PredictionVisitor predictions(model, [&](const infer::RowPredictions& rows) {
      file.write(0, rows.begin, rows.prediction);
      file.write(1, rows.begin, rows.residual);
    });
    estimate::ErrorVisitor errors(model.coefficients, 0.0, {.checkpoint = checkpoint, .rows = &file});
    compress::RowVisitor* const visitors[] = {&predictions, &errors};
    compress::run_row_pass(table, layout, ranks, visitors, 4000, {}, errors.restore(layout, ranks));
    const std::vector<double> found = file.numbers_of(layout.my_begin(), layout.my_end());
    return std::pair(layout, found);
  };
  const std::vector<double> expected =
      everyone().is_root() ? run(comm::Communicator::self(), nullptr).second : std::vector<double>();
  std::vector<double> all = expected;
  comm::broadcast(everyone(), all, 0);
  run_with_stops(
      folder / "out.checkpoint",
      [&](const comm::Communicator& ranks, auto* checkpoint) {
        const auto [layout, found] = run(ranks, checkpoint);
        EXPECT_EQ(found, part_of(all, n_rows, layout.my_begin(), layout.my_end()));
      },
      3);
}

// Mutations: a figure of a row or of a leaf is not saved; figures of another model; two leaves in one.
TEST(SavedPasses, LeveragesHaveTheSameBitsHoweverOftenTheRunStops) {
  Rows table;
  const Index n_rows = table.info().n_rows;
  const auto run = [&](const comm::Communicator& ranks, compress::Checkpoint* checkpoint, double lambda) {
    const Fits fits(table, ranks);
    const auto ridge = estimate::make_estimator("ridge", {.lambda = lambda});
    estimate::LinearFit fit;
    if (fits.system) fit = ridge->fit(*fits.system);
    const infer::Whitening whitening = infer::whitening_of(fit, 6, ranks);
    const compress::RowLayout& layout = fits.cells.layout;
    const auto units = infer::count_units(table, layout, infer::Unit::configuration, ranks);
    infer::Influence influence(whitening, 1.5, layout, checkpoint);
    infer::UnitRuns runs(
        infer::Unit::configuration, units, 6, [&](const infer::UnitRun& of) { influence.add(of); }, n_rows);
    compress::RowVisitor* const visitors[] = {&runs, &influence};
    compress::run_row_pass(table, layout, ranks, visitors, 4000, {}, influence.restore(ranks));
    const infer::InfluenceTotals totals = influence.totals(ranks);
    std::vector<double> numbers = {totals.press, totals.leverage};
    for (const auto* errors : {&totals.rows, &totals.configurations})
      for (const auto& [key, sums] : *errors)
        numbers.insert(numbers.end(), {static_cast<double>(sums.targets.count), sums.absolute,
                                       sums.weighted_squares, sums.largest});
    // zeros in place of what is not known, so that rows can be compared
    const infer::InfluenceTable& of_rows = influence.table();
    std::vector<double> columns;
    for (const auto* column :
         {&of_rows.leverage, &of_rows.left_out, &of_rows.cooks_distance, &of_rows.configuration_left_out})
      for (const double x : *column) columns.push_back(std::isnan(x) ? 0.0 : x);
    return std::tuple(numbers, columns, of_rows.begin);
  };
  const auto [expected, all, none] = run(comm::Communicator::self(), nullptr, 0.5);
  const test::SharedFolder folder;
  double first_lambda = 50.0;  // what the first run saves is of another fit
  run_with_stops(
      folder / "out.checkpoint",
      [&, &sums = expected, &rows = all](const comm::Communicator& ranks, auto* checkpoint) {
        const auto [numbers, columns, begin] = run(ranks, checkpoint, std::exchange(first_lambda, 0.5));
        EXPECT_EQ(numbers, sums);
        const auto size = static_cast<Index>(columns.size() / 4);
        EXPECT_EQ(columns, part_of(rows, n_rows, begin, begin + size));
      },
      3);
}

// Mutations: no result is saved, or none is taken; all leaves of the pass in work are shown again.
TEST(SavedPasses, ReadNoRowTwice) {
  const test::SharedFolder folder;
  if (!everyone().is_root()) return;
  const comm::Communicator alone = comm::Communicator::self();
  Rows table;
  const Fits fits(table, alone);
  const auto reads_of = [&](compress::Checkpoint* checkpoint) {
    table.feature_reads = 0;
    try {
      fits.robust({}, checkpoint);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::stopped);
    }
    return table.feature_reads;
  };
  const int undisturbed = reads_of(nullptr);
  const auto n_leaves = static_cast<int>(fits.cells.layout.n_leaves());
  const std::string path = folder / "out.checkpoint";
  {
    CheckpointFolder kept(path, options_of(false), alone);
    Interrupted checkpoint(kept, 2 * n_leaves + 17);  // two passes and one node of 16 leaves
    reads_of(&checkpoint);
  }
  CheckpointFolder kept(path, options_of(true), alone);
  const int resumed = reads_of(&kept);
  const auto passes = static_cast<int>(fits.robust({}, nullptr)[8]);
  EXPECT_GT(passes, 3);
  // blocks do not end where leaves do
  EXPECT_LE(resumed,
            undisturbed * (passes - 3) / passes + undisturbed * (n_leaves - 16) / (passes * n_leaves) + 2);
  kept.remove();
}

}  // namespace
}  // namespace tallfit::io
