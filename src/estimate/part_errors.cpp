#include "part_errors.hpp"

#include <algorithm>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::estimate {

namespace {

using compress::CellKey;

void share_fits(CandidateFits& fits, Index n_numbers, Index n_candidates, int owner,
                const comm::Communicator& comm) {
  if (comm.rank() != owner) {
    fits.models.resize(n_numbers, n_candidates);
    fits.effective_dof.resize(n_candidates);
  }
  comm::broadcast(comm, std::span(fits.models.data(), static_cast<std::size_t>(fits.models.size())), owner);
  comm::broadcast(
      comm, std::span(fits.effective_dof.data(), static_cast<std::size_t>(fits.effective_dof.size())), owner);
  comm::broadcast(comm, fits.unconverged, owner);
}

}  // namespace

std::vector<int> require_parts(const compress::CompressedDesign& design,
                               const design::GroupMultipliers& multipliers, compress::HeldOut by,
                               const comm::Communicator& comm) {
  std::vector<int> parts;
  comm::all_or_none(comm, [&] { parts = compress::held_out_parts(design, multipliers, by); });
  comm::require_replicated(
      comm, parts.size() >= 2, ErrorKind::input,
      "{}: {} of its {} have training rows of positive weight, but cross-validation needs at least two: one "
      "to hold out and one to fit",
      design.name, parts.size(), by == compress::HeldOut::fold ? "folds" : "groups");
  return parts;
}

std::vector<Index> rows_of_parts(const PartedDesign& parted) {
  std::vector<Index> rows(parted.parts.size(), 0);
  for (const compress::Cell& cell : parted.design.cells) {
    if (cell.key.is_test()) continue;
    if (compress::cell_multiplier(parted.design, cell.key, parted.multipliers) == 0.0) continue;
    const auto part =
        std::lower_bound(parted.parts.begin(), parted.parts.end(), compress::part_of(cell.key, parted.by));
    rows[static_cast<std::size_t>(part - parted.parts.begin())] += cell.sums.count;
  }
  return rows;
}

CandidateFits fit_factor(const compress::Factor& factor, Index n_rows, Intercept intercept,
                         const Candidates& candidates) {
  return fit_candidates(make_system(linalg::ProcessGrid::serial(), factor.dense(), n_rows, intercept),
                        candidates);
}

std::vector<ErrorTable> errors_of_part(const PartedDesign& parted, std::size_t part, CandidateFits& fits,
                                       Index n_candidates, int owner, const comm::Communicator& comm) {
  share_fits(fits, parted.design.n_cols() + 2, n_candidates, owner, comm);
  const auto is_held_out = [&](const CellKey& key) {
    return !key.is_test() && compress::part_of(key, parted.by) == parted.parts[part];
  };
  return errors_from_factors(parted.design, parted.multipliers, fits.models, is_held_out, comm);
}

}  // namespace tallfit::estimate
