// Compiled with -mavx512f -mfma on x86-64: 32 registers of 8 doubles.
#include "fold_kernels.hpp"

#if defined(__AVX512F__)

namespace tallfit::linalg::detail {
namespace {
constexpr const char* kernels_name = "avx512";
constexpr int lanes = 8;
constexpr int row_vectors = 3;  // with c_columns: 24 sums in registers
constexpr int v_columns = 8;    // with b_columns: 24 sums in registers
constexpr int b_columns = 3;
constexpr int c_columns = 8;
constexpr int inner_unroll = row_vectors;  // 1 is 6 % slower
}  // namespace
}  // namespace tallfit::linalg::detail

#include "fold_kernels_body.hpp"

namespace tallfit::linalg::detail {
const FoldKernels* avx512_fold_kernels() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma") ? &kernels : nullptr;
}
}  // namespace tallfit::linalg::detail

#else

namespace tallfit::linalg::detail {
const FoldKernels* avx512_fold_kernels() { return nullptr; }
}  // namespace tallfit::linalg::detail

#endif
