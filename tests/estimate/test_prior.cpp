// Ridge regression with a prior against least squares on rows that are put below those of the data.
#include <gtest/gtest.h>

#include "support/contract.hpp"
#include "support/errors.hpp"
#include "support/grid_fit.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"

#include "tallfit/estimate/quadratic_fit.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;
using estimate::LinearFit;
using estimate::make_prior;
using estimate::Prior;

const std::vector<std::string> names = {"a[0]", "a[1]", "a[2]", "a[3]", "b"};

TEST(Prior, HasARowForEachColumnOrDifference) {
  const Prior prior = make_prior(
      names, {.column_lambda = {{"*", 4.0}, {"b", 0.0}}, .smooth = {"a*"}, .mean = {{"a[2]", 5.0}}});
  Eigen::MatrixXd should(2, 5);  // root of 4 times the differences; b is free
  should << 2, -4, 2, 0, 0, 0, 2, -4, 2, 0;
  EXPECT_EQ(Eigen::MatrixXd(prior.rows), should);
  EXPECT_EQ(prior.mean, (Eigen::VectorXd(5) << 0, 0, 5, 0, 0).finished());
  const Prior other =
      make_prior(names, {.column_lambda = {{"a*", 9.0}, {"a[1]", 16.0}}, .smooth = {}, .mean = {}});
  EXPECT_EQ(Eigen::MatrixXd(other.rows).diagonal(), (Eigen::VectorXd(5) << 3, 4, 3, 3, 1).finished());
}

TEST(Prior, NamesWhatFitsNoColumn) {
  const auto expect = [](const estimate::PriorWishes& wishes, const std::vector<std::string>& parts) {
    support::expect_error(ErrorKind::input, parts, [&] { make_prior(names, wishes); });
  };
  expect({.column_lambda = {{"c*", 1.0}}, .smooth = {}, .mean = {}}, {"fit.column_lambda", "c*", "a[0]"});
  expect({.column_lambda = {}, .smooth = {"b"}, .mean = {}}, {"fit.smooth", "'b'", "three"});
  expect({.column_lambda = {}, .smooth = {"a*", "*[1]*"}, .mean = {}}, {"fit.smooth", "*[1]*"});
  expect({.column_lambda = {}, .smooth = {"a*", "*"}, .mean = {}}, {"a[0]", "a*", "both"});
  expect({.column_lambda = {}, .smooth = {}, .mean = {{"z", 1.0}}}, {"fit.prior_mean", "'z'"});
}

// λ ‖L (θ - μ)‖² is as many rows of scale sqrt(λ); without an intercept, since these rows have no ones.
TEST(Prior, IsRowsBelowTheData) {
  const Rows rows = contract_rows(0.3);
  const double lambda = 40.0;
  const Prior prior = make_prior(
      names,
      {.column_lambda = {{"a[3]", 3.0}, {"b", 0.0}}, .smooth = {"a*"}, .mean = {{"a[1]", 0.5}, {"b", 7.0}}});
  const Index extra = prior.rows.rows();
  Rows more = rows;
  more.a.conservativeResize(rows.size() + extra, 5);
  more.a.bottomRows(extra) = Eigen::MatrixXd(prior.rows);
  more.b.conservativeResize(rows.size() + extra);
  more.b.tail(extra) = prior.rows * prior.mean;
  more.w.conservativeResize(rows.size() + extra);
  more.w.tail(extra).setConstant(std::sqrt(lambda));
  more.group.resize(static_cast<std::size_t>(more.size()), 0);
  more.type.resize(static_cast<std::size_t>(more.size()), design::RowType::other);
  more.configuration.clear();
  const Eigen::MatrixXd a = rows.weighted_a();
  const Eigen::MatrixXd both = more.weighted_a();
  const Eigen::MatrixXd root =
      support::solve_upper(support::triangle_of(both), Eigen::MatrixXd::Identity(5, 5));
  const Eigen::MatrixXd inverse = root * root.transpose();
  const double trace = (inverse * a.transpose() * a).trace();
  MemorySource more_source(more);
  const LinearFit should = fit_rows(more_source, *estimate::make_estimator("ols", {}), Intercept::none,
                                    comm::Communicator::world())
                               .fit;
  const double bound = rounding_of_fit(more, false);
  for (const linalg::ProcessGrid& grid : all_grids()) {
    MemorySource source(rows);
    const LinearFit is = fit_quadratic(
        system_on_grid(source, grid, Intercept::none, {.rows_per_rank = 97, .block = 2}), lambda, prior, {});
    EXPECT_LE(scaled_distance(rows, is.coefficients, should.coefficients), bound);
    const double residual = (a * is.coefficients - rows.weighted_b()).norm();
    EXPECT_NEAR(is.residual_norm / residual, 1.0, 1e-11);
    EXPECT_NEAR(is.effective_dof, trace, 1e-8);  // condition 1e5 at most
    for (Index j = 0; j < 5; ++j) EXPECT_NEAR(is.covariance_diagonal(j) / inverse(j, j), 1.0, 1e-8);
  }
}

// The mean draws: with a penalty that leaves no choice it is the answer.
TEST(Prior, StrongPenaltyGivesTheMean) {
  const Rows rows = contract_rows(0.3);
  const Prior prior =
      make_prior(names, {.column_lambda = {}, .smooth = {}, .mean = {{"a[1]", 0.5}, {"b", 7.0}}});
  estimate::EstimatorOptions options;
  options.lambda = 1e30;
  options.prior = std::make_shared<const Prior>(prior);
  MemorySource source(rows);
  const auto estimator = estimate::make_estimator("ridge", options);
  EXPECT_FALSE(estimator->penalty().has_value());
  const LinearFit is = fit_rows(source, *estimator, Intercept::fitted, comm::Communicator::world()).fit;
  EXPECT_LE((is.coefficients - prior.mean).norm(), 1e-12);
}

}  // namespace
}  // namespace tallfit::test
