// Scores of points of a sweep, and the choice among them.
#include <gtest/gtest.h>

#include <cmath>

#include "tallfit/estimate/cross_validation.hpp"

namespace tallfit::test {
namespace {

/// A part with one cell of each row type of these mean squares, of two rows each.
estimate::ErrorTable part_of_means(const std::vector<double>& means) {
  estimate::ErrorTable table;
  for (std::size_t type = 0; type < means.size(); ++type) {
    estimate::ErrorSums sums;
    sums.targets.count = 2;
    sums.weighted_squares = 2.0 * means[type];
    table[{.group = 0, .row_type = static_cast<int>(type), .test = false}] = sums;
  }
  return table;
}

// Means over parts, not over rows; the error of the mean, not the spread.
TEST(Score, IsTheMeanOverPartsAndItsError) {
  const std::vector<estimate::ErrorTable> parts = {part_of_means({1.0, 5.0}), part_of_means({3.0, 3.0}),
                                                   part_of_means({5.0, 7.0})};
  const estimate::Score all = estimate::score(parts);
  EXPECT_EQ(all.count, 12);
  EXPECT_DOUBLE_EQ(all.mean_square, 4.0);                      // of 3, 3, 6
  EXPECT_DOUBLE_EQ(all.standard_error, std::sqrt(3.0 / 3.0));  // variance (1 + 1 + 4) / 2
  const estimate::Score energies = estimate::score(parts, 0);
  EXPECT_EQ(energies.count, 6);
  EXPECT_DOUBLE_EQ(energies.mean_square, 3.0);
  EXPECT_DOUBLE_EQ(energies.standard_error, std::sqrt(4.0 / 3.0));
  EXPECT_EQ(estimate::row_types_of(parts), (std::vector<int>{0, 1}));
  EXPECT_EQ(estimate::score(parts, 3).count, 0);
  EXPECT_TRUE(std::isnan(estimate::score({parts.front()}).standard_error));
}

// Catches the wrong side of the rule, the error of the wrong point, a simpler point out of reach.
TEST(Choice, OneStandardErrorTakesTheSimplestWithinReach) {
  const auto point = [](double mean, double error) {
    return estimate::Score{.count = 1, .mean_square = mean, .standard_error = error};
  };
  const std::vector<estimate::Score> scores = {point(2.0, 0.1), point(1.1, 0.9), point(1.0, 0.2),
                                               point(1.2, 0.0), point(1.3, 9.0)};
  const Eigen::VectorXd dof = Eigen::VectorXd::LinSpaced(5, 9.0, 1.0);
  const estimate::Choice choice = estimate::choose(scores, dof);
  EXPECT_EQ(choice.best, 2);
  EXPECT_EQ(choice.one_standard_error, 3);
  // The order of the points says nothing of how simple they are.
  const estimate::Choice reversed = estimate::choose(scores, dof.reverse());
  EXPECT_EQ(reversed.best, 2);
  EXPECT_EQ(reversed.one_standard_error, 1);
}

}  // namespace
}  // namespace tallfit::test
