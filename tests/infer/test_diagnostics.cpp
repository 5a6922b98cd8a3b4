// Diagnostics against stored numbers of an independent program, which agrees with R's posterior, ArviZ and
// Stan.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>

#include "support/data.hpp"

#include "tallfit/base/random.hpp"
#include "tallfit/infer/diagnostics.hpp"

namespace tallfit::infer {
namespace {

using Columns = std::map<std::string, Eigen::VectorXd>;
using Chains = std::map<std::string, Eigen::MatrixXd>;

std::string folder() { return (support::data_folder() / "mcmc" / "diagnostics").string(); }

/// A table as Stan writes it: comments, names, numbers.
Columns read_table(const std::string& name) {
  std::ifstream file(folder() + "/" + name);
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::stringstream cells(line);
    if (names.empty()) {
      for (std::string cell; std::getline(cells, cell, ',');) names.push_back(cell);
      continue;
    }
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(std::stod(cell));
  }
  Columns columns;
  for (std::size_t j = 0; j < names.size(); ++j) {
    Eigen::VectorXd column(static_cast<Index>(rows.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) column(static_cast<Index>(i)) = rows[i][j];
    columns[names[j]] = column;
  }
  return columns;
}

/// Chains of the same names from several files, or of one file with columns NAME_c1, NAME_c2, ...
Eigen::MatrixXd chains_of(const std::string& group, const std::string& name) {
  static const std::map<std::string, std::vector<Columns>> files = {
      {"blocker", {read_table("blocker.1.raw"), read_table("blocker.2.raw")}},
      {"bern",
       {read_table("bern1.raw"), read_table("bern2.raw"), read_table("bern3.raw"), read_table("bern4.raw")}},
      {"eight", {read_table("eight1.raw"), read_table("eight2.raw")}},
      {"series", {read_table("series.csv")}}};
  std::vector<Eigen::VectorXd> chains;
  for (const Columns& columns : files.at(group)) {
    if (group != "series") {
      chains.push_back(columns.at(name));
      continue;
    }
    for (int c = 1; columns.contains(name + "_c" + std::to_string(c)); ++c)
      chains.push_back(columns.at(name + "_c" + std::to_string(c)));
  }
  Eigen::MatrixXd draws(chains.front().size(), static_cast<Index>(chains.size()));
  for (Index j = 0; j < draws.cols(); ++j) draws.col(j) = chains[static_cast<std::size_t>(j)];
  return draws;
}

const std::map<std::string, std::function<double(const Eigen::MatrixXd&)>> statistics = {
    {"rhat_rank", [](const Eigen::MatrixXd& x) { return r_hat(x); }},
    {"rhat_split", [](const Eigen::MatrixXd& x) { return split_r_hat(x); }},
    {"rhat_raw", [](const Eigen::MatrixXd& x) { return basic_r_hat(x); }},
    {"ess_bulk", [](const Eigen::MatrixXd& x) { return ess_bulk(x); }},
    {"ess_tail", [](const Eigen::MatrixXd& x) { return ess_tail(x); }},
    {"ess_mean", [](const Eigen::MatrixXd& x) { return ess_mean(x); }},
    {"ess_raw", [](const Eigen::MatrixXd& x) { return basic_ess(x); }},
    {"ess_sd", [](const Eigen::MatrixXd& x) { return ess_sd(x); }},
    {"ess_median", [](const Eigen::MatrixXd& x) { return ess_quantile(x, 0.5); }},
    {"ess_quantile10", [](const Eigen::MatrixXd& x) { return ess_quantile(x, 0.1); }},
    {"mcse_mean", [](const Eigen::MatrixXd& x) { return mcse_mean(x); }},
    {"mcse_sd", [](const Eigen::MatrixXd& x) { return mcse_sd(x); }},
    {"mcse_median", [](const Eigen::MatrixXd& x) { return mcse_quantile(x, 0.5); }},
    {"mcse_quantile10", [](const Eigen::MatrixXd& x) { return mcse_quantile(x, 0.1); }},
};

TEST(Diagnostics, equal_the_stored_references) {
  if (!support::have_data("mcmc")) GTEST_SKIP() << support::no_data("mcmc");
  const auto reference = nlohmann::json::parse(std::ifstream(folder() + "/diag_reference.json"))["stats"];
  int compared = 0;
  for (const std::string group : {"blocker", "bern", "eight", "series"}) {
    for (const auto& [name, stored] : reference[group].items()) {
      const Eigen::MatrixXd draws = chains_of(group, name);
      for (const auto& [key, statistic] : statistics) {
        // Both are sums of at most 48,000 terms over autocovariances of up to some hundred lags; the
        // reference takes these by FFT. Both lose about 1e-12; a lag more or less would change 1e-3.
        EXPECT_NEAR(statistic(draws) / stored[key].get<double>(), 1.0, 1e-9)
            << group << " " << name << " " << key;
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, (48 + 4 + 11 + 8) * 14);
}

TEST(Diagnostics, see_chains_that_differ_in_scale_alone) {
  if (!support::have_data("mcmc")) GTEST_SKIP() << support::no_data("mcmc");
  const Eigen::MatrixXd draws = chains_of("series", "bad_scale");
  EXPECT_LT(split_r_hat(draws), 1.001);
  EXPECT_GT(r_hat(draws), 1.1);
}

TEST(Diagnostics, of_draws_that_cannot_be_judged_are_nan) {
  const Eigen::MatrixXd constant = Eigen::MatrixXd::Constant(100, 2, 3.0);
  const Eigen::MatrixXd few = Eigen::MatrixXd::Random(3, 2);
  Eigen::MatrixXd infinite = Eigen::MatrixXd::Random(100, 2);
  infinite(3, 1) = std::numeric_limits<double>::infinity();
  for (const Eigen::MatrixXd& draws : {constant, few, infinite}) {
    EXPECT_TRUE(std::isnan(r_hat(draws)));
    EXPECT_TRUE(std::isnan(ess_bulk(draws)));
    EXPECT_TRUE(std::isnan(mcse_mean(draws)));
  }
}

// Walkers that hand one series on to each other look independent one by one, but are not.
TEST(Diagnostics, walkers_that_share_a_history_are_seen_through) {
  constexpr Index n = 4000;
  constexpr Index walkers = 4;
  Eigen::MatrixXd draws(n, 2 * walkers);
  for (Index c = 0; c < 2; ++c) {
    double x = 0.0;
    for (Index t = 0; t < n * walkers; ++t) {
      const double noise =
          random_normal({.seed = 8}, static_cast<std::uint64_t>(c), static_cast<std::uint64_t>(t));
      x = 0.95 * x + std::sqrt(1.0 - 0.95 * 0.95) * noise;
      draws(t / walkers, c * walkers + t % walkers) = x;
    }
  }
  // AR(1): τ = (1 + 0.95) / (1 - 0.95) = 39. The estimate scatters by some 15 %.
  EXPECT_NEAR(ess_mean(draws, walkers), static_cast<double>(draws.size()) / 39.0, 0.4 * 820.0);
  EXPECT_GT(ess_mean(draws), 2.0 * ess_mean(draws, walkers));
  EXPECT_NEAR(autocorrelation_time(draws, walkers), 39.0, 16.0);
  EXPECT_LT(r_hat(draws, walkers), 1.01);
  draws.leftCols(walkers).array() += 0.5;
  EXPECT_GT(r_hat(draws, walkers), 1.03);
}

}  // namespace
}  // namespace tallfit::infer
