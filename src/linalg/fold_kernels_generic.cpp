// For every processor: SSE2, NEON and the like have registers of 2 doubles.
#include "fold_kernels.hpp"

namespace tallfit::linalg::detail {
namespace {
constexpr const char* kernels_name = "generic";
constexpr int lanes = 2;
constexpr int row_vectors = 4;
constexpr int v_columns = 4;
constexpr int b_columns = 3;
constexpr int c_columns = 3;
constexpr int inner_unroll = 1;
}  // namespace
}  // namespace tallfit::linalg::detail

#include "fold_kernels_body.hpp"

namespace tallfit::linalg::detail {

const FoldKernels* generic_fold_kernels() { return &kernels; }

std::vector<const FoldKernels*> usable_fold_kernels() {
  std::vector<const FoldKernels*> usable;
  for (const FoldKernels* set : {avx512_fold_kernels(), avx2_fold_kernels(), generic_fold_kernels()})
    if (set) usable.push_back(set);
  return usable;
}

}  // namespace tallfit::linalg::detail
