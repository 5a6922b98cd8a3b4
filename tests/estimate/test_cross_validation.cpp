// Errors of held-out rows are those of explicit refits, on any number of ranks and on grids.
#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "support/grids.hpp"
#include "validation_rows.hpp"

#include "tallfit/compress/grid_compressor.hpp"
#include "tallfit/estimate/learning_curve.hpp"

namespace tallfit::test {
namespace {

using compress::CellKey;
using compress::HeldOut;
using estimate::Candidates;
using estimate::CrossValidation;
using estimate::Intercept;

constexpr int n_folds = 10;
constexpr compress::CellParts all_parts = {.group = true, .row_type = true, .fold = true};

Candidates ridge_of(const std::vector<double>& lambdas) {
  Candidates candidates{.estimator = "ridge", .options = {}};
  for (const double lambda : lambdas) candidates.options.push_back({.lambda = lambda});
  return candidates;
}

design::GroupMultipliers multipliers_of(const compress::CompressedDesign& design,
                                        const std::map<std::string, double>& weights = {}) {
  return compress::group_multipliers(design.group_names, weights);
}

/// Expects the errors of every candidate, part, group and row type (or of one type) to be those of refits of
/// the rows.
///
/// Held-out residuals of size 0.1 to 1 from targets below 10: a relative error of the fit of 1e-12 (QR at a
/// condition below 1e2, and its SVD) moves the squares by less than 1e-9.
void expect_refits(const CrossValidation& validation, const Candidates& candidates, const Rows& rows,
                   const std::vector<int>& part_of, Intercept intercept, int row_type = CellKey::any) {
  for (Index c = 0; c < candidates.size(); ++c) {
    const double lambda = candidates.options[static_cast<std::size_t>(c)].lambda;
    for (std::size_t i = 0; i < validation.parts.size(); ++i) {
      const int part = validation.parts[i];
      SCOPED_TRACE(testing::Message() << "lambda " << lambda << ", part " << part);
      const Rows training = rows.picked(rows_in(rows, part_of, [&](int p) { return p != part; }));
      const Rows held_out = rows.picked(rows_in(rows, part_of, [&](int p) { return p == part; }));
      const auto model = ridge_oracle(training, candidates.estimator == "ols" ? 0.0 : lambda,
                                      intercept == Intercept::fitted);
      const auto squares = squares_by_cell(held_out, model);
      const estimate::ErrorTable& table = validation.errors[static_cast<std::size_t>(c)][i];
      ASSERT_EQ(table.size(), squares.size());
      Index count = 0;
      for (const auto& [key, sums] : table) {
        EXPECT_FALSE(key.test);
        count += sums.targets.count;
        if (row_type != CellKey::any && key.row_type != row_type) continue;
        EXPECT_NEAR(sums.weighted_squares, squares.at({key.group, key.row_type}),
                    1e-9 * squares.at({key.group, key.row_type}));
      }
      EXPECT_EQ(count, held_out.size());
    }
  }
}

// Catches folds that leak into their own training set, test rows in either, a factor merged twice or left
// out, weights squared or forgotten, an intercept that is penalised; a spectrum of the wrong fold; a λ for
// which the SVD of the columns is too coarse.
TEST(CrossValidation, EqualsExplicitRefits) {
  const auto world = comm::Communicator::world();
  const Rows rows = validation_rows();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world, all_parts, n_folds);
  const std::map<std::string, double> weights = {{"group_1", 3.0}, {"*.energy", 0.25}};
  const auto multipliers = multipliers_of(compressed.design, weights);
  const Rows weighted = reweighted(rows, multipliers);
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    const Candidates candidates = ridge_of({0.0, 1e-25, 1e-3, 1.0, 50.0, 1e4});
    const CrossValidation validation = estimate::cross_validate(
        compressed.design, multipliers, candidates, {.by = HeldOut::fold, .intercept = intercept}, world);
    ASSERT_EQ(static_cast<int>(validation.parts.size()), n_folds);
    expect_refits(validation, candidates, weighted, folds_of(rows, n_folds), intercept);
    EXPECT_EQ(validation.n_unconverged, 0);
  }
}

