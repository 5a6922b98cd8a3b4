#include "tallfit/app/commands.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::app {

void run_bench(const Config&, const comm::Communicator& world) {
  comm::require_replicated(world, false, ErrorKind::bug, "'tallfit bench' is not built yet.");
}

}  // namespace tallfit::app
