/// Cross-validation by several jobs: each leaves the errors of what it held out, one collects them.
#pragma once

#include <string>

#include "fit_output.hpp"

#include "tallfit/app/config.hpp"
#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/estimate/cross_validation.hpp"

namespace tallfit::app {

/// Adds validation.h5 to the results. Local.
void add_validation_part(const Config& config, const compress::CompressedDesign& design,
                         const estimate::CrossValidation& validation, FitOutput& output);

/// Puts the parts in cv.parts together: what one run that holds out everything would find. Each rank reads
/// them.
/// @collective @throws Error{input} for parts of other data or settings, and unless each fold or group is in
/// one of them
estimate::CrossValidation collect_validation(const Config& config, const compress::CompressedDesign& design,
                                             compress::HeldOut by, const comm::Communicator& world);

}  // namespace tallfit::app
