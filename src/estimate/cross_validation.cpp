#include "tallfit/estimate/cross_validation.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "part_errors.hpp"
#include "team_fits.hpp"

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/grid_system.hpp"

namespace tallfit::estimate {

namespace {

using compress::CellKey;
/// Training rows outside each part.
std::vector<Index> rows_without_part(const PartedDesign& parted) {
  std::vector<Index> rows = rows_of_parts(parted);
  const Index all = std::accumulate(rows.begin(), rows.end(), Index{0});
  for (Index& n : rows) n = all - n;
  return rows;
}

/// Places in the list of the parts that are to be held out, in order.
std::vector<int> places_to_hold_out(const PartedDesign& parted, const std::vector<Index>& hold_out) {
  std::set<int> places;
  for (int place = 0; hold_out.empty() && place < static_cast<int>(parted.parts.size()); ++place)
    places.insert(place);
  for (const Index number : hold_out) {
    const auto at = std::find(parted.parts.begin(), parted.parts.end(), number);
    require(at != parted.parts.end(), ErrorKind::input,
            "{} has no {} {} with training rows of positive weight to hold out; there are {}",
            parted.design.name, parted.by == compress::HeldOut::fold ? "fold" : "group", number,
            fmt::join(parted.parts, ", "));
    places.insert(static_cast<int>(at - parted.parts.begin()));
  }
  return {places.begin(), places.end()};
}

/// Fits without each of some parts, by their place in the list of these, on its owner.
struct FittedParts {
  std::map<int, CandidateFits> fits;
  std::vector<int> owners;
};

FittedParts fit_parts(const PartedDesign& parted, const std::vector<int>& held_out,
                      const Candidates& candidates, const compress::PartFactors& factors,
                      compress::Checkpoint* checkpoint, const comm::Communicator& comm) {
  OwnedFactors training;
  {
    const Phase phase("merge all folds but one");
    training.spread = compress::spread_factors(compress::factors_without_part(factors, comm), factors.owners,
                                               held_out, comm);
  }
  const Phase phase("fit folds");
  const std::vector<Index> rows = rows_without_part(parted);
  for (const int part : held_out) training.rows.push_back(rows[static_cast<std::size_t>(part)]);
  std::vector<int> owners = training.spread.owners;
  return {.fits = fit_in_teams(std::move(training), parted.intercept, candidates, checkpoint, comm),
          .owners = std::move(owners)};
}

/// The same on every rank.
FittedParts fit_parts_on_grid(const PartedDesign& parted, const std::vector<int>& held_out,
                              const Candidates& candidates) {
  const Phase phase("fit folds");
  const std::vector<Index> rows = rows_without_part(parted);
  FittedParts fitted{.fits = {}, .owners = std::vector<int>(held_out.size(), 0)};
  compress::visit_factors_without_part_on_grid(
      parted.design, parted.multipliers, parted.by, parted.parts,
      [&](int part, const linalg::BlockCyclicMatrix& factor) {
        const auto at = std::find(held_out.begin(), held_out.end(), part);
        if (at == held_out.end()) return;
        const Index n_rows = rows[static_cast<std::size_t>(part)];
        fitted.fits.emplace(static_cast<int>(at - held_out.begin()),
                            fit_candidates(make_system(factor, n_rows, parted.intercept), candidates));
      });
  return fitted;
}

}  // namespace

ErrorTable CrossValidation::total(Index candidate) const {
  ErrorTable all;
  for (const ErrorTable& part : errors[static_cast<std::size_t>(candidate)])
    for (const auto& [key, sums] : part) all[key].add(sums);
  return all;
}

CrossValidation cross_validate(const compress::CompressedDesign& design,
                               const design::GroupMultipliers& multipliers, const Candidates& candidates,
                               const Validation& how, const comm::Communicator& comm) {
  const PartedDesign parted{.design = design,
                            .multipliers = multipliers,
                            .by = how.by,
                            .parts = require_parts(design, multipliers, how.by, comm),
                            .intercept = how.intercept};
  std::vector<int> held_out;
  comm::all_or_none(comm, [&] { held_out = places_to_hold_out(parted, how.hold_out); });
  FittedParts fitted;
  if (design.on_grid()) {
    fitted = fit_parts_on_grid(parted, held_out, candidates);
  } else {
    const compress::PartFactors factors = [&] {
      const Phase phase("merge cells of folds");
      return compress::factors_of_parts(design, multipliers, how.by, parted.parts, comm);
    }();
    fitted = fit_parts(parted, held_out, candidates, factors, how.checkpoint, comm);
  }
  const Phase phase("errors of folds");
  CrossValidation result;
  result.by = how.by;
  result.n_parts = static_cast<Index>(parted.parts.size());
  result.errors.resize(candidates.options.size());
  result.effective_dof.resize(candidates.size(), static_cast<Index>(held_out.size()));
  for (std::size_t i = 0; i < held_out.size(); ++i) {
    const auto part = static_cast<std::size_t>(held_out[i]);
    CandidateFits of_part = std::move(fitted.fits[static_cast<int>(i)]);
    const auto tables = errors_of_part(parted, part, of_part, candidates.size(), fitted.owners[i], comm);
    for (std::size_t c = 0; c < tables.size(); ++c) result.errors[c].push_back(tables[c]);
    result.effective_dof.col(static_cast<Index>(i)) = of_part.effective_dof;
    result.parts.push_back(parted.parts[part]);
    result.n_unconverged += static_cast<Index>(of_part.unconverged.size());
  }
  return result;
}

Score score(const std::vector<ErrorTable>& parts, int row_type) {
  std::vector<double> means;
  Score result;
  for (const ErrorTable& part : parts) {
    Index count = 0;
    double squares = 0.0;
    for (const auto& [key, sums] : part) {
      if (row_type != compress::CellKey::any && key.row_type != row_type) continue;
      count += sums.targets.count;
      squares += sums.weighted_squares;
    }
    if (count == 0) continue;
    means.push_back(squares / static_cast<double>(count));
    result.count += count;
  }
  const auto n = static_cast<double>(means.size());
  for (const double mean : means) result.mean_square += mean / n;
  double spread = 0.0;
  for (const double mean : means) spread += (mean - result.mean_square) * (mean - result.mean_square);
  result.standard_error =
      means.size() > 1 ? std::sqrt(spread / (n - 1.0) / n) : std::numeric_limits<double>::quiet_NaN();
  return result;
}

std::vector<int> row_types_of(const std::vector<ErrorTable>& parts) {
  std::set<int> types;
  for (const ErrorTable& part : parts)
    for (const auto& [key, sums] : part)
      if (key.row_type != compress::CellKey::any) types.insert(key.row_type);
  return {types.begin(), types.end()};
}

Choice choose(const std::vector<Score>& scores, const Eigen::VectorXd& effective_dof) {
  Choice choice;
  const auto mean = [&](Index i) { return scores[static_cast<std::size_t>(i)].mean_square; };
  const auto n = static_cast<Index>(scores.size());
  for (Index i = 1; i < n; ++i)
    if (mean(i) < mean(choice.best)) choice.best = i;
  const double allowed = mean(choice.best) + scores[static_cast<std::size_t>(choice.best)].standard_error;
  choice.one_standard_error = choice.best;
  for (Index i = 0; i < n; ++i)
    if (mean(i) <= allowed && effective_dof(i) < effective_dof(choice.one_standard_error))
      choice.one_standard_error = i;
  return choice;
}

Choice choose(const CrossValidation& validation) {
  std::vector<Score> scores;
  for (const std::vector<ErrorTable>& parts : validation.errors) scores.push_back(score(parts));
  return choose(scores, validation.effective_dof.rowwise().mean());
}

}  // namespace tallfit::estimate
