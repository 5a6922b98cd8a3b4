#include "tallfit/infer/coverage.hpp"

#include <cmath>
#include <limits>

#include "tallfit/comm/exchange.hpp"
#include "tallfit/infer/special_functions.hpp"

namespace tallfit::infer {

void CoverageSums::add(const CoverageSums& other) {
  count += other.count;
  for (std::size_t l = 0; l < covered.size(); ++l) covered[l] += other.covered[l];
  squares += other.squares;
}

CoverageVisitor::CoverageVisitor(const std::vector<Uncertainty>& uncertainties) {
  for (const Uncertainty& of : uncertainties) {
    auto& widths = widths_.emplace_back();
    for (std::size_t l = 0; l < widths.size(); ++l) widths[l] = central_quantile(coverage_levels[l], of.dof);
  }
}

void CoverageVisitor::add(const RowPredictions& rows) {
  for (std::size_t u = 0; u < widths_.size(); ++u) {
    const std::span<const double> deviation = rows.deviation(u);
    for (std::size_t i = 0; i < deviation.size(); ++i) {
      if (rows.scale[i] == 0.0 || !(deviation[i] > 0.0) || !std::isfinite(deviation[i])) continue;
      const compress::CellKey& cell = rows.keys[i];
      const double standardised = std::abs(rows.residual[i]) / deviation[i];
      CoverageSums& sums =
          leaf_[{.rows = {.group = cell.group, .row_type = cell.row_type, .test = cell.is_test()},
                 .uncertainty = static_cast<Index>(u)}];
      ++sums.count;
      for (std::size_t l = 0; l < coverage_levels.size(); ++l)
        if (standardised <= widths_[u][l]) ++sums.covered[l];
      sums.squares += standardised * standardised;
    }
  }
  if (rows.envelope.cols() > 0) add_envelope(rows);
}

void CoverageVisitor::add_envelope(const RowPredictions& rows) {
  for (Index i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (rows.scale[at] == 0.0) continue;
    const compress::CellKey& cell = rows.keys[at];
    CoverageSums& sums =
        leaf_[{.rows = {.group = cell.group, .row_type = cell.row_type, .test = cell.is_test()},
               .uncertainty = static_cast<Index>(widths_.size())}];
    const double target = rows.prediction[at] + rows.residual[at];
    ++sums.count;
    if (target >= rows.envelope(i, 0) && target <= rows.envelope(i, 1)) ++sums.covered[0];
  }
}

void CoverageVisitor::end_leaf(Index) {
  for (const auto& [key, sums] : leaf_) finished_.push_back({key, sums});
}

CoverageTable CoverageVisitor::total(const comm::Communicator& comm) const {
  CoverageTable table;
  for (const Entry& leaf : comm::all_gather(comm, finished_)) table[leaf.key].add(leaf.sums);
  return table;
}

std::vector<CoverageRow> coverage_rows(const CoverageTable& table,
                                       const std::vector<Uncertainty>& uncertainties,
                                       const std::vector<std::string>& group_names) {
  constexpr int any = compress::CellKey::any;
  CoverageTable all = table;
  for (const auto& [key, sums] : table)
    for (const auto& [group, row_type] :
         {std::pair{key.rows.group, any}, std::pair{any, key.rows.row_type}, std::pair{any, any}})
      all[{.rows = {.group = group, .row_type = row_type, .test = key.rows.test},
           .uncertainty = key.uncertainty}]
          .add(sums);
  std::vector<CoverageRow> rows;
  for (const auto& [key, sums] : all) {
    const auto n = static_cast<double>(sums.count);
    const bool is_envelope = key.uncertainty == static_cast<Index>(uncertainties.size());
    for (std::size_t l = 0; l < (is_envelope ? 1 : coverage_levels.size()); ++l)
      rows.push_back(
          {.group = key.rows.group == any ? "ALL" : group_names[static_cast<std::size_t>(key.rows.group)],
           .row_type = key.rows.row_type == any
                           ? "ALL"
                           : std::string(design::to_string(static_cast<design::RowType>(key.rows.row_type))),
           .split = key.rows.test ? "test" : "train",
           .uncertainty =
               is_envelope ? "pops_envelope" : uncertainties[static_cast<std::size_t>(key.uncertainty)].name,
           .level = is_envelope ? 1.0 : coverage_levels[l],
           .count = sums.count,
           .coverage = static_cast<double>(sums.covered[l]) / n,
           .mean_squared_standardised =
               is_envelope ? std::numeric_limits<double>::quiet_NaN() : sums.squares / n});
  }
  return rows;
}

}  // namespace tallfit::infer
