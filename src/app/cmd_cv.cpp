#include "fit_model.hpp"

#include "tallfit/app/commands.hpp"

namespace tallfit::app {

void run_cv(const Config& config, const comm::Communicator& world) {
  Config by_cross_validation = config;
  by_cross_validation.fit.select = "cv";
  fit_model(by_cross_validation, "cv", world);
}

}  // namespace tallfit::app
