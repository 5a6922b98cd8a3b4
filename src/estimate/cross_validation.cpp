#include "tallfit/estimate/cross_validation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "tallfit/base/phase.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::estimate {

namespace {

using compress::CellKey;
using compress::HeldOut;

/// Training rows outside a part.
Index rows_without(const compress::CompressedDesign& design, const design::GroupMultipliers& multipliers,
                   HeldOut by, int part) {
  Index rows = 0;
  for (const compress::Cell& cell : design.cells) {
    if (cell.key.is_test() || compress::part_of(cell.key, by) == part) continue;
    if (compress::cell_multiplier(design, cell.key, multipliers) > 0.0) rows += cell.sums.count;
  }
  return rows;
}

std::map<int, CandidateFits> fit_parts(const compress::CompressedDesign& design,
                                       const design::GroupMultipliers& multipliers,
                                       const Candidates& candidates, const Validation& how,
                                       const std::vector<int>& parts,
                                       const compress::PartFactors& factors, const comm::Communicator& comm) {
  std::map<int, compress::Factor> training;
  {
    const Phase phase("merge all folds but one");
    training = compress::factors_without_part(factors, comm);
  }
  const Phase phase("fit folds");
  std::map<int, CandidateFits> fits;
  comm::all_or_none(comm, [&] {
    for (auto& [part, factor] : training) {
      const Index n_rows = rows_without(design, multipliers, how.by, parts[static_cast<std::size_t>(part)]);
      const LeastSquaresSystem system =
          make_system(linalg::ProcessGrid::serial(), factor.dense(), n_rows, how.intercept);
      factor = compress::Factor();
      fits.emplace(part, fit_candidates(system, candidates));
    }
  });
  return fits;
}

/// What other ranks need of the fits of one part.
void share(CandidateFits& fits, Index n_rows, Index n_candidates, int owner, const comm::Communicator& comm) {
  if (comm.rank() != owner) {
    fits.models.resize(n_rows, n_candidates);
    fits.effective_dof.resize(n_candidates);
  }
  comm::broadcast(comm, std::span(fits.models.data(), static_cast<std::size_t>(fits.models.size())), owner);
  comm::broadcast(
      comm, std::span(fits.effective_dof.data(), static_cast<std::size_t>(fits.effective_dof.size())), owner);
  comm::broadcast(comm, fits.unconverged, owner);
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
  CrossValidation result;
  result.by = how.by;
  comm::all_or_none(
      comm, [&] { result.parts = compress::held_out_parts(design, multipliers, how.by); });
  const std::vector<int>& parts = result.parts;
  const char* what = how.by == HeldOut::fold ? "folds" : "groups";
  comm::require_replicated(comm, parts.size() >= 2, ErrorKind::input,
                           "{}: {} of its {} have training rows of positive weight, but cross-validation needs "
                           "at least two: one to hold out and one to fit",
                           design.name, parts.size(), what);
  const compress::PartFactors factors = [&] {
    const Phase phase("merge cells of folds");
    return compress::factors_of_parts(design, multipliers, how.by, parts, comm);
  }();
  std::map<int, CandidateFits> fits =
      fit_parts(design, multipliers, candidates, how, parts, factors, comm);
  const Phase phase("errors of folds");
  result.errors.resize(candidates.options.size());
  result.effective_dof.resize(candidates.size(), static_cast<Index>(parts.size()));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    CandidateFits& of_part = fits[static_cast<int>(i)];
    share(of_part, design.n_cols() + 2, candidates.size(), factors.owners[i], comm);
    const auto takes = [&](const CellKey& key) {
      return !key.is_test() && compress::part_of(key, how.by) == parts[i];
    };
    const std::vector<ErrorTable> tables =
        errors_from_factors(design, multipliers, of_part.models, takes, comm);
    for (std::size_t c = 0; c < tables.size(); ++c) result.errors[c].push_back(tables[c]);
    result.effective_dof.col(static_cast<Index>(i)) = of_part.effective_dof;
    result.n_unconverged += static_cast<Index>(of_part.unconverged.size());
    of_part = {};
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
      if (row_type != CellKey::any && key.row_type != row_type) continue;
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
      if (key.row_type != CellKey::any) types.insert(key.row_type);
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
