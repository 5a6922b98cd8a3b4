/// Which tallfit this is.
#pragma once

#include <string_view>

namespace tallfit {

/// The project's version as CMakeLists.txt states it, e.g. "0.1.0".
std::string_view version();

}  // namespace tallfit
