/// Advances chains, and saves them.
#pragma once

#include <functional>
#include <vector>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/infer/sample.hpp"

namespace tallfit::infer {

/// A chain and its draws.
struct RunningChain {
  static constexpr Index n_reports = 3;

  Index number = 0;
  ChainState state;
  Index evaluations = 0;
  std::vector<double> points;       ///< d x walkers, draw by draw
  std::vector<double> log_density;  ///< walkers, draw by draw
  std::vector<double> reports;      ///< acceptance, evaluations, divergence, draw by draw

  Index n_draws() const { return static_cast<Index>(reports.size()) / n_reports; }
};

void put_chain(compress::NumberSink& sink, const RunningChain& chain);
RunningChain read_chain(compress::NumberSource& source);

/// The chains of this rank.
class ChainRunner {
public:
  /// @param comm  of all ranks, which run a collective density together
  ChainRunner(const LogDensity& density, const Sampler& sampler, const SampleOptions& options,
              const comm::Communicator& comm, compress::Checkpoint* checkpoint);

  /// Starts the chains, or finds them in the checkpoint. @collective
  void start();
  /// Goes on to the end of warm-up, then to a number of draws of each chain, and saves when it is due.
  /// @collective @throws Error{stopped}
  void advance(Index n_draws);

  /// Its draws; null on ranks that do not have it.
  const RunningChain* find(Index number) const;
  Index total_evaluations() const;

  /// Which rank sends a chain to rank 0.
  int owner(Index number) const;

private:
  void run(const std::function<void()>& work) const;
  RunningChain start(Index number) const;
  void restore();
  void take(RunningChain chain);
  StepReport step(RunningChain& chain) const;
  void draw(RunningChain& chain) const;
  void put(compress::NumberSink& sink) const;
  void save();
  void save_if_due();

  const LogDensity& density_;
  const Sampler& sampler_;
  const SampleOptions& options_;
  const comm::Communicator& comm_;
  compress::Checkpoint* checkpoint_;
  std::vector<RunningChain> chains_;
};

}  // namespace tallfit::infer
