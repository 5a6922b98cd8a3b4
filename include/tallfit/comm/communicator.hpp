/// MPI communicators that say whether they own what they hold.
#pragma once

#include <mpi.h>

#include <string_view>

namespace tallfit::comm {

/// Throws Error{bug} naming @p call when an MPI function did not return MPI_SUCCESS.
void check_mpi(int code, std::string_view call);

/// Initialises MPI for the life of the program; errors are returned, not fatal.
class MpiSession {
public:
  /// One thread of each process calls MPI (the reading thread never does): MPI_THREAD_FUNNELED.
  MpiSession(int* argc, char*** argv);
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;
  ~MpiSession();
};

/// A communicator, borrowed or owned. Move-only.
class Communicator {
public:
  /// All ranks of the job, borrowed.
  static Communicator world();
  /// This rank alone, borrowed.
  static Communicator self();
  /// Uses @p handle and never frees it.
  static Communicator borrow(MPI_Comm handle);
  /// A new communicator of the same ranks. @collective
  static Communicator duplicate(MPI_Comm handle);
  /// Ranks of equal @p color share one new communicator, ordered as before. @collective
  Communicator split(int color) const;

  /// How many ranks share this rank's node. @collective
  int ranks_on_node() const;

  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&& other) noexcept;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  /// Frees what it owns, except while an exception unwinds: freeing is collective, and no one may join.
  ~Communicator();

  MPI_Comm get() const noexcept { return handle_; }
  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }
  bool is_root() const noexcept { return rank_ == 0; }

private:
  Communicator(MPI_Comm handle, bool owned);

  MPI_Comm handle_ = MPI_COMM_NULL;
  bool owned_ = false;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace tallfit::comm
