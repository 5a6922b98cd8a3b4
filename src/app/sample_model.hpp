/// From the configuration and a design to the posterior that is sampled.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/compressed_design.hpp"
#include "tallfit/infer/gaussian_target.hpp"
#include "tallfit/infer/sampler.hpp"
#include "tallfit/infer/upper_factor.hpp"

namespace tallfit::app {

/// @throws Error{input} for keys of [sample] that do not go together.
void check_sample(const Config& config);

/// Whether each step needs the rows: no factor stands for them.
bool samples_rows(const Config& config);

/// Whether deviations of random coefficients are sampled.
bool samples_model_error(const Config& config);

/// The factor of rows that share their noise.
struct NoiseFactor {
  std::string label;     ///< empty where all rows do
  Eigen::MatrixXd rows;  ///< of w [A 1 b] or, without an intercept, w [A b]
  double count = 0.0;
};

/// The factors of the training rows by sample.noise, on every rank. Memory: K² numbers each.
/// Cost: merge_training_cells() of each part. @collective
/// @throws Error{input} where cells do not tell apart what noise is to.
std::vector<NoiseFactor> noise_factors(const Config& config, const compress::CompressedDesign& design,
                                       const design::GroupMultipliers& multipliers,
                                       const comm::Communicator& world);

/// What the noise is before it is sampled.
struct Reference {
  Eigen::MatrixXd rows;   ///< of the likelihood, as few as hold it
  double count = 0.0;     ///< N
  double residual = 0.0;  ///< norm, of the least squares with the prior
  double sigma = 0.0;     ///< guess of the standard deviation
};

/// @throws Error{input} where the noise is to be sampled, but no degrees of freedom are left for it.
Reference reference_of(const Config& config, const std::vector<NoiseFactor>& factors);

/// A Gaussian or Laplace posterior. Local, the same on every rank.
/// @throws Error{input} where it is improper.
std::unique_ptr<infer::GaussianTarget> make_gaussian_target(const Config& config,
                                                            const std::vector<std::string>& names,
                                                            const std::vector<NoiseFactor>& factors,
                                                            const Reference& reference);

/// The prior θ ~ N(0, width²) of the coefficients; an intercept among @p n_columns has a flat one.
infer::Term ridge_term(Index n_coefficients, Index n_columns, double width);

/// What is sampled, for fit.json.
std::string describe_posterior(const Config& config);

}  // namespace tallfit::app
