/// The report of a scaling study.
#pragma once

#include <vector>

#include "tallfit/report/gnuplot.hpp"
#include "tallfit/report/page.hpp"
#include "tallfit/report/scaling_model.hpp"

namespace tallfit::report {

/// How far the model is drawn, and with what probability its band.
struct ScalingView {
  Index most_ranks = 1024;
  double level = 0.95;
};

/// Adds tables, pictures and the model of records to a page. @return the pictures: strong, weak and stages,
/// with a number behind the name for each further problem
/// @throws Error{input} as fit_scaling_model().   Local.
std::vector<Picture> add_scaling(Page& page, Gnuplot& gnuplot, const std::vector<io::ScalingRecord>& records,
                                 const ScalingView& view);

}  // namespace tallfit::report
