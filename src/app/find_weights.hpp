/// What fit.optimize_weights asks for.
#pragma once

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/optimise_weights.hpp"

namespace tallfit::app {

bool searches_weights(const Config& config);

/// The configuration of a run that may search weights: on the tall engine, which a search needs.
/// @throws Error{input} where another engine is asked for, the bounds are no interval around 1, or the
/// estimator has no quadratic penalty
Config for_weight_search(const Config& config, const estimate::Estimator& estimator);

/// The best weights. @collective
/// @param start  multipliers of the rows' own scales
/// @throws Error{input} as estimate::optimise_weights(), Error{resource} where the Grams do not fit
estimate::BestWeights find_weights(const Config& config, const compress::CompressedDesign& design,
                                   const design::GroupMultipliers& start,
                                   const estimate::Estimator& estimator, const comm::Communicator& world);

}  // namespace tallfit::app
