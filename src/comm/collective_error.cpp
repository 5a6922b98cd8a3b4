#include "tallfit/comm/collective_error.hpp"

#include <new>
#include <optional>
#include <string>

#include "tallfit/comm/exchange.hpp"

namespace tallfit::comm {

void all_or_none(const Communicator& comm, const std::function<void()>& local_work) {
  std::optional<Error> mine;
  try {
    local_work();
  } catch (const Error& error) {
    mine = error;
  } catch (const std::bad_alloc&) {
    mine = Error(
        ErrorKind::resource,
        fmt::format("rank {} ran out of memory; use more ranks or a lower run.memory_per_rank", comm.rank()));
  } catch (const std::exception& error) {
    mine = Error(ErrorKind::bug, fmt::format("rank {}: {}", comm.rank(), error.what()));
  }

  int first = mine ? comm.rank() : comm.size();
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm.get()), "MPI_Allreduce");
  if (first == comm.size()) return;

  int kind = mine ? static_cast<int>(mine->kind()) : 0;
  std::string message = mine ? mine->what() : "";
  broadcast(comm, std::span(&kind, 1), first);
  broadcast(comm, message, first);
  throw Error::collective(static_cast<ErrorKind>(kind), message, mine ? mine->where() : Location{});
}

namespace detail {

void assert_replicated([[maybe_unused]] const Communicator& comm, [[maybe_unused]] bool ok) {
#ifndef NDEBUG
  int both[2] = {ok ? 1 : 0, ok ? -1 : 0};
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, both, 2, MPI_INT, MPI_MIN, comm.get()), "MPI_Allreduce");
  require(both[0] == -both[1], ErrorKind::bug, "a condition that must be the same on all ranks is not");
#endif
}

}  // namespace detail
}  // namespace tallfit::comm
