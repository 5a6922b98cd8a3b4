// Whitened rows against the Cholesky factor of a dense covariance.
#include <gtest/gtest.h>

#include <cmath>

#include "support/contract.hpp"
#include "support/fit_rows.hpp"
#include "support/noise_oracle.hpp"
#include "support/noise_rows.hpp"

namespace tallfit::test {
namespace {

using design::NoiseKind;
using design::NoiseModel;
using design::NoiseWithin;
using estimate::Intercept;

struct NamedModel {
  const char* name;
  NoiseModel model;
};

class Whitening : public testing::TestWithParam<NamedModel> {
protected:
  Rows rows = labelled_rows(120);
  NoiseModel model = GetParam().model;
  std::vector<double> table =
      model.kind == NoiseKind::blocks ? random_blocks(rows) : irregular_times(rows.size());
  WhitenedOracle oracle = whitened_oracle(rows, noise_covariance(rows, model, table));
};

// Rounding of a row is that of its weighted entries, up to 10, times the gain of up to 1/sqrt(1 - 0.9²) and
// the few rows of a sequence: 1e-13 is a hundred times that. Catches rows before that belong to another
// sequence, missing rows that count or do not, the first row's factor, a wrong intercept's column.
TEST_P(Whitening, IsTheInverseOfTheCholeskyFactor) {
  MemorySource memory(rows);
  design::WhitenedSource source(memory, model, numbers_of(table, rows.size()));
  const Eigen::MatrixXd all = read_weighted(source, 0, rows.size());
  EXPECT_LE((all - oracle.rows.cast<double>()).cwiseAbs().maxCoeff(), 1e-13);
  double log_determinant = 0.0;
  const std::vector<Index> bounds = {0, 17, 17, 60, rows.size()};
  for (const double part : source.log_determinants(bounds)) log_determinant += part;
  EXPECT_NEAR(log_determinant, static_cast<double>(oracle.log_determinant), 1e-12);
  const std::vector<Index> later = {60, 90};
  const std::vector<Index> before = {0, 60, 90};
  EXPECT_EQ(source.log_determinants(later).at(0), source.log_determinants(before).at(1));
}

// The same bits from any range, in any order of reads, labels with or without features.
TEST_P(Whitening, DoesNotDependOnHowRowsAreRead) {
  MemorySource memory(rows);
  design::WhitenedSource source(memory, model, numbers_of(table, rows.size()));
  const Eigen::MatrixXd all = read_weighted(source, 0, rows.size());
  for (const auto& [begin, count] : std::vector<std::pair<Index, Index>>{{0, 30},
                                                                         {30, 30},
                                                                         {60, 1},
                                                                         {61, 59},
                                                                         {7, 5},
                                                                         {13, 1},
                                                                         {14, 1},
                                                                         {100, 20},
                                                                         {0, 1},
                                                                         {0, 1},
                                                                         {1, 119}})
    EXPECT_EQ(read_weighted(source, begin, count), all.middleRows(begin, count)) << begin << ", " << count;
  design::RowLabels labels;
  source.read_labels(0, 50, labels);
  source.read_labels(50, 10, labels);
  design::RowMajorMatrix features(10, 3);
  source.read_features(40, 10, features.data());
  for (Index i = 0; i < 10; ++i) EXPECT_EQ(features.row(i) * (rows.w(40 + i)), all.row(40 + i).head(3)) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Models, Whitening,
    testing::Values(
        NamedModel{"ar1", {.kind = NoiseKind::ar1, .parameter = 0.7}},
        NamedModel{"ar1_negative", {.kind = NoiseKind::ar1, .parameter = -0.9}},
        NamedModel{"ar1_zero", {.kind = NoiseKind::ar1, .parameter = 0.0}},
        NamedModel{"ar1_nugget", {.kind = NoiseKind::ar1, .parameter = 0.8, .nugget = 0.3}},
        NamedModel{"ar1_trajectory",
                   {.kind = NoiseKind::ar1, .within = NoiseWithin::group, .parameter = 0.8}},
        NamedModel{"ar1_trajectory_nugget",
                   {.kind = NoiseKind::ar1, .within = NoiseWithin::group, .parameter = 0.8, .nugget = 0.2}},
        NamedModel{"equicorrelated", {.kind = NoiseKind::equicorrelated, .parameter = 0.4}},
        NamedModel{"equicorrelated_negative", {.kind = NoiseKind::equicorrelated, .parameter = -0.1}},
        NamedModel{"equicorrelated_trajectory",
                   {.kind = NoiseKind::equicorrelated, .within = NoiseWithin::group, .parameter = 0.6}},
        NamedModel{"blocks", {.kind = NoiseKind::blocks}},
        NamedModel{"exponential", {.kind = NoiseKind::exponential, .parameter = 1.5}},
        NamedModel{"exponential_nugget", {.kind = NoiseKind::exponential, .parameter = 1.5, .nugget = 0.1}},
        NamedModel{"exponential_trajectory",
                   {.kind = NoiseKind::exponential, .within = NoiseWithin::group, .parameter = 9.0}}),
    [](const auto& of) { return of.param.name; });

// Twice the fit of the whitened rows of the oracle: with the intercept's column whitened, and with none.
TEST_P(Whitening, FitsAreThoseOfTheDenseCovariance) {
  const auto world = comm::Communicator::world();
  MemorySource memory(rows);
  design::WhitenedSource source(memory, model, numbers_of(table, rows.size()));
  for (const Intercept intercept : {Intercept::none, Intercept::fitted}) {
    const Fitted fitted = fit_rows(source, *estimate::make_estimator("ols", {}), intercept, world);
    std::vector<Index> used;
    for (Index i = 0; i < rows.size(); ++i)
      if (takes_part(rows, i)) used.push_back(i);
    const Index k = rows.a.cols() + (intercept == Intercept::fitted ? 1 : 0);
    support::LongMatrix a(static_cast<Index>(used.size()), k);
    support::LongVector b(a.rows());
    for (Index i = 0; i < a.rows(); ++i) {
      a.row(i) = oracle.rows.row(used[static_cast<std::size_t>(i)]).head(k);
      b(i) = oracle.rows(used[static_cast<std::size_t>(i)], rows.a.cols() + 1);
    }
    const support::LongVector should = support::least_squares(a, b);
    for (Index j = 0; j < rows.a.cols(); ++j)
      EXPECT_NEAR(fitted.fit.coefficients(j), static_cast<double>(should(j)), 1e-12);
    if (intercept == Intercept::fitted) {
      EXPECT_NEAR(fitted.fit.intercept, static_cast<double>(should(k - 1)), 1e-12);
    }
    EXPECT_NEAR(fitted.fit.residual_norm, static_cast<double>((a * should - b).norm()), 1e-12);
  }
}

}  // namespace
}  // namespace tallfit::test
