/// Times of work that all ranks begin together.
#pragma once

#include <chrono>
#include <span>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/linalg/machine_rates.hpp"

namespace tallfit::app {

using BenchClock = std::chrono::steady_clock;

inline double slowest(const comm::Communicator& comm, double seconds) {
  comm::max_in_place(comm, std::span(&seconds, 1));
  return seconds;
}

inline void begin_together(const comm::Communicator& comm) {
  comm::check_mpi(MPI_Barrier(comm.get()), "MPI_Barrier");
}

/// Seconds of the slowest rank; all start together.
template <class Work>
double timed(const comm::Communicator& comm, const Work& work) {
  begin_together(comm);
  const auto start = BenchClock::now();
  work();
  return slowest(comm, std::chrono::duration<double>(BenchClock::now() - start).count());
}

}  // namespace tallfit::app
