/// What a RowMatrix holds. Private to the layer.
#pragma once

#include "petsc_objects.hpp"

#include "tallfit/linalg/row_matrix.hpp"

namespace tallfit::linalg {

struct RowMatrix::State {
  PetscSession session;
  comm::Communicator comm;
  Index local_rows = 0;
  Index cols = 0;
  Index first_col = 0;  ///< of this rank's part of vectors over the columns, as PETSc deals them
  Index n_local_cols = 0;
  bool is_sparse = false;
  Eigen::MatrixXd storage;  ///< of a dense matrix
  detail::MatHandle mat;

  explicit State(const comm::Communicator& parent)
      : session(parent), comm(comm::Communicator::duplicate(parent.get())) {}
};

}  // namespace tallfit::linalg
