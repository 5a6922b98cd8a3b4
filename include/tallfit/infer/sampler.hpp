/// Markov chains: what a chain is between two steps, and the ways to take one.
#pragma once

#include <Eigen/Core>

#include <functional>
#include <string>
#include <vector>

#include "tallfit/infer/log_density.hpp"
#include "tallfit/infer/random_stream.hpp"

namespace tallfit::infer {

/// What warm-up found, for the draws. Each sampler has the numbers it needs, all of them plain.
struct Tuning {
  double log_step = 0.0;          ///< logarithm of the size of steps: metropolis, hmc and nuts
  double log_step_mean = 0.0;     ///< mean of it over warm-up, which the draws take
  double mean_error = 0.0;        ///< of the acceptance, from what it is to be
  double averaging_centre = 0.0;  ///< to which the step is drawn
  Index count = 0;                ///< steps that the numbers above are means of
  Index n_moments = 0;            ///< points that went into the moments
  Eigen::VectorXd mean;
  Eigen::MatrixXd scatter;   ///< Σ (x - mean)(x - mean)ᵀ, or its diagonal as a column
  Eigen::MatrixXd scale;     ///< of proposals: a triangle, or the deviation of each coordinate as a column
  Eigen::MatrixXd archive;   ///< past points, d x n: dream
  Eigen::VectorXd log_gaps;  ///< between temperatures: tempered
};

/// A chain between two steps. A value: whoever saves it can go on from it, bit for bit.
struct ChainState {
  Index step = 0;               ///< steps taken: with seed and chain the key of the next random numbers
  Eigen::MatrixXd points;       ///< d x walkers, those of which draws are taken first
  Eigen::VectorXd log_density;  ///< of the points
  Tuning tuning;
};

/// What a step tells.
struct StepReport {
  double acceptance = 0.0;  ///< part of the proposals that were accepted, or their mean probability
  Index evaluations = 0;    ///< of the density, at one point each
  bool diverged = false;    ///< the path of a Hamiltonian step left what its step size can follow
};

/// Advances the chain by one step, drawing numbers from the stream. While state.step < warmup it also tunes;
/// later the kernel is fixed and leaves the density invariant.
using StepFunction = std::function<StepReport(ChainState& state, const LogDensity& density,
                                              RandomStream& random, Index warmup)>;

/// A way to sample.
struct Sampler {
  std::string name;
  bool needs_gradient = false;
  Index walkers = 1;   ///< points of a chain that advance together and of which draws are taken
  Index replicas = 1;  ///< times as many points are in the state: hotter copies
  StepFunction step;
};

struct SamplerOptions {
  Index walkers = 0;           ///< 0: chosen
  Index temperatures = 8;      ///< of tempered
  double target_accept = 0.8;  ///< of hmc and nuts
  Index max_depth = 10;        ///< of nuts: at most 2^this steps on a path
};

/// stretch, de, snooker, dream, metropolis, hmc, nuts, tempered.
const std::vector<std::string>& sampler_names();

/// The sampler of that name for densities of so many dimensions.
/// @throws Error{input} for fewer walkers than it needs, or walkers for one that takes a single point.
Sampler make_sampler(const std::string& name, Index dimension, const SamplerOptions& options);

/// Points x ~ N(0, I) where the density is not 0, with ln p. For a collective density @collective.
/// @throws Error{numerical} where it finds none.
ChainState start_chain(const LogDensity& density, const Sampler& sampler, RandomStream random);

}  // namespace tallfit::infer
