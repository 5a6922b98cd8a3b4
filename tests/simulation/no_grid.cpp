// Process grids are ScaLAPACK's, which Debian has for its own MPI alone. The tall engine asks whether factors
// lie on one; here none does.
#include "tallfit/base/error.hpp"
#include "tallfit/linalg/process_grid.hpp"

namespace tallfit::linalg {

int ProcessGrid::my_row() const noexcept { return 0; }
int ProcessGrid::my_col() const noexcept { return 0; }

}  // namespace tallfit::linalg
