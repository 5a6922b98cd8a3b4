/// What each command does, once its configuration is read and checked.
#pragma once

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::app {

// All are collective over the communicator, print on its root only and throw collective errors.

void run_generate(const Config& config, const comm::Communicator& world);
void run_import(const Config& config, const comm::Communicator& world);
void run_inspect(const Config& config, const comm::Communicator& world);
void run_plan(const Config& config, const comm::Communicator& world);
void run_compress(const Config& config, const comm::Communicator& world);
void run_merge(const Config& config, const comm::Communicator& world);
void run_fit(const Config& config, const comm::Communicator& world);
void run_cv(const Config& config, const comm::Communicator& world);
void run_bag(const Config& config, const comm::Communicator& world);
void run_sample(const Config& config, const comm::Communicator& world);
void run_predict(const Config& config, const comm::Communicator& world);
void run_select(const Config& config, const comm::Communicator& world);
void run_report(const Config& config, const comm::Communicator& world);
void run_bench(const Config& config, const comm::Communicator& world);

}  // namespace tallfit::app
