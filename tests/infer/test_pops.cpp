// POPS ensembles against direct dense computations.
#include <Eigen/Eigenvalues>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "support/fit_rows.hpp"
#include "support/oracle.hpp"
#include "support/table_source.hpp"

#include "tallfit/infer/pops.hpp"

namespace tallfit::test {
namespace {

using support::TableSource;

/// Rows with weights, some of them 0, and test rows; the target is no linear function of the features.
void misspecify(TableSource& table) {
  support::fill_randomly(table, 11);
  for (Index i = 0; i < table.info().n_rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    table.labels.scale[at] = i % 9 == 4 ? 0.0 : 0.5 + 0.25 * static_cast<double>(i % 5);
    table.labels.testing[at] = table.labels.configuration[at] % 7 == 3 ? 1 : 0;
    table.labels.target[at] += std::pow(table.features(i, 0), 2.0);
  }
}

infer::PopsEnsemble pops_of(TableSource& source, double lambda, const infer::PopsOptions& options,
                            const comm::Communicator& comm) {
  const auto estimator = estimate::make_estimator("ridge", {.lambda = lambda});
  const Compressed compressed = compress_rows(source, comm);
  const Fitted fitted = fit_compressed(compressed.design, *estimator, estimate::Intercept::fitted, comm);
  const infer::Whitening whitening = infer::whitening_of(fitted.fit, source.info().n_cols, comm);
  return infer::pops_ensemble({source, compressed.layout, comm, 3000}, whitening, options);
}

/// What a POPS ensemble is made of, from the normal equations in extended precision.
struct Dense {
  std::vector<Index> rows;       ///< training rows
  Eigen::VectorXd leverage;      ///< of each
  Eigen::MatrixXd models;        ///< (K + 1) x rows: exact for a row each
  support::LongMatrix whitened;  ///< corrections in coordinates in which the normal matrix is 1
  Eigen::VectorXd centre;
};

Dense dense_pops(const TableSource& table, double lambda) {
  const Index k = table.info().n_cols;
  Dense dense;
  for (Index i = 0; i < table.info().n_rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (table.labels.scale[at] > 0.0 && table.labels.testing[at] == 0) dense.rows.push_back(i);
  }
  const auto n = static_cast<Index>(dense.rows.size());
  support::LongMatrix a(n, k + 1);
  support::LongVector b(n);
  for (Index r = 0; r < n; ++r) {
    const Index i = dense.rows[static_cast<std::size_t>(r)];
    const double w = table.labels.scale[static_cast<std::size_t>(i)];
    for (Index j = 0; j < k; ++j) a(r, j) = w * table.features(i, j);
    a(r, k) = w;
    b(r) = w * table.labels.target[static_cast<std::size_t>(i)];
  }
  support::LongMatrix normal = a.transpose() * a;
  for (Index j = 0; j < k; ++j) normal(j, j) += lambda;
  const Eigen::LLT<support::LongMatrix> solver(normal);
  const support::LongVector model = solver.solve(a.transpose() * b);
  dense.centre = model.cast<double>();
  dense.leverage.resize(n);
  dense.models.resize(k + 1, n);
  dense.whitened.resize(k + 1, n);
  for (Index r = 0; r < n; ++r) {
    const support::LongVector row = a.row(r).transpose();
    const support::LongVector q = solver.matrixL().solve(row);
    const auto h = q.squaredNorm();
    const auto e = b(r) - row.dot(model);
    dense.leverage(r) = static_cast<double>(h);
    dense.models.col(r) = (model + solver.solve(row) * (e / h)).cast<double>();
    dense.whitened.col(r) = q * (e / h);
  }
  return dense;
}

// Every training row is a member: each is the dense one of its row, and makes that row exact. Catches
// residuals that are weighted twice, a penalty or an intercept that is forgotten, test rows and rows of
// weight 0.
TEST(Pops, EveryMemberMakesItsRowExact) {
  const auto world = comm::Communicator::world();
  TableSource table(200, 5, 2);
  misspecify(table);
  for (const double lambda : {0.0, 3.0}) {
    const infer::PopsEnsemble is =
        pops_of(table, lambda, {.leverage_percentile = 0.0, .samples = 1000}, world);
    const Dense should = dense_pops(table, lambda);
    ASSERT_EQ(is.rows.size(), should.rows.size());
    EXPECT_EQ(is.taken, static_cast<Index>(should.rows.size()));
    for (std::size_t m = 0; m < is.rows.size(); ++m) {
      const auto at = static_cast<std::size_t>(is.rows[m]);
      const auto model = is.models.col(static_cast<Index>(m));
      const double prediction = table.features.row(is.rows[m]).dot(model.head(5)) + model(5);
      // corrections divide by leverages, here above 1e-4: rounding of the fit grows by as much
      EXPECT_NEAR(prediction, table.labels.target[at], 1e-10);
      const auto r = std::find(should.rows.begin(), should.rows.end(), is.rows[m]) - should.rows.begin();
      EXPECT_LE((model - should.models.col(r)).norm(), 1e-9 * should.models.col(r).norm());
    }
  }
}

// Catches rows of the wrong half, and a choice that prefers some rows of it.
TEST(Pops, ThePercentileTakesTheRowsOfLargeLeverage) {
  const auto world = comm::Communicator::world();
  TableSource table(200, 5, 2);
  misspecify(table);
  const Dense should = dense_pops(table, 0.0);
  std::vector<double> sorted(should.leverage.begin(), should.leverage.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t first = sorted.size() * 3 / 4;
  const infer::PopsEnsemble is = pops_of(table, 0.0, {.leverage_percentile = 75.0, .samples = 1000}, world);
  EXPECT_EQ(is.taken, static_cast<Index>(sorted.size() - first));
  EXPECT_NEAR(is.least_leverage, sorted[first], 1e-12);
  std::set<Index> rows(is.rows.begin(), is.rows.end());
  for (std::size_t r = 0; r < should.rows.size(); ++r)
    EXPECT_EQ(rows.contains(should.rows[r]), should.leverage(static_cast<Index>(r)) > sorted[first] - 1e-12);
  const infer::PopsEnsemble some = pops_of(table, 0.0, {.leverage_percentile = 75.0, .samples = 7}, world);
  EXPECT_EQ(some.models, is.models.leftCols(7)) << "fewer members are the first of more";
}

// Bounds against those of dense corrections along dense axes, for which only signs are free. Catches axes of
// raw coefficients, clipping at the wrong end, members outside of the box.
TEST(Pops, TheBoxBoundsTheCorrections) {
  const auto world = comm::Communicator::world();
  TableSource table(400, 4, 2);
  misspecify(table);
  const Dense should = dense_pops(table, 0.0);
  const Eigen::MatrixXd delta = should.whitened.cast<double>();
  // another root of the normal matrix turns the axes, but no projection on them
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(delta * delta.transpose());
  const Eigen::MatrixXd along = eigen.eigenvectors().transpose() * delta;
  for (const double clip : {0.0, 0.1}) {
    const infer::PopsEnsemble is = pops_of(
        table, 0.0,
        {.form = infer::PopsForm::hypercube, .leverage_percentile = 0.0, .clip = clip, .samples = 2000},
        world);
    ASSERT_EQ(is.modes, 5);
    const auto outside = static_cast<Index>(clip * static_cast<double>(along.cols()));
    for (Index axis = 0; axis < 5; ++axis) {
      std::vector<double> sorted(along.row(axis).begin(), along.row(axis).end());
      std::sort(sorted.begin(), sorted.end());
      double low = sorted[static_cast<std::size_t>(outside)];
      double high = sorted[sorted.size() - 1 - static_cast<std::size_t>(outside)];
      if (std::abs(is.lower(axis) - low) > std::abs(is.lower(axis) + high)) {  // the axis has another sign
        std::swap(low, high);
        low = -low;
        high = -high;
      }
      const double slack = clip == 0.0 ? 1e-9 : 1.0 / 32.0;  // bins
      EXPECT_NEAR(is.lower(axis) / low, 1.0 + slack / 2.0, slack);
      EXPECT_NEAR(is.upper(axis) / high, 1.0 + slack / 2.0, slack);
    }
    // members fill the box: uniform along each axis, of variance width² / 12; their sum over the axes is the
    // mean square distance in the metric of the fit. 2000 draws of 5 axes are within 5 % at 6 sigma.
    const Eigen::VectorXd width = is.upper - is.lower;
    const Eigen::VectorXd middle = 0.5 * (is.upper + is.lower);
    const double expected = width.squaredNorm() / 12.0 + middle.squaredNorm();
    Eigen::MatrixXd a(static_cast<Index>(should.rows.size()), 5);
    for (Index r = 0; r < a.rows(); ++r) {
      const Index i = should.rows[static_cast<std::size_t>(r)];
      const double w = table.labels.scale[static_cast<std::size_t>(i)];
      a.row(r) << w * table.features.row(i), w;
    }
    const Eigen::MatrixXd moved = a * (is.models.colwise() - should.centre);
    EXPECT_NEAR(moved.squaredNorm() / static_cast<double>(is.models.cols()) / expected, 1.0, 0.05);
  }
}

TEST(Pops, BitsDoNotDependOnRanks) {
  const auto world = comm::Communicator::world();
  TableSource table(2000, 6, 2);
  misspecify(table);
  for (const infer::PopsForm form : {infer::PopsForm::ensemble, infer::PopsForm::hypercube}) {
    const infer::PopsOptions options{
        .form = form, .clip = form == infer::PopsForm::hypercube ? 0.05 : 0.0, .samples = 30};
    const infer::PopsEnsemble all = pops_of(table, 0.0, options, world);
    const infer::PopsEnsemble one = pops_of(table, 0.0, options, comm::Communicator::self());
    EXPECT_EQ(all.models, one.models);
    EXPECT_EQ(all.rows, one.rows);
    EXPECT_EQ(all.least_leverage, one.least_leverage);
  }
}

}  // namespace
}  // namespace tallfit::test