TEST(CrossValidation, OlsEqualsExplicitRefits) {
  const auto world = comm::Communicator::world();
  const Rows rows = validation_rows();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world, all_parts, 3);
  const Candidates ols{.estimator = "ols", .options = {{}}};
  const CrossValidation validation =
      estimate::cross_validate(compressed.design, multipliers_of(compressed.design), ols,
                               {.by = HeldOut::fold, .intercept = Intercept::fitted}, world);
  expect_refits(validation, ols, rows, folds_of(rows, 3), Intercept::fitted);
  EXPECT_TRUE((validation.effective_dof.array() == 6.0).all());
}

// Catches λ that are given back in the order of the path, paths of one l1_ratio for another, λ = 0 on a path,
// degrees of freedom without the intercept. Both ways end at the same support by QR of its columns, so they
// differ by rounding.
TEST(CrossValidation, CandidatesOfAPathAreFitsOfTheirOwn) {
  const auto world = comm::Communicator::world();
  const auto self = comm::Communicator::self();
  const Rows rows = validation_rows();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world, all_parts, 3);
  const std::vector<int> folds = folds_of(rows, 3);
  for (const char* estimator : {"lasso", "elastic_net"}) {
    Candidates candidates{.estimator = estimator, .options = {}};
    for (const double l1_ratio : {0.3, 0.9})
      for (const double lambda : {1e-3, 0.2, 0.0, 1e-2, 0.2})
        candidates.options.push_back({.lambda = lambda, .l1_ratio = l1_ratio});
    const CrossValidation validation =
        estimate::cross_validate(compressed.design, multipliers_of(compressed.design), candidates,
                                 {.by = HeldOut::fold, .intercept = Intercept::fitted}, world);
    EXPECT_EQ(validation.n_unconverged, 0);
    for (int part = 0; part < 3; ++part) {
      const Rows others = rows.picked(rows_in(rows, folds, [&](int p) { return p != part; }));
      MemorySource training(others);
      const Rows held_out = rows.picked(rows_in(rows, folds, [&](int p) { return p == part; }));
      for (Index c = 0; c < candidates.size(); ++c) {
        const auto at = static_cast<std::size_t>(c);
        SCOPED_TRACE(testing::Message() << estimator << ", candidate " << c << ", part " << part);
        const auto alone = estimate::make_estimator(estimator, candidates.options[at]);
        const auto fit = fit_rows(training, *alone, Intercept::fitted, self).fit;
        const double squares =
            (held_out.weighted_b() - held_out.weighted_a() * fit.coefficients - fit.intercept * held_out.w)
                .squaredNorm();
        const estimate::Score found =
            estimate::score({validation.errors[at][static_cast<std::size_t>(part)]});
        EXPECT_NEAR(found.mean_square * static_cast<double>(found.count), squares, 1e-9 * squares);
        EXPECT_NEAR(validation.effective_dof(c, part), fit.effective_dof, 1e-9);
      }
    }
  }
}

// Catches folds in place of groups; a group without weight that is held out, or fitted.
TEST(CrossValidation, LeavesOneGroupOut) {
  const auto world = comm::Communicator::world();
  Rows rows = validation_rows();
  for (Index i = 0; i < rows.size(); ++i)
    rows.group[static_cast<std::size_t>(i)] = static_cast<int>(i / 4 % 5);
  rows.n_groups = 5;
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world);
  for (const bool all : {true, false}) {
    const auto multipliers =
        multipliers_of(compressed.design, all ? std::map<std::string, double>{}
                                              : std::map<std::string, double>{{"group_2", 0.0}});
    const Candidates candidates = ridge_of({0.1, 10.0});
    const CrossValidation validation =
        estimate::cross_validate(compressed.design, multipliers, candidates,
                                 {.by = HeldOut::group, .intercept = Intercept::none}, world);
    EXPECT_EQ(validation.parts, all ? (std::vector<int>{0, 1, 2, 3, 4}) : (std::vector<int>{0, 1, 3, 4}));
    expect_refits(validation, candidates, reweighted(rows, multipliers), groups_of(rows), Intercept::none);
  }
}

