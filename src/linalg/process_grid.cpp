#include "tallfit/linalg/process_grid.hpp"

#include <exception>

#include "scalapack.hpp"

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::linalg {

struct ProcessGrid::State {
  // BLACS gives the same system handle to the same MPI_Comm, so two grids on one communicator would free one
  // handle twice. A duplicate makes grid, communicator and handle one to one.
  State(const comm::Communicator& parent, int p, int q) : comm(comm::Communicator::duplicate(parent.get())) {
    system_handle = Csys2blacs_handle(comm.get());
    context = system_handle;
    Cblacs_gridinit(&context, "Row", p, q);
    Cblacs_gridinfo(context, &rows, &cols, &my_row, &my_col);
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized != 0 || std::uncaught_exceptions() > 0) return;
    Cblacs_gridexit(context);
    Cfree_blacs_system_handle(system_handle);
  }

  comm::Communicator comm;
  int system_handle = -1;
  int context = -1;
  int rows = 0;
  int cols = 0;
  int my_row = 0;
  int my_col = 0;
};

ProcessGrid::ProcessGrid(const comm::Communicator& comm, int rows, int cols) {
  comm::require_replicated(
      comm, rows > 0 && cols > 0 && Index{rows} * cols == comm.size(), ErrorKind::input,
      "a {} x {} process grid does not fit {} ranks: rows times columns must be the number "
      "of ranks",
      rows, cols, comm.size());
  state_ = std::make_shared<const State>(comm, rows, cols);
}

int ProcessGrid::most_columns(int ranks) {
  int columns = 1;
  for (int divisor = 2; divisor <= ranks / divisor; ++divisor) {
    if (ranks % divisor == 0) columns = divisor;
  }
  return columns;
}

ProcessGrid ProcessGrid::nearly_square(const comm::Communicator& comm) {
  const int rows = most_columns(comm.size());
  return {comm, rows, comm.size() / rows};
}

ProcessGrid ProcessGrid::serial() {
  static const ProcessGrid grid(comm::Communicator::self(), 1, 1);  // contexts of BLACS are few
  return grid;
}

int ProcessGrid::rows() const noexcept { return state_->rows; }
int ProcessGrid::cols() const noexcept { return state_->cols; }
int ProcessGrid::my_row() const noexcept { return state_->my_row; }
int ProcessGrid::my_col() const noexcept { return state_->my_col; }
int ProcessGrid::context() const noexcept { return state_->context; }
const comm::Communicator& ProcessGrid::comm() const noexcept { return state_->comm; }

}  // namespace tallfit::linalg
