/// Numbers from one to another, as parts of an array of jobs take them.
#pragma once

#include "tallfit/base/numeric.hpp"

namespace tallfit::app {

/// All whole numbers from first to last; "101:200", or 100 for "1:100".
struct NumberRange {
  Index first = 1;
  Index last = 1;

  Index size() const { return last - first + 1; }
};

}  // namespace tallfit::app
