#include "tallfit/compress/compressed_design.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "training_cells.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/factor_tree.hpp"

namespace tallfit::compress {

using design::GroupMultipliers;

namespace {

/// Largest entry that this rank holds of a cell's factor; over the ranks the size of its heaviest direction
/// to within a factor of K, for ordering only.
double size_of(const Cell& cell) {
  double size = 0.0;
  if (cell.dealt && cell.dealt->local().size() > 0) size = cell.dealt->local().cwiseAbs().maxCoeff();
  for (const Factor::Part& part : cell.factor.parts())
    for (const double x : *part.values) size = std::max(size, std::abs(x * part.scale));
  return size;
}

/// The multipliers of all (group, row type) pairs that a key covers, if they agree.
std::optional<double> common_multiplier(const CellKey& key, const GroupMultipliers& multipliers) {
  std::optional<double> common;
  for (std::size_t group = 0; group < multipliers.size(); ++group) {
    if (key.group != CellKey::any && static_cast<int>(group) != key.group) continue;
    for (int type = 0; type < design::n_row_types; ++type) {
      if (key.row_type != CellKey::any && type != key.row_type) continue;
      const double one = multipliers[group][static_cast<std::size_t>(type)];
      if (common && *common != one) return std::nullopt;
      common = one;
    }
  }
  return common;
}

}  // namespace

CompressedDesign describe_design(const design::DesignInfo& info, const RowLayout& layout,
                                 const CellPlan& plan) {
  CompressedDesign design{.name = info.name,
                          .group_names = info.group_names,
                          .column_names = info.column_names,
                          .snap = info.snap,
                          .n_rows = layout.n_rows,
                          .n_configurations = layout.n_configurations,
                          .n_folds = layout.n_folds,
                          .seed = layout.seed,
                          .parts = plan.parts,
                          .cells = {}};
  for (std::size_t i = 0; i < plan.cells.size(); ++i)
    design.cells.push_back({.key = plan.cells[i], .sums = plan.sums[i], .home = 0, .factor = Factor()});
  return design;
}

std::uint64_t fingerprint(const std::vector<std::string>& column_names) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  const auto mix = [&](unsigned char byte) { hash = (hash ^ byte) * 1099511628211U; };
  for (const std::string& name : column_names) {
    for (const char c : name) mix(static_cast<unsigned char>(c));
    mix(0);
  }
  return hash;
}

GroupMultipliers group_multipliers(const std::vector<std::string>& group_names,
                                   const std::map<std::string, double>& weights) {
  GroupMultipliers multipliers(group_names.size());
  for (auto& row : multipliers) row.fill(1.0);
  // Rank of the name that set an entry: "*.type" < "group" < "group.type".
  std::vector<std::array<int, design::n_row_types>> exactness(group_names.size());
  for (const auto& [name, value] : weights) {
    require(value >= 0.0 && std::isfinite(value), ErrorKind::input,
            "fit.weights: '{}' = {} must be finite and at least 0", name, value);
    bool matched = false;
    for (std::size_t group = 0; group < group_names.size(); ++group) {
      for (int type = 0; type < design::n_row_types; ++type) {
        const auto at = static_cast<std::size_t>(type);
        const std::string suffix = fmt::format(".{}", design::to_string(static_cast<design::RowType>(type)));
        int rank = 0;
        if (name == "*" + suffix) rank = 1;
        if (name == group_names[group]) rank = 2;
        if (name == group_names[group] + suffix) rank = 3;
        if (rank == 0) continue;
        matched = true;
        if (rank < exactness[group][at]) continue;
        exactness[group][at] = rank;
        multipliers[group][at] = value;
      }
    }
    require(matched, ErrorKind::input,
            "fit.weights: '{}' names no group. Write \"group\", \"group.row_type\" or \"*.row_type\" with "
            "one of the "
            "groups {} and row types energy, force, stress, other",
            name, fmt::join(group_names, ", "));
  }
  return multipliers;
}

double cell_multiplier(const CompressedDesign& design, const CellKey& key,
                       const GroupMultipliers& multipliers) {
  const std::optional<double> common = common_multiplier(key, multipliers);
  require(common.has_value(), ErrorKind::input,
          "{}: fit.weights tell groups or row types apart that its cells ({}) do not. Compress again with "
          "compress.cells = [\"group\", \"row_type\"], or fit from the design file",
          design.name, to_string(design.parts));
  return *common;
}

Index count_training_rows(const CompressedDesign& design, const GroupMultipliers& multipliers) {
  Index rows = 0;
  for (const Cell& cell : design.cells) {
    if (!cell.key.is_test() && cell_multiplier(design, cell.key, multipliers) > 0.0) rows += cell.sums.count;
  }
  return rows;
}

std::vector<TrainingCell> training_cells(const CompressedDesign& design, const comm::Communicator& comm,
                                         const GroupMultipliers& multipliers) {
  std::vector<double> scale(design.cells.size());
  comm::all_or_none(comm, [&] {
    for (std::size_t i = 0; i < scale.size(); ++i)
      scale[i] = cell_multiplier(design, design.cells[i].key, multipliers);
  });
  std::vector<double> sizes(scale.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = size_of(design.cells[i]) * scale[i];
  comm::max_in_place(comm, sizes);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (!design.cells[i].key.is_test() && scale[i] != 0.0) order.push_back(i);
  }
  comm::require_replicated(comm, !order.empty(), ErrorKind::input,
                           "{}: no training rows of positive weight are left; there is nothing to fit",
                           design.name);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  std::vector<TrainingCell> cells;
  cells.reserve(order.size());
  for (const std::size_t i : order)
    cells.push_back({.cell = design.cells[i], .multiplier = scale[i], .size = sizes[i]});
  return cells;
}

Factor merge_training_cells(const CompressedDesign& design, const comm::Communicator& comm,
                            const GroupMultipliers& multipliers) {
  TreePieces pieces;
  std::vector<int> owners;
  for (const auto& [cell, multiplier, size] : training_cells(design, comm, multipliers)) {
    const auto position = static_cast<Index>(owners.size());
    owners.push_back(cell.home);
    if (cell.home == comm.rank()) pieces[{0, 0, position}] = scaled(cell.factor, multiplier);
  }
  std::map<Index, Factor> root = reduce_over_tree(comm, owners, 1, std::move(pieces));
  return move_to_root(comm, root.empty() ? Factor(design.n_cols() + 2) : std::move(root.at(0)),
                      root_owners(owners, 1).front());
}

}  // namespace tallfit::compress
