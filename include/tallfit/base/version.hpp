/// Which tallfit this is: printed by --version and written into every result.
#pragma once

#include <string>

namespace tallfit {

/// "0.1.0", as in the project() call of CMakeLists.txt.
std::string version();

/// Git commit the program was built from, 40 hex digits; "-dirty" follows where tracked files had changes;
/// "unknown" outside a git checkout (a release tarball).
std::string git_revision();

}  // namespace tallfit
