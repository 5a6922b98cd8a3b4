// A rank that fails alone while the others wait for it: the job must end with the error's code, not hang.
#include <mpi.h>

#include "tallfit/app/run.hpp"
#include "tallfit/base/error.hpp"

int main(int argc, char** argv) {
  const tallfit::comm::MpiSession session(&argc, &argv);
  const auto world = tallfit::comm::Communicator::world();
  return tallfit::app::exit_code_of(world, [&] {
    if (world.rank() == 1) tallfit::fail(tallfit::ErrorKind::numerical, "only rank 1 knows");
    MPI_Barrier(world.get());
  });
}