/// All that a design gives, as numbers.
std::vector<double> all_numbers(const Rows& rows, int folds, const Candidates& candidates,
                                const comm::Communicator& comm) {
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, comm, all_parts, folds);
  const auto multipliers = multipliers_of(compressed.design);
  const estimate::Validation how{.by = HeldOut::fold, .intercept = Intercept::fitted};
  std::vector<double> all =
      numbers_of(estimate::cross_validate(compressed.design, multipliers, candidates, how, comm));
  CrossValidation curve;
  curve.errors =
      estimate::learning_curve(compressed.design, multipliers, ridge_of({1.0}), how, {1, folds - 1}, comm)
          .errors;
  const std::vector<double> numbers = numbers_of(curve);
  all.insert(all.end(), numbers.begin(), numbers.end());
  return all;
}

// Ten folds: ranks take folds. Two folds and three candidates, which share no factorisation: teams of ranks
// take candidates. Mutations: the candidates of one rank for those of another, a tree by the number of ranks.
TEST(CrossValidation, HasTheSameBitsOnAnyNumberOfRanks) {
  const auto world = comm::Communicator::world();
  const auto self = comm::Communicator::self();
  const Rows rows = validation_rows();
  const Candidates four = ridge_of({1e-25, 1e-3, 1.0, 50.0});
  const Candidates three = ridge_of({1e-3, 1.0, 50.0});
  EXPECT_TRUE(same_bits(all_numbers(rows, n_folds, four, world), all_numbers(rows, n_folds, four, self)));
  EXPECT_TRUE(same_bits(all_numbers(rows, 2, three, world), all_numbers(rows, 2, three, self)));
}

// Jobs that hold out some parts find what one that holds out all finds of them, where ranks take folds and
// where teams take candidates. Mutations: another part's errors; fits without a part that is not held out.
TEST(CrossValidation, HoldsOutSomeParts) {
  const auto world = comm::Communicator::world();
  const Rows rows = validation_rows();
  const Candidates candidates = ridge_of({1e-3, 1.0, 50.0});
  MemorySource source(rows);
  for (const int folds : {n_folds, 2}) {
    const Compressed compressed = compress_rows(source, world, all_parts, folds);
    const auto multipliers = multipliers_of(compressed.design);
    estimate::Validation how{.by = HeldOut::fold, .intercept = Intercept::fitted};
    CrossValidation whole = estimate::cross_validate(compressed.design, multipliers, candidates, how, world);
    how.hold_out = folds == 2 ? std::vector<Index>{1} : std::vector<Index>{8, 3};
    const CrossValidation some =
        estimate::cross_validate(compressed.design, multipliers, candidates, how, world);
    EXPECT_EQ(some.parts, folds == 2 ? (std::vector<int>{1}) : (std::vector<int>{3, 8}));
    EXPECT_EQ(some.n_parts, whole.n_parts);
    for (auto& of_candidate : whole.errors) {
      std::vector<estimate::ErrorTable> held_out;
      for (const int part : some.parts) held_out.push_back(of_candidate[static_cast<std::size_t>(part)]);
      of_candidate = std::move(held_out);
    }
    whole.effective_dof = Eigen::MatrixXd(whole.effective_dof(Eigen::all, some.parts));
    whole.parts = some.parts;
    EXPECT_TRUE(same_bits(numbers_of(some), numbers_of(whole)));
  }
}

