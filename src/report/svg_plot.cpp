#include "tallfit/report/svg_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/report/markup.hpp"

namespace tallfit::report {

namespace {

// Of the picture and of its axes within, in pixels.
constexpr double width = 640.0, height = 480.0;
constexpr double left = 90.0, right = 610.0, top = 50.0, bottom = 410.0;

/// One axis: numbers to pixels.
struct Axis {
  std::vector<double> marks;
  double from = 0.0;
  double to = 1.0;

  double at(double value) const {
    return from + (to - from) * (value - marks.front()) / (marks.back() - marks.front());
  }
};

Axis make_axis(const std::vector<PlotPoint>& points, double PlotPoint::*coordinate, double from, double to) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const PlotPoint& point : points) {
    low = std::min(low, point.*coordinate);
    high = std::max(high, point.*coordinate);
  }
  return {.marks = axis_marks(low, high), .from = from, .to = to};
}

std::string text_at(double x, double y, const char* anchor, const std::string& text, const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     markup_text(text));
}

std::string line(double x1, double y1, double x2, double y2, const char* color) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1,
                     y1, x2, y2, color);
}

}  // namespace

std::vector<double> axis_marks(double low, double high) {
  if (!(high > low)) {
    const double margin = low == 0.0 ? 1.0 : 0.1 * std::abs(low);
    low -= margin;
    high += margin;
  }
  const double rough = (high - low) / 5.0;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double digit = rough / power;
  const double step = power * (digit <= 1.0 ? 1.0 : digit <= 2.0 ? 2.0 : digit <= 5.0 ? 5.0 : 10.0);
  std::vector<double> marks;
  for (double k = std::floor(low / step);; k += 1.0) {
    marks.push_back(k * step);
    if (marks.back() >= high) break;
  }
  return marks;
}

std::string svg_text(const Plot& plot) {
  std::vector<PlotPoint> points;
  for (const PlotPoint& point : plot.points)
    if (std::isfinite(point.x) && std::isfinite(point.y)) points.push_back(point);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "fill=\"white\"/>\n",
      width, height);
  svg += text_at(width / 2.0, 28.0, "middle", plot.title, " font-size=\"16\"");
  if (points.empty()) return svg + "</svg>\n";
  const Axis x = make_axis(points, &PlotPoint::x, left, right);
  const Axis y = make_axis(points, &PlotPoint::y, bottom, top);
  for (const double mark : x.marks) {
    svg += line(x.at(mark), top, x.at(mark), bottom, "#dddddd");
    svg += text_at(x.at(mark), bottom + 18.0, "middle", fmt::format("{:.4g}", mark));
  }
  for (const double mark : y.marks) {
    svg += line(left, y.at(mark), right, y.at(mark), "#dddddd");
    svg += text_at(left - 8.0, y.at(mark) + 4.0, "end", fmt::format("{:.4g}", mark));
  }
  svg += line(left, bottom, right, bottom, "black") + line(left, top, left, bottom, "black");
  svg += text_at(0.5 * (left + right), bottom + 46.0, "middle", plot.x_label);
  svg +=
      text_at(0.0, 0.0, "middle", plot.y_label,
              fmt::format(" transform=\"translate(22 {:.1f}) rotate(-90)\"", 0.5 * (top + bottom)).c_str());
  std::string path;
  std::string marks;
  for (const PlotPoint& point : points) {
    path += fmt::format("{:.1f},{:.1f} ", x.at(point.x), y.at(point.y));
    marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" stroke=\"#1f5fa8\" fill=\"{}\"/>\n",
                         x.at(point.x), y.at(point.y), point.filled ? "#1f5fa8" : "white");
    if (!point.label.empty())
      marks += text_at(x.at(point.x) + 7.0, y.at(point.y) - 6.0, "start", point.label);
  }
  svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"#9db8d6\"/>\n", path);
  return svg + marks + "</svg>\n";
}

}  // namespace tallfit::report
