#include "tallfit/base/version.hpp"

namespace tallfit {

std::string_view version() {
  return TALLFIT_VERSION;
}

}  // namespace tallfit