/// Heavy rows of rank 2 that any fit meets, in the last folds only, and others, lighter by 1e10, that
/// determine the remaining directions. (Residuals of heavy rows would be multiplied by 1e20, and no
/// factorisation could help.)
Rows rows_of_two_scales() {
  Rows rows = contract_rows(0.3);
  rows.testing.assign(static_cast<std::size_t>(rows.size()), 0);
  const std::vector<int> folds = folds_of(rows, n_folds);
  for (Index i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const bool heavy = rows.type[at] == design::RowType::energy && folds[at] >= 7;
    rows.w(i) = heavy ? 1e10 : 1.0;
    if (!heavy) continue;
    for (Index j = 2; j < rows.a.cols(); ++j)
      rows.a(i, j) = static_cast<double>(j) * rows.a(i, 0) - rows.a(i, 1);
    rows.b(i) = rows.a.row(i).sum();
  }
  return rows;
}

// Light rows would keep 6 digits where heavy ones are folded onto them; the oracle has 80 bits, 1e-19 x 1e10.
// Mutation: one class of scales for all cells.
TEST(CrossValidation, LightRowsKeepTheirDigitsBelowHeavyOnes) {
  const auto world = comm::Communicator::world();
  const Rows rows = rows_of_two_scales();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world, all_parts, n_folds);
  const Candidates candidates{.estimator = "ols", .options = {{}}};
  const CrossValidation validation =
      estimate::cross_validate(compressed.design, multipliers_of(compressed.design), candidates,
                               {.by = HeldOut::fold, .intercept = Intercept::none}, world);
  expect_refits(validation, candidates, rows, folds_of(rows, n_folds), Intercept::none,
                static_cast<int>(design::RowType::force));
}

// Fewer rows than columns in each fold: factors stay rows, and training sets are merged from them.
TEST(CrossValidation, FoldsOfFewRows) {
  const auto world = comm::Communicator::world();
  const Rows all = validation_rows();
  std::vector<Index> first(40);
  for (Index i = 0; i < 40; ++i) first[static_cast<std::size_t>(i)] = i;
  const Rows rows = all.picked(first);  // ten configurations, two of them tests: 0 and 7
  Rows same = rows;
  same.n_groups = 1;
  same.group.assign(rows.group.size(), 0);
  MemorySource source(same);
  const Compressed compressed = compress_rows(source, world, all_parts, n_folds);
  const Candidates candidates = ridge_of({0.5});
  const CrossValidation validation =
      estimate::cross_validate(compressed.design, multipliers_of(compressed.design), candidates,
                               {.by = HeldOut::fold, .intercept = Intercept::fitted}, world);
  EXPECT_EQ(validation.parts.size(), 8U);  // eight configurations in ten folds
  expect_refits(validation, candidates, same, folds_of(same, n_folds), Intercept::fitted);
}

/// The cells of rows in four folds, dealt over a grid. @collective
compress::CompressedDesign cells_on(const linalg::ProcessGrid& grid, MemorySource& source, Index block) {
  const compress::RowLayout layout = compress::survey(source, grid.comm(), 4, 1);
  const compress::CellPlan plan = compress::make_cells(layout, all_parts);
  return compress::compress_on_grid({.source = source,
                                     .layout = layout,
                                     .cells = plan,
                                     .rows_per_rank = 20,
                                     .waiting_rows = 200,
                                     .block_bytes = test_block_bytes,
                                     .what = {}},
                                    grid, block);
}

