#include "tallfit/app/commands.hpp"
namespace tallfit::app {
void run_bench(const Config&, const comm::Communicator&) {}
void run_inspect(const Config&, const comm::Communicator&) {}
}  // namespace tallfit::app
