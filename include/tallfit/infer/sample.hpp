/// Runs chains and keeps their draws.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/infer/log_density.hpp"
#include "tallfit/infer/sampler.hpp"

namespace tallfit::infer {

struct SampleOptions {
  Index chains = 4;
  Index warmup = 1000;    ///< steps that are not kept, in which the sampler tunes itself
  Index draws = 1000;     ///< steps that are kept, of each chain
  Index thin = 1;         ///< steps for each draw
  double target_ess = 0;  ///< > 0: ends when all parameters have it, in bulk and tail
  std::uint64_t seed = 0;
};

/// A parameter over all draws.
struct ParameterSummary {
  std::string name;
  double mean = 0.0;
  double sd = 0.0;
  double mcse_mean = 0.0;
  double q5 = 0.0;
  double q50 = 0.0;
  double q95 = 0.0;
  double ess_bulk = 0.0;
  double ess_tail = 0.0;
  double r_hat = 0.0;
  double autocorrelation_time = 0.0;
};

/// Draws of all chains: chain c has columns c walkers, ..., (c + 1) walkers - 1.
struct Chains {
  std::vector<ParameterBlock> blocks;
  std::vector<Eigen::MatrixXd> parameters;      ///< of each: draws x (chains walkers)
  Eigen::MatrixXd log_density;                  ///< draws x (chains walkers)
  Eigen::MatrixXd acceptance;                   ///< draws x chains
  Eigen::MatrixXd evaluations;                  ///< draws x chains: of the density, for each draw
  Eigen::MatrixXd diverged;                     ///< draws x chains: 0 or 1
  std::optional<ParameterBlock> likelihood;     ///< parts of the data, where they are told from the prior
  std::vector<Eigen::MatrixXd> log_likelihood;  ///< of each part: draws x (chains walkers)
  std::vector<ParameterSummary> summary;
  Index walkers = 1;
  Index total_evaluations = 0;  ///< of the density at a point, over all chains and warm-up
  double least_ess = 0.0;       ///< over bulk and tail of all parameters
  double largest_r_hat = 0.0;
  bool reached_target = true;

  Index n_draws() const { return log_density.rows(); }
};

/// Runs the chains: each rank some of them, or, where the density is collective, all ranks all of them.
///
/// Random numbers follow seed, chain and step: the same chains on any number of ranks. With a target_ess it
/// looks at the draws ten times, and ends when they suffice.
/// Cost: what the sampler evaluates. Memory: 8 d draws chains walkers bytes on rank 0, and as much for the
/// chains of each rank.
/// @param checkpoint  where chains are saved, and found again; none: nowhere
/// @throws Error{numerical} where chains find no place to start from, Error{stopped}.   @collective over comm
/// @return on rank 0; elsewhere only total_evaluations, least_ess, largest_r_hat and reached_target
Chains sample(const Posterior& posterior, const Sampler& sampler, const SampleOptions& options,
              const comm::Communicator& comm, compress::Checkpoint* checkpoint = nullptr);

/// S, n x n at most, with S Sᵀ the covariance of the first n parameters over all draws. Cost: 2 n² flops a
/// draw. Local.
Eigen::MatrixXd covariance_factor(const Chains& chains, Index n);

/// Of every parameter. Local.
std::vector<ParameterSummary> summarise(const std::vector<ParameterBlock>& blocks,
                                        const std::vector<Eigen::MatrixXd>& parameters, Index walkers);

}  // namespace tallfit::infer
