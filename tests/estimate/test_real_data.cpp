// Published potentials from their training sets, by all layers from files to coefficients.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "support/csv.hpp"
#include "support/data.hpp"
#include "support/fit_rows.hpp"

#include "tallfit/estimate/metrics.hpp"
#include "tallfit/io/import.hpp"

namespace tallfit::test {
namespace {

using estimate::Intercept;

std::unique_ptr<design::RowSource> open(const std::string& set) {
  return io::open_fitsnap({.folder = support::data_folder() / set});
}

/// The lines of a CSV file below its header; quoted cells may hold commas.
std::vector<std::vector<std::string>> text_rows(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    rows.emplace_back(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        rows.back().emplace_back();
      else
        rows.back().back() += c;
    }
  }
  return rows;
}

/// The last `n` published coefficients: bzeroflag 1 leaves a line for a constant that is 0.
Eigen::VectorXd published(const std::string& set, Index n) {
  const auto rows = text_rows(support::data_folder() / set / "ref_coeff.csv");
  Eigen::VectorXd values(n);
  for (Index j = 0; j < n; ++j)
    values(j) = std::stod(rows[rows.size() - static_cast<std::size_t>(n - j)].back());
  return values;
}

double largest_relative_difference(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  return (x - y).cwiseQuotient(y).lpNorm<Eigen::Infinity>();
}

estimate::ErrorTable errors_by_rows(design::RowSource& source, const compress::RowLayout& layout,
                                    const estimate::LinearFit& fit, const comm::Communicator& comm) {
  estimate::ErrorVisitor visitor(fit.coefficients, fit.intercept);
  compress::RowVisitor* const visitors[] = {&visitor};
  compress::run_row_pass(source, layout, comm, visitors, Index{1} << 20U);
  return visitor.total(comm);
}

Eigen::VectorXd numbers_of(const estimate::LinearFit& fit) {
  Eigen::VectorXd all(2 * fit.coefficients.size() + 1);
  all << fit.coefficients, fit.standard_errors, fit.residual_norm;
  return all;
}

bool same_bits(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  return x.size() == y.size() &&
         std::memcmp(x.data(), y.data(), static_cast<std::size_t>(x.size()) * sizeof(double)) == 0;
}

/// One unit in the last of six printed digits, and a bit for a tie.
double half_unit_of_six_digits(double printed) {
  return printed == 0.0 ? 0.0 : 0.51 * std::pow(10.0, std::floor(std::log10(std::abs(printed))) - 5.0);
}

void expect_printed_metrics(const std::vector<estimate::MetricsRow>& metrics) {
  std::map<std::string, const estimate::MetricsRow*> found;
  for (const estimate::MetricsRow& row : metrics) {
    if (row.split == "train") found[row.group + "," + row.weighting + "," + row.row_type] = &row;
  }
  const auto table = text_rows(support::data_folder() / "ta_linear/ref_metrics.csv");
  EXPECT_EQ(table.size(), 78U);
  EXPECT_EQ(found.size(), table.size());
  for (const std::vector<std::string>& line : table) {
    std::string type = line[2];
    type[0] = static_cast<char>(std::tolower(type[0]));
    const std::string key = (line[0] == "*ALL" ? "ALL" : line[0]) + "," + line[1] + "," + type;
    SCOPED_TRACE(key);
    ASSERT_TRUE(found.contains(key));
    const estimate::MetricsRow& row = *found[key];
    EXPECT_EQ(static_cast<double>(row.count), std::stod(line[3]));
    if (line[0].starts_with("Volume_") && line[2] == "Force") {
      // By symmetry there are no forces: what is printed is rounding.
      EXPECT_LT(row.mae, 1e-13);
      EXPECT_LT(row.rmse, 1e-13);
      continue;
    }
    const double mae = std::stod(line[4]);
    const double rmse = std::stod(line[5]);
    const double r2 = std::stod(line[6]);
    EXPECT_NEAR(row.mae, mae, half_unit_of_six_digits(mae));
    EXPECT_NEAR(row.rmse, rmse, half_unit_of_six_digits(rmse));
    EXPECT_NEAR(row.r2, r2, half_unit_of_six_digits(r2));
  }
}

// Catches weights by the wrong row, groups that leak into each other, a tree that depends on the ranks,
// FitSNAP's degrees of freedom, metrics of weighted rows.
TEST(RealData, Tantalum) {
  if (!support::have_data("ta_linear/Descriptors.npy")) GTEST_SKIP() << support::no_data("ta_linear");
  const auto world = comm::Communicator::world();
  const auto source = open("ta_linear");
  estimate::EstimatorOptions options;
  options.noise_dof = estimate::NoiseDof::n_minus_k_minus_2;
  const auto ols = estimate::make_estimator("ols", options);
  const Compressed compressed = compress_rows(*source, world);
  Fitted fitted = fit_compressed(compressed.design, *ols, Intercept::none, world);
  const estimate::LinearFit fit = fitted.fit;

  const Fitted alone = fit_rows(*source, *ols, Intercept::none, comm::Communicator::self());
  EXPECT_TRUE(same_bits(numbers_of(fit), numbers_of(alone.fit))) << world.size() << " ranks";

  const Eigen::VectorXd reference = published("ta_linear", 31);
  const Eigen::VectorXd refined = read_npy(support::data_folder() / "ta_linear/x_refined_longdouble.npy");
  const Eigen::MatrixXd covariance = read_npy(support::data_folder() / "ta_linear/cov_qr.npy");
  const double difference = largest_relative_difference(fit.coefficients, reference);
  const double error = largest_relative_difference(fit.coefficients, refined);
  const double of_errors =
      largest_relative_difference(fit.standard_errors, covariance.diagonal().cwiseSqrt());
  // Published digits are good to 5e-13; ε κ(E) = 2e-12 of the largest scaled coefficient may move the small
  // ones.
  EXPECT_LE(difference, 1e-11);
  EXPECT_LE(error, 1e-11);
  // κ(E) ε = 9.2e3 x 1.1e-16 for each side, a factor 100 for constants: QR carries no κ².
  EXPECT_LE(of_errors, 1e-10);
  EXPECT_NEAR(fit.residual_norm * fit.residual_norm, 465.29123297697515, 1e-10 * 465.0);
  EXPECT_EQ(fit.rank, 31);
  EXPECT_EQ(fit.dof, 15213.0 - 31.0 - 2.0);

  const auto names = source->info().group_names;
  expect_printed_metrics(
      estimate::metrics_rows(errors_by_rows(*source, compressed.layout, fit, world), names));

  const estimate::Refinement done = refine_in_place(fitted, *source, compressed.layout, *ols, world);
  const double after = largest_relative_difference(fitted.fit.coefficients, refined);
  EXPECT_TRUE(done.converged);
  // The stored solution carries 80 bits to the end: 1e-19 κ, then is rounded to double.
  EXPECT_LE(after, 1e-13);
  const Index leaves = compressed.layout.n_leaves();
  if (world.is_root()) {
    std::printf(
        "tantalum, np %d, %lld leaves: published %.2e, refined reference %.2e, after refinement %.2e, "
        "standard errors %.2e\n",
        world.size(), static_cast<long long>(leaves), difference, error, after, of_errors);
  }
}

TEST(RealData, TantalumRefinedHasTheSameBitsOnAnyRanks) {
  if (!support::have_data("ta_linear/Descriptors.npy")) GTEST_SKIP() << support::no_data("ta_linear");
  const auto world = comm::Communicator::world();
  const auto self = comm::Communicator::self();
  const auto source = open("ta_linear");
  const auto ridge = estimate::make_estimator("ridge", {.lambda = 1e-3});
  std::vector<Eigen::VectorXd> results;
  for (const comm::Communicator* comm : {&world, &self}) {
    const Compressed compressed = compress_rows(*source, *comm);
    Fitted fitted = fit_compressed(compressed.design, *ridge, Intercept::fitted, *comm);
    refine_in_place(fitted, *source, compressed.layout, *ridge, *comm);
    results.push_back(numbers_of(fitted.fit));
  }
  EXPECT_TRUE(same_bits(results[0], results[1]));
}

// The published coefficients come from an SVD that lost digits (README): 1e-10 is theirs, 1e-11 ours.
TEST(RealData, Iron) {
  if (!support::have_data("fe_linear/Descriptors.npy")) GTEST_SKIP() << support::no_data("fe_linear");
  const auto world = comm::Communicator::world();
  const auto source = open("fe_linear");
  const auto ols = estimate::make_estimator("ols", {});
  const Compressed compressed = compress_rows(*source, world);
  Fitted fitted = fit_compressed(compressed.design, *ols, Intercept::none, world);
  const Eigen::VectorXd reference = published("fe_linear", 30);
  const Eigen::VectorXd refined = read_npy(support::data_folder() / "fe_linear/x_refined_longdouble.npy");
  const double difference = largest_relative_difference(fitted.fit.coefficients, reference);
  const double error = largest_relative_difference(fitted.fit.coefficients, refined);
  EXPECT_LE(difference, 1e-10);
  EXPECT_LE(error, 1e-11);
  EXPECT_NEAR(fitted.fit.residual_norm * fitted.fit.residual_norm, 342538.878208559, 1e-10 * 342538.0);
  if (world.is_root())
    std::printf("iron, np %d: published %.2e, refined reference %.2e\n", world.size(), difference, error);
}

}  // namespace
}  // namespace tallfit::test
