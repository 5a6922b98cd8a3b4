/// The posterior of random coefficients, sampled.
#pragma once

#include <memory>

#include "model_error.hpp"
#include "rows.hpp"

#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/infer/embedded_target.hpp"
#include "tallfit/infer/model_error.hpp"
#include "tallfit/infer/sample.hpp"

namespace tallfit::app {

/// What stays while chains run: the rows, the density over them, and the fit that means come from.
struct EmbeddedPosterior {
  estimate::LinearFit least_squares;  ///< with its solver, on rank 0
  EmbeddedProblem problem;
  std::unique_ptr<infer::EmbeddedTarget> target;
};

/// Finds the mode, from which chains start in the coordinates of its Laplace approximation.
/// Cost: a pass, the search, 2 d gradients. @collective
EmbeddedPosterior make_embedded_posterior(const Config& config, const PlannedRows& planned,
                                          const compress::CompressedDesign& design,
                                          const comm::Communicator& world);

/// Means of the draws. Local, of rank 0.
estimate::LinearFit embedded_fit(const EmbeddedPosterior& posterior, const infer::Chains& chains);

/// The roots of the mean variances over the draws, so that a prediction has the variance of all of them.
/// Local, of rank 0.
infer::ModelError embedded_error(const Config& config, const EmbeddedPosterior& posterior,
                                 const infer::Chains& chains);

/// What is sampled, for fit.json.
std::string describe_embedded_posterior(const Config& config);

}  // namespace tallfit::app
