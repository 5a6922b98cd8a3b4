#include "tallfit/linalg/row_matrix.hpp"

#include <utility>
#include <vector>

#include "row_matrix_state.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::linalg {

namespace {

using detail::check_petsc, detail::to_petsc, detail::vector_over;

/// Refuses, on all ranks, what PETSc's integers cannot count.
void check_counts(const comm::Communicator& comm, Index local_rows, Index n_cols, Index local_entries) {
  Index totals[] = {local_rows};
  comm::sum_in_place(comm, totals);
  Index largest[] = {local_entries};
  comm::max_in_place(comm, largest);
  comm::all_or_none(comm, [&] {
    to_petsc(totals[0], "rows");
    to_petsc(n_cols, "columns");
    to_petsc(largest[0], "entries of a rank");
  });
}

}  // namespace

RowMatrix::RowMatrix(std::shared_ptr<State> state) : state_(std::move(state)) {
  PetscInt begin = 0;
  PetscInt end = 0;
  check_petsc(MatGetOwnershipRangeColumn(state_->mat.get(), &begin, &end), "MatGetOwnershipRangeColumn");
  state_->first_col = begin;
  state_->n_local_cols = end - begin;
}

RowMatrix RowMatrix::dense(const comm::Communicator& comm, Eigen::MatrixXd rows) {
  check_counts(comm, rows.rows(), rows.cols(), 0);
  auto state = std::make_shared<State>(comm);
  state->local_rows = rows.rows();
  state->cols = rows.cols();
  state->storage = std::move(rows);
  Mat mat = nullptr;
  check_petsc(
      MatCreateDense(state->comm.get(), static_cast<PetscInt>(state->local_rows), PETSC_DECIDE,
                     PETSC_DETERMINE, static_cast<PetscInt>(state->cols), state->storage.data(), &mat),
      "MatCreateDense");
  state->mat.reset(mat);
  return RowMatrix(std::move(state));
}

RowMatrix RowMatrix::sparse(const comm::Communicator& comm, Index n_cols, const CompressedRows& rows) {
  const Index n_entries = static_cast<Index>(rows.value.size());
  check_counts(comm, rows.n_rows(), n_cols, n_entries);
  auto state = std::make_shared<State>(comm);
  state->local_rows = rows.n_rows();
  state->cols = n_cols;
  state->is_sparse = true;
  const std::vector<PetscInt> begin(rows.begin.begin(), rows.begin.end());
  const std::vector<PetscInt> column(rows.column.begin(), rows.column.end());
  Mat mat = nullptr;
  check_petsc(MatCreateMPIAIJWithArrays(state->comm.get(), static_cast<PetscInt>(state->local_rows),
                                        PETSC_DECIDE, PETSC_DETERMINE, static_cast<PetscInt>(n_cols),
                                        begin.data(), column.data(), rows.value.data(), &mat),
              "MatCreateMPIAIJWithArrays");
  state->mat.reset(mat);
  return RowMatrix(std::move(state));
}

Index RowMatrix::local_rows() const { return state_->local_rows; }
Index RowMatrix::cols() const { return state_->cols; }
bool RowMatrix::is_sparse() const { return state_->is_sparse; }
const comm::Communicator& RowMatrix::comm() const { return state_->comm; }

Eigen::VectorXd RowMatrix::multiply(const Eigen::VectorXd& x) const {
  const State& s = *state_;
  Eigen::VectorXd y(s.local_rows);
  const detail::VecHandle in = vector_over(s.comm.get(), x.data() + s.first_col, s.n_local_cols);
  const detail::VecHandle out = vector_over(s.comm.get(), y.data(), s.local_rows);
  check_petsc(MatMult(s.mat.get(), in.get(), out.get()), "MatMult");
  return y;
}

Eigen::VectorXd RowMatrix::multiply_transposed(const Eigen::VectorXd& y) const {
  const State& s = *state_;
  std::vector<double> mine(static_cast<std::size_t>(s.n_local_cols));
  {
    const detail::VecHandle in = vector_over(s.comm.get(), y.data(), s.local_rows);
    const detail::VecHandle out = vector_over(s.comm.get(), mine.data(), s.n_local_cols);
    check_petsc(MatMultTranspose(s.mat.get(), in.get(), out.get()), "MatMultTranspose");
  }
  const std::vector<double> all = comm::all_gather(s.comm, mine);
  return Eigen::Map<const Eigen::VectorXd>(all.data(), s.cols);
}

Eigen::VectorXd RowMatrix::column_norms() const {
  Eigen::VectorXd norms(state_->cols);
  check_petsc(MatGetColumnNorms(state_->mat.get(), NORM_2, norms.data()), "MatGetColumnNorms");
  return norms;
}

void RowMatrix::scale_columns_in_place(const Eigen::VectorXd& d) {
  const detail::VecHandle scale =
      vector_over(state_->comm.get(), d.data() + state_->first_col, state_->n_local_cols);
  check_petsc(MatDiagonalScale(state_->mat.get(), nullptr, scale.get()), "MatDiagonalScale");
}

}  // namespace tallfit::linalg
