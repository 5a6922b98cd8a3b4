/// Status codes of PETSc. Private to the layer.
#pragma once

#include <string_view>

namespace tallfit::linalg::detail {

/// Throws Error{bug} with PETSc's text for @p code, naming @p call, unless it is 0. Local.
void check_petsc(int code, std::string_view call);

}  // namespace tallfit::linalg::detail
