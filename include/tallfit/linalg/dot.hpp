/// A scalar product whose bits depend on its operands only.
#pragma once

#include "tallfit/base/numeric.hpp"

namespace tallfit::linalg {

/// Σ a_i b_i in four interleaved partial sums. Libraries choose the order of summation by address or thread
/// count; rows stand at addresses that depend on the number of ranks, and their predictions must not. Cost: 2
/// n flops. Local.
inline double dot(const double* a, const double* b, Index n) {
  double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
  Index i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < n; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

}  // namespace tallfit::linalg
