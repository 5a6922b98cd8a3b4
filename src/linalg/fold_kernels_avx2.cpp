// Compiled with -mavx2 -mfma on x86-64: 16 registers of 4 doubles.
#include "fold_kernels.hpp"

#if defined(__AVX2__) && defined(__FMA__)

namespace tallfit::linalg::detail {
namespace {
constexpr const char* kernels_name = "avx2";
constexpr int lanes = 4;
constexpr int row_vectors = 3;  // with c_columns: 12 sums in registers
constexpr int v_columns = 4;    // with b_columns: 12 sums in registers
constexpr int b_columns = 3;
constexpr int c_columns = 4;
constexpr int inner_unroll = 1;  // row_vectors spills: 12 % slower
}  // namespace
}  // namespace tallfit::linalg::detail

#include "fold_kernels_body.hpp"

namespace tallfit::linalg::detail {
const FoldKernels* avx2_fold_kernels() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : nullptr;
}
}  // namespace tallfit::linalg::detail

#else

namespace tallfit::linalg::detail {
const FoldKernels* avx2_fold_kernels() { return nullptr; }
}  // namespace tallfit::linalg::detail

#endif
