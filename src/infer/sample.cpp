#include "tallfit/infer/sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tallfit/base/progress.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/diagnostics.hpp"

namespace tallfit::infer {

namespace {

constexpr int looks = 10;  ///< at the draws, for a target

/// A chain and its draws since they were last gathered.
struct RunningChain {
  Index number = 0;
  ChainState state;
  Index evaluations = 0;
  std::vector<double> points;       // d x walkers, draw by draw
  std::vector<double> log_density;  // walkers, draw by draw
  std::vector<double> reports;      // acceptance, evaluations, divergence, draw by draw

  void clear() {
    points.clear();
    log_density.clear();
    reports.clear();
  }
};

constexpr Index n_reports = 3;

/// One run of some chains.
class ChainRunner {
public:
  ChainRunner(const LogDensity& density, const Sampler& sampler, const SampleOptions& options)
      : density_(density), sampler_(sampler), options_(options) {}

  RunningChain start(Index number) const {
    // the numbers of a start come before those of step 0: as of a chain's last step of all
    constexpr Index before_all = (Index{1} << 39) - 1;
    RunningChain chain;
    chain.number = number;
    chain.state = start_chain(density_, sampler_, RandomStream(options_.seed, number, before_all));
    return chain;
  }

  void warm_up(RunningChain& chain) const {
    while (chain.state.step < options_.warmup) step(chain);
  }

  void draw(RunningChain& chain, Index draws) const {
    for (Index i = 0; i < draws; ++i) {
      StepReport sum;
      for (Index t = 0; t < options_.thin; ++t) {
        const StepReport one = step(chain);
        sum.acceptance += one.acceptance / static_cast<double>(options_.thin);
        sum.evaluations += one.evaluations;
        sum.diverged = sum.diverged || one.diverged;
      }
      const auto kept = chain.state.points.leftCols(sampler_.walkers).reshaped();
      chain.points.insert(chain.points.end(), kept.begin(), kept.end());
      const auto densities = chain.state.log_density.head(sampler_.walkers);
      chain.log_density.insert(chain.log_density.end(), densities.begin(), densities.end());
      chain.reports.insert(chain.reports.end(),
                           {sum.acceptance, static_cast<double>(sum.evaluations), sum.diverged ? 1.0 : 0.0});
    }
  }

private:
  StepReport step(RunningChain& chain) const {
    RandomStream random(options_.seed, chain.number, chain.state.step);
    const StepReport report = sampler_.step(chain.state, density_, random, options_.warmup);
    ++chain.state.step;
    chain.evaluations += report.evaluations;
    return report;
  }

  const LogDensity& density_;
  const Sampler& sampler_;
  const SampleOptions& options_;
};

/// Which rank runs a chain.
int owner(Index chain, const LogDensity& density, const comm::Communicator& comm) {
  return density.is_collective() ? 0 : static_cast<int>(chain % comm.size());
}

/// Sends the values of the owner to rank 0. @collective
void to_root(std::vector<double>& values, int from, Index size, const comm::Communicator& comm) {
  constexpr int tag = 71;
  if (from == 0) return;
  if (comm.rank() == from) comm::send(comm, std::span<const double>(values), 0, tag);
  if (!comm.is_root()) return;
  values.resize(static_cast<std::size_t>(size));
  comm::receive(comm, std::span<double>(values), from, tag);
}

/// Draws on rank 0, with room for all of them.
class DrawStore {
public:
  DrawStore(const Posterior& posterior, const Sampler& sampler, const SampleOptions& options)
      : posterior_(posterior), walkers_(sampler.walkers) {
    const Index columns = options.chains * walkers_;
    chains_.blocks = posterior.blocks();
    chains_.walkers = walkers_;
    chains_.parameters.assign(parameter_names(chains_.blocks).size(),
                              Eigen::MatrixXd(options.draws, columns));
    chains_.log_density.resize(options.draws, columns);
    for (Eigen::MatrixXd* figures : {&chains_.acceptance, &chains_.evaluations, &chains_.diverged})
      figures->resize(options.draws, options.chains);
  }

  /// Takes draws begin, begin + 1, ... of a chain.
  void take(const RunningChain& chain, Index begin) {
    const Index draws = static_cast<Index>(chain.reports.size()) / n_reports;
    const Eigen::Map<const Eigen::MatrixXd> points(chain.points.data(), posterior_.dimension(),
                                                   draws * walkers_);
    const Eigen::MatrixXd parameters = posterior_.parameters(points);
    const Index column = chain.number * walkers_;
    for (Index i = 0; i < draws; ++i) {
      for (Index w = 0; w < walkers_; ++w) {
        const Index at = i * walkers_ + w;
        for (Index k = 0; k < parameters.rows(); ++k)
          chains_.parameters[static_cast<std::size_t>(k)](begin + i, column + w) = parameters(k, at);
        chains_.log_density(begin + i, column + w) = chain.log_density[static_cast<std::size_t>(at)];
      }
      const double* report = chain.reports.data() + i * n_reports;
      chains_.acceptance(begin + i, chain.number) = report[0];
      chains_.evaluations(begin + i, chain.number) = report[1];
      chains_.diverged(begin + i, chain.number) = report[2];
    }
  }

