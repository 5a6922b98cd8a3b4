// The losses of one row: values, derivatives, and the parabola above.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tallfit/estimate/robust_loss.hpp"

namespace tallfit::estimate {
namespace {

constexpr std::array<double, 7> some_residuals = {-30.0, -1.7, -0.4, 1e-3, 0.9, 2.1, 50.0};
constexpr std::array<double, 3> some_scales = {0.5, 1.1, 7.0};

class RobustLosses : public testing::TestWithParam<RobustLoss> {};

// Central differences of step h err by h² / 6 of the third derivative and by ε / h of what is differenced:
// 1e-9 and 1e-10 of the sizes here. No residual is within h of a bend.
TEST_P(RobustLosses, HaveTheirDerivatives) {
  const RobustLoss& loss = GetParam();
  constexpr double h = 1e-5;
  for (const double s : some_scales) {
    for (const double r : some_residuals) {
      SCOPED_TRACE(testing::Message() << "r " << r << ", s " << s);
      const LossTerms terms = loss.terms(r, s);
      const double tolerance = 1e-7 * (1.0 + std::abs(terms.value));
      EXPECT_DOUBLE_EQ(terms.value, loss.value(r, s));
      EXPECT_NEAR(terms.slope, (loss.value(r + h, s) - loss.value(r - h, s)) / (2.0 * h), tolerance);
      EXPECT_NEAR(terms.curvature, (loss.terms(r + h, s).slope - loss.terms(r - h, s).slope) / (2.0 * h),
                  tolerance);
      EXPECT_NEAR(terms.majorant, terms.slope / r, 1e-12 * (1.0 + terms.majorant));
      if (loss.kind() == RobustKind::laplace) continue;  // its scale is not estimated
      const double up = s * std::exp(h);
      const double down = s * std::exp(-h);
      EXPECT_NEAR(terms.scale_slope, (loss.value(r, up) - loss.value(r, down)) / (2.0 * h), tolerance);
      EXPECT_NEAR(terms.cross, (loss.terms(r, up).slope - loss.terms(r, down).slope) / (2.0 * h), tolerance);
      EXPECT_NEAR(terms.scale_curvature,
                  (loss.terms(r, up).scale_slope - loss.terms(r, down).scale_slope) / (2.0 * h), tolerance);
    }
  }
}

// ρ(y) <= ρ(r) + ρ_r / r (y² - r²) / 2: why a reweighted step never increases the objective.
TEST_P(RobustLosses, LieBelowTheirParabolas) {
  const RobustLoss& loss = GetParam();
  for (const double s : some_scales)
    for (const double r : some_residuals)
      for (int k = -160; k <= 160; ++k) {
        const double y = 0.37 * k;
        const LossTerms terms = loss.terms(r, s);
        const double above = terms.value + 0.5 * terms.majorant * (y * y - r * r);
        EXPECT_LE(loss.value(y, s), above + 1e-12 * (1.0 + std::abs(above)))
            << y << " from " << r << ", " << s;
      }
}

TEST_P(RobustLosses, WeighRowsLessTheFurtherTheyAre) {
  const RobustLoss& loss = GetParam();
  double before = loss.row_weight(0.0, 2.0);
  for (int k = 0; k < 30; ++k) {
    const double r = 0.1 * std::pow(1.3, k);
    const double weight = loss.row_weight(-r, 2.0);
    EXPECT_LE(weight, before);
    EXPECT_GT(weight, 0.0);
    EXPECT_EQ(weight, loss.row_weight(r, 2.0));
    before = weight;
  }
  EXPECT_LT(before, 0.1);
}

// The three figures of the reference data's README, with their three digits; and the mean of min(z²/s², ε²)
// by a sum over z, whose error is far below its step of 1e-3.
TEST(HuberScale, OfGaussianErrors) {
  EXPECT_NEAR(huber_scale_of_gaussian(1.35), 0.681, 5e-4);
  EXPECT_NEAR(huber_scale_of_gaussian(1.1), 0.300, 5e-4);
  EXPECT_NEAR(huber_scale_of_gaussian(2.0), 0.949, 5e-4);
  for (const double epsilon : {1.1, 1.35, 2.0, 3.0}) {
    const double s = huber_scale_of_gaussian(epsilon);
    double mean = 0.0;
    for (int k = -10000; k <= 10000; ++k) {
      const double z = 1e-3 * k;
      mean += 1e-3 * std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::acos(-1.0)) *
              std::min(z * z / (s * s), epsilon * epsilon);
    }
    EXPECT_NEAR(mean, 1.0, 1e-6) << epsilon;
  }
}

INSTANTIATE_TEST_SUITE_P(All, RobustLosses,
                         testing::Values(RobustLoss(RobustKind::huber, 1.35),
                                         RobustLoss(RobustKind::huber, 2.0),
                                         RobustLoss(RobustKind::student_t, 1.0),
                                         RobustLoss(RobustKind::student_t, 4.5),
                                         RobustLoss(RobustKind::laplace, 0.0)));

}  // namespace
}  // namespace tallfit::estimate
