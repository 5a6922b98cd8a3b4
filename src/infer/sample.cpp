#include "tallfit/infer/sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "chain_runner.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/diagnostics.hpp"
#include "tallfit/infer/upper_factor.hpp"

namespace tallfit::infer {

namespace {

constexpr int looks = 10;  ///< at the draws, for a target

/// Draws of one chain, as ranks send them to each other.
struct ChainPart {
  std::vector<double> points, log_density, reports;

  Index n_draws() const { return static_cast<Index>(reports.size()) / RunningChain::n_reports; }
};

std::vector<double> slice(const std::vector<double>& draws, Index n_all, Index begin, Index end) {
  const auto size = static_cast<Index>(draws.size()) / std::max<Index>(n_all, 1);  // of a draw
  return {draws.begin() + begin * size, draws.begin() + end * size};
}

/// Draws [begin, end) of a chain.
ChainPart part_of(const RunningChain& chain, Index begin, Index end) {
  const Index n = chain.n_draws();
  return {.points = slice(chain.points, n, begin, end),
          .log_density = slice(chain.log_density, n, begin, end),
          .reports = slice(chain.reports, n, begin, end)};
}

/// Sends the part of the owner to rank 0. @collective
void to_root(ChainPart& part, int from, const comm::Communicator& comm) {
  if (from == 0) return;
  constexpr int tag = 71;
  for (std::vector<double>* values : {&part.points, &part.log_density, &part.reports}) {
    auto size = static_cast<Index>(values->size());
    if (comm.rank() == from) {
      comm::send(comm, std::span<const Index>(&size, 1), 0, tag);
      comm::send(comm, std::span<const double>(*values), 0, tag);
    }
    if (!comm.is_root()) continue;
    comm::receive(comm, std::span(&size, 1), from, tag);
    values->resize(static_cast<std::size_t>(size));
    comm::receive(comm, std::span(*values), from, tag);
  }
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
    chains_.likelihood = posterior.likelihood_block();
    if (chains_.likelihood)
      chains_.log_likelihood.assign(static_cast<std::size_t>(chains_.likelihood->size()),
                                    Eigen::MatrixXd(options.draws, columns));
    for (Eigen::MatrixXd* figures : {&chains_.acceptance, &chains_.evaluations, &chains_.diverged})
      figures->resize(options.draws, options.chains);
  }

  /// Takes draws begin, begin + 1, ... of a chain.
  void take(Index number, const ChainPart& chain, Index begin) {
    const Index draws = chain.n_draws();
    const Eigen::Map<const Eigen::MatrixXd> points(chain.points.data(), posterior_.dimension(),
                                                   draws * walkers_);
    const Eigen::MatrixXd parameters = posterior_.parameters(points);
    const Eigen::MatrixXd likelihoods = posterior_.log_likelihoods(
        points, Eigen::Map<const Eigen::VectorXd>(chain.log_density.data(), draws * walkers_));
    const Index column = number * walkers_;
    for (Index i = 0; i < draws; ++i) {
      for (Index w = 0; w < walkers_; ++w) {
        const Index at = i * walkers_ + w;
        for (Index k = 0; k < parameters.rows(); ++k)
          chains_.parameters[static_cast<std::size_t>(k)](begin + i, column + w) = parameters(k, at);
        for (std::size_t k = 0; k < chains_.log_likelihood.size(); ++k)
          chains_.log_likelihood[k](begin + i, column + w) = likelihoods(static_cast<Index>(k), at);
        chains_.log_density(begin + i, column + w) = chain.log_density[static_cast<std::size_t>(at)];
      }
      const double* report = chain.reports.data() + i * RunningChain::n_reports;
      chains_.acceptance(begin + i, number) = report[0];
      chains_.evaluations(begin + i, number) = report[1];
      chains_.diverged(begin + i, number) = report[2];
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
    for (auto* all : {&chains_.parameters, &chains_.log_likelihood})
      for (Eigen::MatrixXd& values : *all) values.conservativeResize(draws, Eigen::NoChange);
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

}  // namespace

Eigen::MatrixXd covariance_factor(const Chains& chains, Index n) {
  const Index n_draws = chains.n_draws();
  const Index columns = chains.log_density.cols();
  Eigen::MatrixXd factor(0, n);
  for (Index c = 0; c < columns; ++c) {
    Eigen::MatrixXd rows(factor.rows() + n_draws, n);
    rows.topRows(factor.rows()) = factor;
    for (Index k = 0; k < n; ++k) {
      const auto at = static_cast<std::size_t>(k);
      rows.col(k).tail(n_draws) = chains.parameters[at].col(c).array() - chains.summary[at].mean;
    }
    factor = upper_factor(rows);
  }
  return factor.transpose() / std::sqrt(static_cast<double>(n_draws * columns) - 1.0);
}

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
              const comm::Communicator& comm, compress::Checkpoint* checkpoint) {
  comm::require_replicated(comm, options.chains > 0 && options.draws > 0 && options.thin > 0,
                           ErrorKind::input,
                           "sample.chains = {}, sample.draws = {} and sample.thin = {} must all be positive",
                           options.chains, options.draws, options.thin);
  ChainRunner runner(posterior, sampler, options, comm, checkpoint);
  runner.start();
  std::optional<DrawStore> store;
  comm::all_or_none(comm, [&] {
    if (comm.is_root()) store.emplace(posterior, sampler, options);
  });
  const Index round = options.target_ess > 0 ? (options.draws + looks - 1) / looks : options.draws;
  std::vector<double> figures(2);  // least ESS and largest R-hat
  Index done = 0;
  bool reached = false;
  while (done < options.draws && !reached) {
    const Index end = std::min(done + round, options.draws);
    runner.advance(end);
    for (Index c = 0; c < options.chains; ++c) {
      ChainPart part;
      if (comm.rank() == runner.owner(c)) part = part_of(*runner.find(c), done, end);
      to_root(part, runner.owner(c), comm);
      comm::all_or_none(comm, [&] {
        if (comm.is_root()) store->take(c, part, done);
      });
    }
    done = end;
    comm::all_or_none(comm, [&] {
      if (!comm.is_root()) return;
      store->look(done);
      figures = {store->least_ess(), store->largest_r_hat()};
    });
    comm::broadcast(comm, std::span(figures), 0);
    reached = options.target_ess > 0 && figures[0] >= options.target_ess;
  }
  Index evaluations = runner.total_evaluations();
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
