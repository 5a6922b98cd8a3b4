#include "team_fits.hpp"

#include <algorithm>
#include <utility>

#include "part_errors.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::estimate {

namespace {

/// The candidates of one rank of a team: every size-th.
std::vector<Index> shared_out(const Candidates& candidates, int rank, int size) {
  std::vector<Index> mine;
  for (Index i = rank; i < candidates.size(); i += size) mine.push_back(i);
  return mine;
}

Candidates picked(const Candidates& candidates, const std::vector<Index>& list) {
  Candidates some{.estimator = candidates.estimator, .options = {}};
  for (const Index i : list) some.options.push_back(candidates.options[static_cast<std::size_t>(i)]);
  return some;
}

constexpr std::string_view saved_fits = "cv";

void put_fits(compress::NumberSink& sink, const std::map<int, CandidateFits>& fits) {
  sink.put(static_cast<Index>(fits.size()));
  for (const auto& [number, of_factor] : fits) {
    sink.put(Index{number});
    sink.put(of_factor.models);
    sink.put(Eigen::MatrixXd(of_factor.effective_dof));
    sink.put(Eigen::MatrixXd(of_factor.log_evidence));
    const std::vector<double> unconverged(of_factor.unconverged.begin(), of_factor.unconverged.end());
    sink.put(std::span<const double>(unconverged));
  }
}

/// Takes those of this rank's factors.
void read_fits(compress::NumberSource& source, const OwnedFactors& owned,
               std::map<int, CandidateFits>& fits) {
  for (Index left = source.index(); left > 0; --left) {
    const auto number = static_cast<int>(source.index());
    CandidateFits of_factor;
    of_factor.models = source.matrix();
    of_factor.effective_dof = source.matrix();
    of_factor.log_evidence = source.matrix();
    const std::vector<double> unconverged = source.numbers();
    of_factor.unconverged.assign(unconverged.begin(), unconverged.end());
    if (owned.spread.factors.contains(number)) fits.emplace(number, std::move(of_factor));
  }
}

/// @collective
void restore_fits(compress::Checkpoint* checkpoint, const OwnedFactors& owned, const comm::Communicator& comm,
                  std::map<int, CandidateFits>& fits) {
  if (checkpoint == nullptr) return;
  comm::all_or_none(comm, [&] {
    checkpoint->restore(saved_fits, [&](compress::NumberSource& source) { read_fits(source, owned, fits); });
    if (!fits.empty())
      checkpoint->save(saved_fits, [&](compress::NumberSink& sink) { put_fits(sink, fits); });
  });
  comm::all_or_none(comm, [&] {
    if (comm.is_root()) checkpoint->forget_earlier(saved_fits);
  });
}

/// Puts together what each rank of a team has found; the same on all of them. @collective over the team
CandidateFits gathered(const CandidateFits& mine, const Candidates& candidates,
                       const comm::Communicator& team) {
  const Index n = mine.models.rows();
  const auto values_of = [&](const auto& values) {
    return comm::all_gather(team, std::vector<double>(values.begin(), values.end()));
  };
  const std::vector<double> models = values_of(mine.models.reshaped());
  const std::vector<double> dof = values_of(mine.effective_dof);
  const std::vector<double> evidence = values_of(mine.log_evidence);
  const std::vector<Index> own = shared_out(candidates, team.rank(), team.size());
  std::vector<Index> unconverged;
  for (const Index i : mine.unconverged) unconverged.push_back(own[static_cast<std::size_t>(i)]);
  CandidateFits all;
  all.models.resize(n, candidates.size());
  all.effective_dof.resize(candidates.size());
  all.log_evidence.resize(candidates.size());
  all.unconverged = comm::all_gather(team, unconverged);
  std::sort(all.unconverged.begin(), all.unconverged.end());
  std::size_t at = 0;
  for (int rank = 0; rank < team.size(); ++rank) {
    for (const Index i : shared_out(candidates, rank, team.size())) {
      all.models.col(i) = Eigen::Map<const Eigen::VectorXd>(models.data() + static_cast<Index>(at) * n, n);
      all.effective_dof(i) = dof[at];
      all.log_evidence(i) = evidence[at];
      ++at;
    }
  }
  return all;
}

}  // namespace

std::map<int, CandidateFits> fit_in_teams(OwnedFactors owned, Intercept intercept,
                                          const Candidates& candidates, compress::Checkpoint* checkpoint,
                                          const comm::Communicator& comm) {
  const bool has_teams = comm.size() > static_cast<int>(owned.spread.owners.size()) &&
                         candidates.size() > 1 && !share_work(candidates);
  std::map<int, CandidateFits> fits;
  if (!has_teams) {
    restore_fits(checkpoint, owned, comm, fits);
    comm::all_or_none(comm, [&] {
      for (auto& [number, factor] : owned.spread.factors) {
        if (fits.contains(number)) continue;
        fits.emplace(number, fit_factor(std::exchange(factor, compress::Factor()),
                                        owned.rows[static_cast<std::size_t>(number)], intercept, candidates));
        compress::save_if_due(checkpoint, saved_fits,
                              [&](compress::NumberSink& sink) { put_fits(sink, fits); });
      }
    });
    return fits;
  }
  // One factor for each owner: the last owner that is not above this rank leads its team.
  const std::vector<int>& owners = owned.spread.owners;
  const auto next = std::upper_bound(owners.begin(), owners.end(), comm.rank());
  const int number = static_cast<int>(next - owners.begin()) - 1;
  const comm::Communicator team = comm.split(number);
  std::vector<double> values;
  Index is_triangular = 0;
  Index n_cols = 0;
  if (team.is_root()) {
    const compress::Factor& factor = owned.spread.factors.at(number);
    values = *factor.values();
    is_triangular = factor.is_triangular() ? 1 : 0;
    n_cols = factor.n_cols();
  }
  comm::broadcast(team, std::span(&is_triangular, 1), 0);
  comm::broadcast(team, std::span(&n_cols, 1), 0);
  comm::broadcast(team, values, 0);
  CandidateFits mine;
  comm::all_or_none(comm, [&] {
    const compress::Factor factor = is_triangular == 1
                                        ? compress::Factor::of_triangle(n_cols, std::move(values))
                                        : compress::Factor::of_rows(n_cols, std::move(values));
    mine = fit_factor(factor, owned.rows[static_cast<std::size_t>(number)], intercept,
                      picked(candidates, shared_out(candidates, team.rank(), team.size())));
  });
  CandidateFits all = gathered(mine, candidates, team);
  if (team.is_root()) fits.emplace(number, std::move(all));
  return fits;
}

}  // namespace tallfit::estimate
