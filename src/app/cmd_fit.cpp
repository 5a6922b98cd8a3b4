#include "fit_model.hpp"

#include "tallfit/app/commands.hpp"

namespace tallfit::app {

void run_fit(const Config& config, const comm::Communicator& world) { fit_model(config, "fit", world); }

}  // namespace tallfit::app
