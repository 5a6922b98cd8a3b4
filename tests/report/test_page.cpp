#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tallfit/report/gnuplot.hpp"
#include "tallfit/report/page.hpp"

namespace tallfit::report {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Page, EscapesTexts) {
  const std::string text =
      Page("a < b").heading("1 & 2").table({.head = {"<td>"}, .lines = {{"-1.5"}, {"x"}}}).text();
  EXPECT_TRUE(has(text, "<title>a &lt; b</title>"));
  EXPECT_TRUE(has(text, "<h2>1 &amp; 2</h2>"));
  EXPECT_TRUE(has(text, "<th>&lt;td&gt;</th>"));
  EXPECT_TRUE(has(text, "<td class=\"n\">-1.5</td>"));
  EXPECT_TRUE(has(text, "<td>x</td>"));
}

TEST(Page, TakesPicturesThatOnlyDraw) {
  const std::string drawing = "<?xml version='1.0'?>\n<!DOCTYPE svg>\n<svg><circle r='2'/></svg>";
  EXPECT_TRUE(has(Page("p").svg(drawing, "round").text(), "<figure>\n<svg><circle"));
  EXPECT_FALSE(has(Page("p").svg(drawing, "round").text(), "<?xml"));
  for (const char* bad : {"<svg><script>x</script></svg>", "<svg><image href='a.png'/></svg>",
                          "<svg><a xlink:href=\"http://x\"/></svg>", "<svg onload='x'/>", "no picture"}) {
    const std::string text = Page("p").svg(bad, "bad").text();
    EXPECT_TRUE(has(text, "bad: left out")) << bad;
    EXPECT_FALSE(has(text, "<figure>")) << bad;
  }
}

/// The search path of programs, put back at the end.
class SearchPath {
public:
  explicit SearchPath(const char* path) : before_(std::getenv("PATH")) { ::setenv("PATH", path, 1); }
  SearchPath(const SearchPath&) = delete;
  SearchPath& operator=(const SearchPath&) = delete;
  ~SearchPath() { ::setenv("PATH", before_.c_str(), 1); }

private:
  std::string before_;
};

TEST(Gnuplot, TellsWhatToInstall) {
  const SearchPath nowhere("/nowhere");
  Gnuplot gnuplot;
  const Picture picture = gnuplot.draw("a", "A", "plot x");
  EXPECT_TRUE(picture.svg.empty());
  EXPECT_TRUE(has(gnuplot.problem(), "gnuplot-nox")) << gnuplot.problem();
}

TEST(Gnuplot, DrawsOrTellsWhyNot) {
  Gnuplot gnuplot;
  const Picture picture = gnuplot.draw("line", "A line", "plot x");
  if (has(gnuplot.problem(), "was not found")) GTEST_SKIP() << gnuplot.problem();
  EXPECT_EQ(gnuplot.problem(), "");
  EXPECT_EQ(picture.svg.substr(0, 4), "<svg");
  EXPECT_EQ(picture.png.substr(1, 3), "PNG");
  EXPECT_TRUE(gnuplot.draw("bad", "Bad", "plot nothing_of_that_name").svg.empty());
  EXPECT_TRUE(has(gnuplot.problem(), "could not draw 'bad'")) << gnuplot.problem();
  EXPECT_TRUE(has(gnuplot.problem(), "nothing_of_that_name")) << gnuplot.problem();
}

TEST(Gnuplot, TakesTextsAsTheyAre) {
  EXPECT_EQ(gnuplot_text("a_b"), "a\\\\_b");
  EXPECT_EQ(gnuplot_text("say \"x\" `y`"), "say x y");
}

}  // namespace
}  // namespace tallfit::report
