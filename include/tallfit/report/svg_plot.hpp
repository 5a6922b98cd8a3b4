/// A small picture of points, as SVG.
#pragma once

#include <string>
#include <vector>

namespace tallfit::report {

struct PlotPoint {
  double x = 0.0;
  double y = 0.0;
  std::string label = {};
  bool filled = true;
};

/// Points joined in their order, with labels.
struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<PlotPoint> points;  ///< at least one; those that are not finite are left out
};

/// Where an axis has its marks: 1, 2 or 5 times a power of ten apart, about four to eight of them, the first
/// at or below `low`, the last at or above `high`. Local.
std::vector<double> axis_marks(double low, double high);

/// The picture as a file's text. Local.
std::string svg_text(const Plot& plot);

}  // namespace tallfit::report
