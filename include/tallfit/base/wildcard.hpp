/// Names with stars.
#pragma once

#include <string_view>

namespace tallfit {

/// Whether @p name is @p pattern, in which '*' stands for any text, also none. All else is taken as it is:
/// names of features hold brackets and dots.
bool matches_wildcard(std::string_view pattern, std::string_view name);

}  // namespace tallfit
