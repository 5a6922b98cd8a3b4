// Chains against exact posteriors.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

#include "posteriors.hpp"
#include "support/csv.hpp"
#include "support/data.hpp"

#include "tallfit/infer/diagnostics.hpp"
#include "tallfit/infer/sample.hpp"

namespace tallfit::infer {
namespace {

using nlohmann::json;
using test::linear_posterior;

json read_json(const std::string& name) {
  return json::parse(std::ifstream(support::data_folder() / "mcmc" / name));
}

Eigen::VectorXd vector_of(const json& list) {
  const auto values = list.get<std::vector<double>>();
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Index>(values.size()));
}

Eigen::MatrixXd matrix_of(const json& rows) {
  Eigen::MatrixXd matrix(static_cast<Index>(rows.size()), static_cast<Index>(rows[0].size()));
  for (Index i = 0; i < matrix.rows(); ++i)
    matrix.row(i) = vector_of(rows[static_cast<std::size_t>(i)]).transpose();
  return matrix;
}

/// Rows of independent normal priors.
Eigen::MatrixXd normal_prior(const Eigen::VectorXd& means, const Eigen::VectorXd& deviations) {
  return test::beside(deviations.cwiseInverse().asDiagonal().toDenseMatrix(),
                      means.cwiseQuotient(deviations));
}

struct Model {
  std::string name;
  ScalePrior of_scale;
  std::optional<Eigen::MatrixXd> prior = std::nullopt;
};

std::vector<Model> models() {
  using enum ScalePriorKind;
  const auto wide = [](Index n) {
    return normal_prior(Eigen::VectorXd::Zero(n), Eigen::VectorXd::Constant(n, 10.0));
  };
  return {{"kidiq-kidscore_momiq", {half_cauchy, 2.5}},
          {"kidiq-kidscore_interaction", {half_cauchy, 2.5}},
          {"mesquite-mesquite", {flat, 1.0}},
          {"mesquite-logmesquite", {flat, 1.0}},
          {"sblri-blr", {half_normal, 10.0}, wide(5)},
          {"sblrc-blr", {half_normal, 10.0}, wide(5)},
          {"arK-arK", {half_cauchy, 2.5}, wide(6)},
          {"kilpisjarvi_mod-kilpisjarvi",
           {flat, 1.0},
           normal_prior(Eigen::Vector2d(9.31290322580645, 0.0), Eigen::Vector2d(100.0, 0.0333333333333333))},
          {"earnings-logearn_height", {flat, 1.0}},
          {"nes2000-nes", {flat, 1.0}}};
}

/// Means and deviations within four of their Monte Carlo standard errors, of which 6e-5 exceed that by
/// chance.
void expect_moments(const Chains& chains, const json& exact, const std::string& what) {
  for (std::size_t k = 0; k < chains.parameters.size(); ++k) {
    const std::string& name = chains.summary[k].name;
    const auto found = exact.contains(name) ? exact[name] : json();
    if (found.is_null()) continue;
    const Eigen::MatrixXd& draws = chains.parameters[k];
    const Index walkers = chains.walkers;
    EXPECT_LT(std::abs(mean(draws) - found["mean"].get<double>()), 4.0 * mcse_mean(draws, walkers))
        << what << " " << name;
    EXPECT_LT(std::abs(standard_deviation(draws) - found["sd"].get<double>()), 4.0 * mcse_sd(draws, walkers))
        << what << " " << name;
    EXPECT_LT(mcse_mean(draws, walkers), 0.1 * standard_deviation(draws))
        << "too few draws to tell: " << name;
  }
}

std::unique_ptr<GaussianTarget> posterior_of(const Model& model, const json& stored) {
  const json x = stored["X"].is_null() ? read_json("posteriordb/data_nes2000.json")["X"] : stored["X"];
  return linear_posterior(matrix_of(x), vector_of(stored["y"]), model.of_scale, model.prior);
}

/// Some are named otherwise in the reference.
json renamed(json exact) {
  for (const auto& [theirs, ours] :
       std::vector<std::pair<std::string, std::string>>{{"alpha", "beta[1]"}, {"beta", "beta[2]"}})
    if (exact.contains("alpha") && exact.contains("beta") && exact.contains(theirs))
      exact[ours] = exact[theirs];
  if (exact.contains("alpha") && !exact.contains("beta")) {  // arK: alpha comes before beta[1..5]
    for (int j = 5; j >= 1; --j)
      exact["beta[" + std::to_string(j + 1) + "]"] = exact["beta[" + std::to_string(j) + "]"];
    exact["beta[1]"] = exact["alpha"];
  }
  return exact;
}

TEST(Sample, nuts_has_the_moments_of_the_reference_posteriors) {
  if (!support::have_data("mcmc")) GTEST_SKIP() << support::no_data("mcmc");
  const json reference = read_json("posteriordb/posteriordb_linear.json");
  for (const Model& model : models()) {
    const auto posterior = posterior_of(model, reference[model.name]);
    const Sampler nuts = make_sampler("nuts", posterior->dimension(), {});
    const Chains chains =
        sample(*posterior, nuts, {.warmup = 500, .draws = 1000, .seed = 3}, comm::Communicator::self());
    EXPECT_LT(chains.largest_r_hat, 1.01) << model.name;
    EXPECT_EQ(chains.diverged.sum(), 0.0) << model.name;
    expect_moments(chains, renamed(reference[model.name]["exact"]), model.name);
  }
}

/// Eight schools, as a user would write it: x = (μ / 5, ln τ, (θ - μ) / τ), with its own change of variables.
class EightSchools final : public Posterior {
public:
  EightSchools(Eigen::VectorXd y, Eigen::VectorXd sigma) : y_(std::move(y)), sigma_(std::move(sigma)) {}
  Index dimension() const override { return 2 + y_.size(); }
  Eigen::VectorXd values(const Eigen::MatrixXd& points) const override {
    const Eigen::MatrixXd all = parameters(points);
    Eigen::VectorXd result(points.cols());
    for (Index j = 0; j < points.cols(); ++j) {
      const auto theta = all.col(j).tail(y_.size());
      const double tau = all(1, j);
      result(j) = -0.5 * points(0, j) * points(0, j) + points(1, j) - std::log1p(tau * tau / 25.0) -
                  0.5 * points.col(j).tail(y_.size()).squaredNorm() -
                  0.5 * (theta - y_).cwiseQuotient(sigma_).squaredNorm();
    }
    return result;
  }
  std::vector<ParameterBlock> blocks() const override {
    return {{.name = "mu", .dimension = {}, .labels = {}},
            {.name = "tau", .dimension = {}, .labels = {}},
            {.name = "theta", .dimension = "school", .labels = {"1", "2", "3", "4", "5", "6", "7", "8"}}};
  }
  Eigen::MatrixXd parameters(const Eigen::MatrixXd& points) const override {
    Eigen::MatrixXd all = points;
    all.row(0) = 5.0 * points.row(0);
    all.row(1) = points.row(1).array().exp();
    for (Index j = 0; j < points.cols(); ++j)
      all.col(j).tail(y_.size()) = (points.col(j).tail(y_.size()).array() * all(1, j) + all(0, j)).matrix();
    return all;
  }

private:
  Eigen::VectorXd y_, sigma_;
};

TEST(Sample, a_density_of_the_user_has_its_moments) {
  if (!support::have_data("mcmc")) GTEST_SKIP() << support::no_data("mcmc");
  const json stored = read_json("posteriordb/posteriordb_linear.json")["eight_schools"];
  const EightSchools posterior(vector_of(stored["y"]), vector_of(stored["sigma"]));
  const Sampler dream = make_sampler("dream", posterior.dimension(), {});
  const Chains chains =
      sample(posterior, dream, {.warmup = 2000, .draws = 5000, .seed = 5}, comm::Communicator::self());
  expect_moments(chains, stored["exact"], "eight schools");
  EXPECT_TRUE(stored["exact"].contains("mu") && stored["exact"].contains("tau"));
  EXPECT_EQ(chains.summary[2].name, "theta[1]");
}

TEST(Sample, every_sampler_has_the_moments_of_a_reference_posterior) {
  if (!support::have_data("mcmc")) GTEST_SKIP() << support::no_data("mcmc");
  const json reference = read_json("posteriordb/posteriordb_linear.json");
  const Model model = models().at(3);
  const auto posterior = posterior_of(model, reference[model.name]);
  for (const std::string& name : sampler_names()) {
    const Sampler sampler = make_sampler(name, posterior->dimension(), {.temperatures = 4});
    const Index draws = sampler.walkers > 1 ? 800 : 4000;
    const Chains chains =
        sample(*posterior, sampler, {.warmup = 500, .draws = draws, .seed = 11}, comm::Communicator::self());
    expect_moments(chains, reference[model.name]["exact"], name);
  }
}

// Quantiles of Student's t: the posterior of coefficients with the prior 1/s.
TEST(Sample, quantiles_are_those_of_the_closed_form) {
  if (!support::have_data("mcmc") || !support::have_data("sklearn")) GTEST_SKIP() << support::no_data("mcmc");
  const json reference = read_json("analytic_and_emcee.json");
  const json& exact = reference["reference_prior_well"];
  const auto probabilities = reference["nig_well"]["quantile_probs"].get<std::vector<double>>();
  const Eigen::MatrixXd table = test::read_csv(support::data_folder() / "sklearn/csv/well.csv");
  Eigen::MatrixXd x(table.rows(), 21);
  x << Eigen::VectorXd::Ones(table.rows()), table.rightCols(20);
  const auto posterior = linear_posterior(x, table.col(0), {});
  ASSERT_TRUE(posterior->is_conjugate());
  for (const Sampler& sampler :
       {exact_sampler(*posterior), make_sampler("nuts", posterior->dimension(), {})}) {
    const Chains chains =
        sample(*posterior, sampler, {.warmup = 500, .draws = 1000, .seed = 2}, comm::Communicator::self());
    const Eigen::MatrixXd squares = chains.parameters[21].array().square();
    for (std::size_t q = 0; q < probabilities.size(); ++q) {
      const double p = probabilities[q];
      for (std::size_t j = 0; j < 21; ++j)
        EXPECT_LT(std::abs(quantile(chains.parameters[j], p) - exact["coef_quantiles"][j][q].get<double>()),
                  4.0 * mcse_quantile(chains.parameters[j], p))
            << sampler.name << " " << j << " " << p;
      EXPECT_LT(std::abs(quantile(squares, p) - exact["sigma2"]["quantiles"][q].get<double>()),
                4.0 * mcse_quantile(squares, p))
          << sampler.name << " " << p;
    }
  }
}

}  // namespace
}  // namespace tallfit::infer
