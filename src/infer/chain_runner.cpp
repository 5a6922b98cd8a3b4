#include "chain_runner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tallfit/base/stop_signals.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::infer {

namespace {

constexpr std::string_view sample_stage = "sample";

void put_tuning(compress::NumberSink& sink, const Tuning& tuning) {
  for (const double number :
       {tuning.log_step, tuning.log_step_mean, tuning.mean_error, tuning.averaging_centre})
    sink.put(number);
  sink.put(tuning.count);
  sink.put(tuning.n_moments);
  for (const Eigen::MatrixXd& matrix : {Eigen::MatrixXd(tuning.mean), tuning.scatter, tuning.scale,
                                        tuning.archive, Eigen::MatrixXd(tuning.log_gaps)})
    sink.put(matrix);
}

Tuning read_tuning(compress::NumberSource& source) {
  Tuning tuning;
  for (double* number :
       {&tuning.log_step, &tuning.log_step_mean, &tuning.mean_error, &tuning.averaging_centre})
    *number = source.number();
  tuning.count = source.index();
  tuning.n_moments = source.index();
  tuning.mean = source.matrix();
  tuning.scatter = source.matrix();
  tuning.scale = source.matrix();
  tuning.archive = source.matrix();
  tuning.log_gaps = source.matrix();
  return tuning;
}

}  // namespace

void put_chain(compress::NumberSink& sink, const RunningChain& chain) {
  sink.put(chain.number);
  sink.put(chain.state.step);
  sink.put(chain.state.points);
  sink.put(Eigen::MatrixXd(chain.state.log_density));
  put_tuning(sink, chain.state.tuning);
  sink.put(chain.evaluations);
  for (const std::vector<double>* draws : {&chain.points, &chain.log_density, &chain.reports})
    sink.put(std::span<const double>(*draws));
}

RunningChain read_chain(compress::NumberSource& source) {
  RunningChain chain;
  chain.number = source.index();
  chain.state.step = source.index();
  chain.state.points = source.matrix();
  chain.state.log_density = source.matrix();
  chain.state.tuning = read_tuning(source);
  chain.evaluations = source.index();
  for (std::vector<double>* draws : {&chain.points, &chain.log_density, &chain.reports})
    *draws = source.numbers();
  return chain;
}

ChainRunner::ChainRunner(const LogDensity& density, const Sampler& sampler, const SampleOptions& options,
                         const comm::Communicator& comm, compress::Checkpoint* checkpoint)
    : density_(density), sampler_(sampler), options_(options), comm_(comm), checkpoint_(checkpoint) {}

int ChainRunner::owner(Index number) const {
  return density_.is_collective() ? 0 : static_cast<int>(number % comm_.size());
}

const RunningChain* ChainRunner::find(Index number) const {
  const auto found = std::find_if(chains_.begin(), chains_.end(),
                                  [number](const RunningChain& chain) { return chain.number == number; });
  return found == chains_.end() ? nullptr : &*found;
}

Index ChainRunner::total_evaluations() const {
  Index sum = 0;
  for (const RunningChain& chain : chains_) sum += chain.evaluations;
  return sum;
}

RunningChain ChainRunner::start(Index number) const {
  // the numbers of a start come before those of step 0: as of a chain's last step of all
  constexpr Index before_all = (Index{1} << 39) - 1;
  RunningChain chain;
  chain.number = number;
  chain.state = start_chain(density_, sampler_, RandomStream(options_.seed, number, before_all));
  return chain;
}

void ChainRunner::start() {
  if (checkpoint_ != nullptr) restore();
  const auto work = [&] {
    for (Index c = 0; c < options_.chains; ++c) {
      if (!density_.is_collective() && owner(c) != comm_.rank()) continue;
      if (find(c) == nullptr) chains_.push_back(start(c));
    }
  };
  run(work);
}

/// Local work under the rules of errors; a collective density has the errors of all ranks anyway.
void ChainRunner::run(const std::function<void()>& work) const {
  if (density_.is_collective())
    work();
  else
    comm::all_or_none(comm_, work);
}

/// Of a chain that several runs saved, the one with the most steps.
void ChainRunner::restore() {
  comm::all_or_none(comm_, [&] {
    checkpoint_->restore(sample_stage, [&](compress::NumberSource& source) {
      const Index n_chains = source.index();
      for (Index i = 0; i < n_chains; ++i) take(read_chain(source));
    });
  });
  std::array<Index, 1> found = {static_cast<Index>(chains_.size())};
  comm::max_in_place(comm_, std::span(found));
  if (found[0] == 0) return;
  save();
  comm::all_or_none(comm_, [&] {
    if (comm_.is_root()) checkpoint_->forget_earlier(sample_stage);
  });
}

void ChainRunner::take(RunningChain chain) {
  if (!density_.is_collective() && owner(chain.number) != comm_.rank()) return;
  const RunningChain* known = find(chain.number);
  if (known != nullptr && known->state.step >= chain.state.step) return;
  std::erase_if(chains_, [&](const RunningChain& old) { return old.number == chain.number; });
  chains_.push_back(std::move(chain));
}

StepReport ChainRunner::step(RunningChain& chain) const {
  RandomStream random(options_.seed, chain.number, chain.state.step);
  const StepReport report = sampler_.step(chain.state, density_, random, options_.warmup);
  ++chain.state.step;
  chain.evaluations += report.evaluations;
  return report;
}

void ChainRunner::draw(RunningChain& chain) const {
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

void ChainRunner::advance(Index n_draws) {
  run([&] {
    for (RunningChain& chain : chains_) {
      while (chain.state.step < options_.warmup) {
        step(chain);
        save_if_due();
      }
      while (chain.n_draws() < n_draws) {
        draw(chain);
        save_if_due();
      }
    }
  });
}

/// Ranks that step together save and stop together.
void ChainRunner::save_if_due() {
  if (checkpoint_ == nullptr) return;
  if (!density_.is_collective())
    return compress::save_if_due(checkpoint_, sample_stage, [&](compress::NumberSink& sink) { put(sink); });
  std::array<Index, 2> asked = {checkpoint_->is_due() ? 1 : 0, stop_requested() ? 1 : 0};
  comm::max_in_place(comm_, std::span(asked));
  if (asked[0] == 0) return;
  save();
  comm::all_or_none(comm_, [&] { compress::stop_if(asked[1] != 0); });
}

void ChainRunner::save() {
  comm::all_or_none(comm_, [&] {
    if (density_.is_collective() && !comm_.is_root()) return;
    checkpoint_->save(sample_stage, [&](compress::NumberSink& sink) { put(sink); });
  });
}

void ChainRunner::put(compress::NumberSink& sink) const {
  sink.put(static_cast<Index>(chains_.size()));
  for (const RunningChain& chain : chains_) put_chain(sink, chain);
}

}  // namespace tallfit::infer
