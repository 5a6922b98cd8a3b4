/// Sizes and the few numbers that every layer needs.
#pragma once

#include <cstdint>
#include <string_view>

namespace tallfit {

/// Counts rows, elements and bytes; signed, so that differences are safe.
using Index = std::int64_t;

/// @return value as int, for a foreign call (LAPACK, MPI, HDF5) that counts in 32 bits.
/// @throws Error{resource} when the value does not fit; the message names @p what.
int to_int(Index value, std::string_view what);

/// @return ceil(a / b) for a >= 0, b > 0.
constexpr Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

}  // namespace tallfit