  /// Summarises the first draws.
  void look(Index draws) {
    std::vector<Eigen::MatrixXd> first;
    for (const Eigen::MatrixXd& values : chains_.parameters) first.emplace_back(values.topRows(draws));
    chains_.summary = summarise(chains_.blocks, first, walkers_);
    chains_.least_ess = std::numeric_limits<double>::infinity();
    chains_.largest_r_hat = 0.0;
    for (const ParameterSummary& of : chains_.summary) {
      chains_.least_ess = std::min({chains_.least_ess, of.ess_bulk, of.ess_tail});
      chains_.largest_r_hat = std::max(chains_.largest_r_hat, of.r_hat);
    }
  }
  double least_ess() const { return chains_.least_ess; }
  double largest_r_hat() const { return chains_.largest_r_hat; }

  /// The first draws alone. The store is empty then.
  Chains release(Index draws) {
    for (Eigen::MatrixXd& values : chains_.parameters) values.conservativeResize(draws, Eigen::NoChange);
    for (Eigen::MatrixXd* values :
         {&chains_.log_density, &chains_.acceptance, &chains_.evaluations, &chains_.diverged})
      values->conservativeResize(draws, Eigen::NoChange);
    return std::move(chains_);
  }

private:
  const Posterior& posterior_;
  Index walkers_;
  Chains chains_;
};

/// Runs local work under the rules of errors; collective densities have errors of all ranks anyway.
void run(const LogDensity& density, const comm::Communicator& comm, const std::function<void()>& work) {
  if (density.is_collective())
    work();
  else
    comm::all_or_none(comm, work);
}

}  // namespace

std::vector<ParameterSummary> summarise(const std::vector<ParameterBlock>& blocks,
                                        const std::vector<Eigen::MatrixXd>& parameters, Index walkers) {
  const std::vector<std::string> names = parameter_names(blocks);
  std::vector<ParameterSummary> summary;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const Eigen::MatrixXd& draws = parameters[k];
    summary.push_back({.name = names[k],
                       .mean = mean(draws),
                       .sd = standard_deviation(draws),
                       .mcse_mean = mcse_mean(draws, walkers),
                       .q5 = quantile(draws, 0.05),
                       .q50 = quantile(draws, 0.5),
                       .q95 = quantile(draws, 0.95),
                       .ess_bulk = ess_bulk(draws, walkers),
                       .ess_tail = ess_tail(draws, walkers),
                       .r_hat = r_hat(draws, walkers),
                       .autocorrelation_time = autocorrelation_time(draws, walkers)});
  }
  return summary;
}

Chains sample(const Posterior& posterior, const Sampler& sampler, const SampleOptions& options,
              const comm::Communicator& comm) {
  comm::require_replicated(comm, options.chains > 0 && options.draws > 0 && options.thin > 0,
                           ErrorKind::input,
                           "sample.chains = {}, sample.draws = {} and sample.thin = {} must all be positive",
                           options.chains, options.draws, options.thin);
  const ChainRunner runner(posterior, sampler, options);
  std::vector<RunningChain> mine;
  run(posterior, comm, [&] {
    for (Index c = 0; c < options.chains; ++c) {
      if (!posterior.is_collective() && owner(c, posterior, comm) != comm.rank()) continue;
      mine.push_back(runner.start(c));
      runner.warm_up(mine.back());
    }
  });
  std::optional<DrawStore> store;
  comm::all_or_none(comm, [&] {
    if (comm.is_root()) store.emplace(posterior, sampler, options);
  });
  const Index round = options.target_ess > 0 ? (options.draws + looks - 1) / looks : options.draws;
  std::vector<double> figures(2);  // least ESS and largest R-hat
  Index done = 0;
  bool reached = false;
  while (done < options.draws && !reached) {
    const Index count = std::min(round, options.draws - done);
    run(posterior, comm, [&] {
      for (RunningChain& chain : mine) runner.draw(chain, count);
    });
    for (Index c = 0; c < options.chains; ++c) {
      const int from = owner(c, posterior, comm);
      const auto held = std::find_if(mine.begin(), mine.end(),
                                     [c](const RunningChain& chain) { return chain.number == c; });
      RunningChain received;
      received.number = c;
      RunningChain& chain = held != mine.end() ? *held : received;
      to_root(chain.points, from, posterior.dimension() * sampler.walkers * count, comm);
      to_root(chain.log_density, from, sampler.walkers * count, comm);
      to_root(chain.reports, from, n_reports * count, comm);
      comm::all_or_none(comm, [&] {
        if (comm.is_root()) store->take(chain, done);
      });
      chain.clear();
    }
    done += count;
    comm::all_or_none(comm, [&] {
      if (!comm.is_root()) return;
      store->look(done);
      figures = {store->least_ess(), store->largest_r_hat()};
    });
    comm::broadcast(comm, std::span(figures), 0);
    reached = options.target_ess > 0 && figures[0] >= options.target_ess;
  }
  Index evaluations = 0;
  for (const RunningChain& chain : mine) evaluations += chain.evaluations;
  if (!posterior.is_collective()) comm::sum_in_place(comm, std::span(&evaluations, 1));
  Chains chains;
  if (comm.is_root()) chains = store->release(done);
  chains.total_evaluations = evaluations;
  chains.least_ess = figures[0];
  chains.largest_r_hat = figures[1];
  chains.reached_target = !(options.target_ess > 0) || reached;
  return chains;
}

}  // namespace tallfit::infer
