#include "tallfit/infer/coverage.hpp"

#include <cmath>

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
    for (std::size_t l = 0; l < coverage_levels.size(); ++l)
      rows.push_back(
          {.group = key.rows.group == any ? "ALL" : group_names[static_cast<std::size_t>(key.rows.group)],
           .row_type = key.rows.row_type == any
                           ? "ALL"
                           : std::string(design::to_string(static_cast<design::RowType>(key.rows.row_type))),
           .split = key.rows.test ? "test" : "train",
           .uncertainty = uncertainties[static_cast<std::size_t>(key.uncertainty)].name,
           .level = coverage_levels[l],
           .count = sums.count,
           .coverage = static_cast<double>(sums.covered[l]) / n,
           .mean_squared_standardised = sums.squares / n});
  }
  return rows;
}

}  // namespace tallfit::infer
