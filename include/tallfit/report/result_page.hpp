/// What the folder of a run holds, on a page.
#pragma once

#include <vector>

#include "tallfit/report/gnuplot.hpp"
#include "tallfit/report/page.hpp"

namespace tallfit::report {

/// Adds the record of a run, its tables, shortened, and its pictures to a page; coefficients are drawn.
/// @param picture_name  of the picture of the coefficients, without ending
/// @return the pictures that were drawn
/// @throws Error{input} naming a folder that holds no result, or the file that cannot be read.   Local.
std::vector<Picture> add_result(Page& page, Gnuplot& gnuplot, const std::string& folder,
                                const std::string& picture_name);

}  // namespace tallfit::report
