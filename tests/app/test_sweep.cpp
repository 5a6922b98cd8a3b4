// Values that are tried one after the other.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/errors.hpp"

#include "tallfit/app/config_reader.hpp"
#include "tallfit/app/sweep.hpp"

namespace tallfit::app {
namespace {

Config read(const std::string& text) { return read_config(io::parse_toml(text, "run.toml")); }

TEST(Sweep, LogspaceHasEqualRatiosAndBothEnds) {
  const auto values = parse_sweep("logspace(-8, 4, 60)");
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 60U);
  EXPECT_EQ(values->front(), std::pow(10.0, -8));
  EXPECT_EQ(values->back(), std::pow(10.0, 4));
  // Each x in 10^x has an error of eps |x|, which 10^x multiplies by ln 10 |x| <= 19; pow adds one eps.
  const double bound = 60.0 * std::numeric_limits<double>::epsilon();
  for (std::size_t i = 0; i < 60; ++i)
    EXPECT_NEAR((*values)[i] / std::pow(10.0, -8.0 + 12.0 * static_cast<double>(i) / 59.0), 1.0, bound);
}

TEST(Sweep, LinspaceHasEqualDifferencesAndBothEnds) {
  EXPECT_EQ(parse_sweep("linspace(0.5, 2.5, 5)"), (std::vector<double>{0.5, 1.0, 1.5, 2.0, 2.5}));
  EXPECT_EQ(parse_sweep(" linspace ( 3,1 , 3 ) "), (std::vector<double>{3.0, 2.0, 1.0}));
  EXPECT_EQ(parse_sweep("linspace(7, 9, 1)"), std::vector<double>{7.0});
  EXPECT_EQ(parse_sweep("linspace(0.1, 1, 10)")->back(), 1.0);
}

// Whatever is not a sweep is nothing, never half of one.
TEST(Sweep, RefusesEverythingElse) {
  for (const char* text :
       {"", "logspace", "logspace()", "logspace(1, 2)", "logspace(1, 2, 3, 4)", "logspace(1, 2, 0)",
        "logspace(1, 2, 2.5)", "logspace(1, 2, -3)", "logspace(0, 400, 3)", "logspace(1, 2, 3",
        "logspace(1, two, 3)", "geomspace(1, 2, 3)", "linspace(nan, 2, 3)", "linspace(1, inf, 3)",
        "linspace(1, 2, 1e7)", "1, 2, 3", "linspace(1, 2, 3)x", "xlinspace(1, 2, 3)", "linspace(1,, 3)"})
    EXPECT_FALSE(parse_sweep(text)) << text;
}

TEST(Sweep, KeysOfFitAreSweptByName) {
  const Config config = read("[cv]\nlambda = [1, 0.5]\ntol = \"logspace(-3, -1, 3)\"\nmax_iter = [10]\n");
  EXPECT_EQ(config.cv.sweeps.at("lambda").values, (std::vector<double>{1.0, 0.5}));
  EXPECT_EQ(config.cv.sweeps.at("tol").values.size(), 3U);
  EXPECT_TRUE(config.cv.sweeps.at("max_iter").is_given());
  EXPECT_EQ(config.fit.lambda, 1e-6);
  EXPECT_EQ(read("[cv]\nlambda = 3\n").cv.sweeps.at("lambda").values, std::vector<double>{3.0});
}

// A swept value must be one that the key itself could have.
TEST(Sweep, ValuesKeepTheRuleOfTheirKey) {
  using support::error_of;
  EXPECT_NE(error_of([] { read("[cv]\nlambda = [1, -1]\n"); }).find("a list of numbers >= 0"),
            std::string::npos);
  EXPECT_NE(error_of([] { read("[cv]\nlambda = []\n"); }).find("run.toml:2: cv.lambda = []: expected a list"),
            std::string::npos);
  EXPECT_NE(error_of([] { read("[cv]\nlambda = \"linspace(-1, 1, 3)\"\n"); }).find("expected"),
            std::string::npos);
  EXPECT_NE(error_of([] { read("[cv]\nlambda = \"logspace(1, 2)\"\n"); }).find("logspace(a, b, n)"),
            std::string::npos);
  EXPECT_NE(error_of([] { read("[cv]\nmax_iter = [1.5]\n"); }).find("without a fraction"), std::string::npos);
  EXPECT_NE(error_of([] { read("[cv]\nlamda = [1]\n"); }).find("Did you mean 'lambda'?"), std::string::npos);
  EXPECT_NE(error_of([] { read("[cv]\nestimator = [\"ols\"]\n"); }).find("unknown key 'estimator' in [cv]"),
            std::string::npos);
  EXPECT_NE(error_of([] { read("[cv]\nlearning_curve = [0.5, 1.5]\n"); }).find("> 0 and <= 1"),
            std::string::npos);
}

TEST(Sweep, OneOrTwoKeysAreSwept) {
  const std::string head = "[data]\nsource = \"matrix\"\n[fit]\nestimator = \"ridge\"\n[cv]\nlambda = [1]\n";
  Config two = read(head + "tol = [0.1]\n");
  Config three = read(head + "tol = [0.1]\nmax_iter = [1]\n");
  Config none = read("[data]\nsource = \"matrix\"\n[fit]\nselect = \"gcv\"\n");
  two.output = three.output = none.output = "out";
  EXPECT_NO_THROW(check_config(two, Command::cv));
  support::expect_error(ErrorKind::input, {"cv.lambda, cv.max_iter, cv.tol are swept", "one or two"},
                        [&] { check_config(three, Command::cv); });
  EXPECT_NO_THROW(check_config(three, Command::fit));  // which chooses nothing
  support::expect_error(ErrorKind::input, {"fit.select = \"gcv\" needs values to choose from"},
                        [&] { check_config(none, Command::fit); });
}

}  // namespace
}  // namespace tallfit::app
