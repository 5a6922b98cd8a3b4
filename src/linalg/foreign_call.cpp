#include "foreign_call.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/linalg/matrix_ops.hpp"

namespace tallfit::linalg::detail {

void require_finite(const BlockCyclicMatrix& a, std::string_view what, std::string_view lost) {
  comm::require_replicated(a.grid().comm(), all_finite(a), ErrorKind::numerical,
                           "{} holds NaN or Inf, so it has no {}", what, lost);
}

}  // namespace tallfit::linalg::detail
