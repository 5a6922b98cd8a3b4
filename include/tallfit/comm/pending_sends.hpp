/// Messages under way.
#pragma once

#include <span>
#include <vector>

#include "tallfit/comm/communicator.hpp"

namespace tallfit::comm {

/// Sends that are posted now and waited for later, so that two ranks may send to each other at once.
/// What is sent must stay as it is until wait().
class PendingSends {
public:
  explicit PendingSends(const Communicator& comm) : comm_(comm) {}
  PendingSends(const PendingSends&) = delete;
  PendingSends& operator=(const PendingSends&) = delete;
  ~PendingSends() = default;  // nothing can be waited for while an error unwinds; wait() is the way out

  /// Matches receive() of the same bytes on rank @p to.
  void post(std::span<const std::byte> bytes, int to, int tag);
  void wait();

private:
  const Communicator& comm_;
  std::vector<MPI_Request> requests_;
};

}  // namespace tallfit::comm
