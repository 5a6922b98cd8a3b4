#include "tallfit/base/numeric.hpp"

#include <limits>

#include "tallfit/base/error.hpp"

namespace tallfit {

int to_int(Index value, std::string_view what) {
  require(value <= std::numeric_limits<int>::max() && value >= std::numeric_limits<int>::min(),
          ErrorKind::resource,
          "{} = {} exceeds the 32-bit limit of a library; use more ranks or fewer columns", what, value);
  return static_cast<int>(value);
}

}  // namespace tallfit
