// Diagnostics against stored numbers of an independent program, which agrees with R's posterior, ArviZ and Stan.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>

#include "support/data.hpp"

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
    {"rhat_rank", r_hat},
    {"rhat_split", split_r_hat},
    {"rhat_raw", basic_r_hat},
    {"ess_bulk", ess_bulk},
    {"ess_tail", ess_tail},
    {"ess_mean", ess_mean},
    {"ess_raw", basic_ess},
    {"ess_sd", ess_sd},
    {"ess_median", [](const Eigen::MatrixXd& x) { return ess_quantile(x, 0.5); }},
    {"ess_quantile10", [](const Eigen::MatrixXd& x) { return ess_quantile(x, 0.1); }},
    {"mcse_mean", mcse_mean},
    {"mcse_sd", mcse_sd},
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
        // Both are sums of at most 48,000 terms over autocovariances of up to some hundred lags; the reference
        // takes these by FFT. Both lose about 1e-12; a lag more or less would change 1e-3.
        EXPECT_NEAR(statistic(draws) / stored[key].get<double>(), 1.0, 1e-9) << group << " " << name << " " << key;
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

}  // namespace
}  // namespace tallfit::infer
