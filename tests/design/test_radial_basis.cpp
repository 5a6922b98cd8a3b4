#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tallfit/design/radial_basis.hpp"

namespace tallfit::design {
namespace {

constexpr RadialBasis basis = {.inner = 1.9, .cutoff = 4.0, .decay = 2.0};
using Values = std::array<double, 12>;

// Oracle: T_n(x) = cos(n arccos x) and the formula of the doc comment.
TEST(RadialBasis, IsAChebyshevPolynomialTimesTheFade) {
  for (const double r : {1.95, 2.35, 3.0, 3.9}) {
    Values values;
    Values slopes;
    basis.evaluate(r, values, slopes);
    const double x = 2.0 * (std::exp(-r / 2.0) - std::exp(-2.0)) / (std::exp(-0.95) - std::exp(-2.0)) - 1.0;
    for (std::size_t n = 0; n < values.size(); ++n) {
      const double expected = std::cos(static_cast<double>(n) * std::acos(x)) * std::pow(1.0 - r / 4.0, 3);
      EXPECT_NEAR(values[n], expected, 1e-14) << "n " << n << " r " << r;
    }
  }
}

// Truncation h^2 |R'''| / 6; for n < 12, |R'''| < 600 (10 + |R'|) also below the inner distance, where R
// grows like r^-n.
TEST(RadialBasis, SlopesAreDerivatives) {
  constexpr double h = 1e-5;
  for (const double r : {1.7, 2.2, 2.8, 3.5, 3.99}) {
    Values values, slopes, up, down, unused;
    basis.evaluate(r, values, slopes);
    basis.evaluate(r + h, up, unused);
    basis.evaluate(r - h, down, unused);
    for (std::size_t n = 0; n < values.size(); ++n) {
      EXPECT_NEAR(slopes[n], (up[n] - down[n]) / (2.0 * h), 1e-8 * (10.0 + std::abs(slopes[n])))
          << "n " << n << " r " << r;
    }
  }
}

TEST(RadialBasis, FadesAtTheCutoff) {
  Values values;
  Values slopes;
  basis.evaluate(4.0 - 1e-6, values, slopes);
  for (const double v : values) EXPECT_NEAR(v, 0.0, 1e-18);
  for (const double s : slopes) EXPECT_NEAR(s, 0.0, 1e-11);
}

}  // namespace
}  // namespace tallfit::design
