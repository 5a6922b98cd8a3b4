#include "tallfit/app/commands.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::app {

void run_fit(const Config&, const comm::Communicator& world) {
  comm::require_replicated(world, false, ErrorKind::bug, "'tallfit fit' is not built yet.");
}

}  // namespace tallfit::app
