// Pictures: where marks and points are.
#include <gtest/gtest.h>

#include <limits>

#include "tallfit/report/svg_plot.hpp"

namespace tallfit::test {
namespace {

TEST(AxisMarks, AreRoundAndEnclose) {
  const std::vector<double> marks = report::axis_marks(0.037, 0.36);
  ASSERT_EQ(marks.size(), 5U);  // 0, 0.1, ... 0.4
  for (std::size_t i = 0; i < marks.size(); ++i) EXPECT_NEAR(marks[i], 0.1 * static_cast<double>(i), 1e-15);
}

TEST(AxisMarks, HaveRoomAroundASingleValue) {
  for (const double value : {0.0, -3.0, 2e-9}) {
    const std::vector<double> marks = report::axis_marks(value, value);
    EXPECT_LT(marks.front(), value);
    EXPECT_GT(marks.back(), value);
    EXPECT_LE(marks.size(), 8U);
  }
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// The axes run from pixel 90 to 610 and, upwards, from 410 to 50.
TEST(SvgPlot, PutsPointsWhereTheyBelong) {
  const std::string svg = report::svg_text({.title = "a < b & c",
                                            .x_label = "x",
                                            .y_label = "y",
                                            .points = {{.x = 0.0, .y = 0.0},
                                                       {.x = 5.0, .y = 10.0, .label = "top", .filled = false},
                                                       {.x = std::numeric_limits<double>::quiet_NaN()}}});
  EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_EQ(count(svg, "<circle"), 2U);
  EXPECT_NE(svg.find("<circle cx=\"90.0\" cy=\"410.0\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("<circle cx=\"610.0\" cy=\"50.0\" r=\"4\" stroke=\"#1f5fa8\" fill=\"white\""),
            std::string::npos)
      << svg;
  EXPECT_NE(svg.find(">top</text>"), std::string::npos);
  EXPECT_EQ(count(svg, "<svg"), 1U);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

}  // namespace
}  // namespace tallfit::test