TEST(CrossValidation, OnAGridIsThatOfOneRank) {
  const auto world = comm::Communicator::world();
  const Rows rows = validation_rows();
  MemorySource source(rows);
  const Candidates candidates = ridge_of({1e-25, 1e-3, 1.0, 50.0});
  const estimate::Validation how{.by = HeldOut::fold, .intercept = Intercept::fitted};
  for (const linalg::ProcessGrid& grid : all_grids()) {
    SCOPED_TRACE(testing::Message() << grid.rows() << " x " << grid.cols());
    const compress::CompressedDesign design = cells_on(grid, source, 2);
    const auto multipliers = multipliers_of(design, {{"group_1", 3.0}});
    const CrossValidation validation =
        estimate::cross_validate(design, multipliers, candidates, how, grid.comm());
    expect_refits(validation, candidates, reweighted(rows, multipliers), folds_of(rows, 4),
                  Intercept::fitted);
    const estimate::LearningCurve curve =
        estimate::learning_curve(design, multipliers, ridge_of({1.0}), how, {3}, grid.comm());
    for (std::size_t part = 0; part < validation.parts.size(); ++part)
      EXPECT_NEAR(estimate::score({curve.errors[0][part]}).mean_square,
                  estimate::score({validation.errors[2][part]}).mean_square,
                  1e-9 * estimate::score({validation.errors[2][part]}).mean_square);
  }
}

// Catches subsets that are not nested, that hold the part itself, or the wrong number of parts.
TEST(LearningCurve, EqualsRefitsOfTheNextFolds) {
  const auto world = comm::Communicator::world();
  const Rows rows = validation_rows();
  MemorySource source(rows);
  const Compressed compressed = compress_rows(source, world, all_parts, 5);
  const Candidates one = ridge_of({0.3});
  const estimate::LearningCurve curve =
      estimate::learning_curve(compressed.design, multipliers_of(compressed.design), one,
                               {.by = HeldOut::fold, .intercept = Intercept::none}, {1, 3, 4}, world);
  ASSERT_EQ(curve.numbers, (std::vector<int>{1, 3, 4}));
  const std::vector<int> folds = folds_of(rows, 5);
  for (std::size_t i = 0; i < 3; ++i) {
    double mean_rows = 0.0;
    for (int part = 0; part < 5; ++part) {
      SCOPED_TRACE(testing::Message() << curve.numbers[i] << " folds, without " << part);
      const Rows training = rows.picked(
          rows_in(rows, folds, [&](int p) { return p != part && (p - part + 5) % 5 <= curve.numbers[i]; }));
      const Rows held_out = rows.picked(rows_in(rows, folds, [&](int p) { return p == part; }));
      double squares = 0.0;
      for (const auto& [cell, sum] : squares_by_cell(held_out, ridge_oracle(training, 0.3, false)))
        squares += sum;
      const estimate::Score score = estimate::score({curve.errors[i][static_cast<std::size_t>(part)]});
      EXPECT_EQ(score.count, held_out.size());
      EXPECT_NEAR(score.mean_square * static_cast<double>(score.count), squares, 1e-9 * squares);
      mean_rows += static_cast<double>(training.size()) / 5.0;
    }
    EXPECT_NEAR(curve.rows[i], mean_rows, 1e-9 * mean_rows);
  }
}

// What cannot be validated is an input error of all ranks.
TEST(CrossValidation, NamesWhatIsMissing) {
  const auto world = comm::Communicator::world();
  const Rows rows = validation_rows();
  MemorySource source(rows);
  const Compressed without_folds = compress_rows(source, world);
  const Compressed one_group = compress_rows(source, world, all_parts, 2);
  const auto validate = [&](const compress::CompressedDesign& design, HeldOut by,
                            const std::map<std::string, double>& weights) {
    estimate::cross_validate(design, multipliers_of(design, weights), ridge_of({1.0}),
                             {.by = by, .intercept = Intercept::none}, world);
  };
  support::expect_error(ErrorKind::input, {"do not tell folds apart", "compress.cells = [\"fold\"]"},
                        [&] { validate(without_folds.design, HeldOut::fold, {}); });
  support::expect_error(ErrorKind::input, {"1 of its groups have training rows", "at least two"}, [&] {
    validate(one_group.design, HeldOut::group, {{"group_0", 0.0}, {"group_2", 0.0}});
  });
}

}  // namespace
}  // namespace tallfit::test
