/// A fit of made rows on more and more ranks.
#pragma once

#include <functional>

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/io/scaling_record.hpp"

namespace tallfit::app {

/// Measures the same rows (strong) and as many rows per rank (weak) on 1, 2, 4, … ranks of the world, or on
/// all of them alone where bench.fewer_ranks is false.
///
/// Each bench.repeats times: survey, pass over the rows, merge of leaves, merge of cells, solve, which all
/// ranks begin together. Ranks that a measurement does not need sleep.
/// @param done  called for each record as it is there, on rank 0 of the world
/// @collective
void measure_scaling(const Config& config, const comm::Communicator& world,
                     const compress::MachineRates& machine,
                     const std::function<void(const io::ScalingRecord&)>& done);

}  // namespace tallfit::app
