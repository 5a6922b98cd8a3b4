/// Compressing a table in a test, and what its cells must be.
#pragma once

#include <Eigen/Core>

#include <map>

#include "support/factor_check.hpp"
#include "support/table_source.hpp"

#include "tallfit/compress/compressor.hpp"
#include "tallfit/design/folds.hpp"

namespace tallfit::compress::test {

inline const comm::Communicator& world() {
  static const comm::Communicator all = comm::Communicator::world();
  return all;
}

/// How to compress.
struct Recipe {
  CellParts parts = {};
  int n_folds = 3;
  Index block_bytes = 10000;
};

inline CompressedDesign compress(design::RowSource& table, const comm::Communicator& comm,
                                 const Recipe& recipe) {
  const RowLayout layout = survey(table, comm, recipe.n_folds, 11);
  const CellPlan plan = make_cells(layout, recipe.parts);
  Compressor compressor(layout, plan);
  RowVisitor* const visitors[] = {&compressor};
  run_row_pass(table, layout, comm, visitors, recipe.block_bytes);
  return compressor.finish(table.info(), comm);
}

inline bool same_key_but_decade(const CellKey& a, const CellKey& b) {
  return a.group == b.group && a.row_type == b.row_type && a.fold == b.fold;
}

/// w [a 1 b] of the rows that a cell must hold, in order: the oracle, row by row.
inline Eigen::MatrixXd rows_of_cell(const support::TableSource& table, const CellKey& key,
                                    const Recipe& recipe) {
  const design::RowLabels& labels = table.labels;
  std::vector<Index> ordinals(table.design_info.group_names.size(), 0);
  std::vector<Index> mine;
  int fold = CellKey::any;
  for (std::size_t i = 0; i < labels.target.size(); ++i) {
    const std::uint32_t group = labels.group[i];
    if (i == 0 || labels.configuration[i] != labels.configuration[i - 1]) {
      fold = CellKey::any;
      if (labels.testing[i] != 0) {
        fold = CellKey::test;
      } else if (recipe.n_folds >= 2) {
        fold = design::fold_of(11, group, ordinals[group]++, recipe.n_folds);
        if (!recipe.parts.fold) fold = CellKey::any;
      }
    }
    if (labels.scale[i] == 0.0) continue;
    const CellKey coarse = {
        .group = recipe.parts.group ? static_cast<int>(group) : CellKey::any,
        .row_type = recipe.parts.row_type ? static_cast<int>(labels.type[i]) : CellKey::any,
        .fold = fold};
    if (!same_key_but_decade(coarse, key)) continue;
    const double decade = std::floor(std::log10(labels.scale[i]));
    if (key.decade != CellKey::no_decade && decade != key.decade) continue;
    mine.push_back(static_cast<Index>(i));
  }
  Eigen::MatrixXd rows(static_cast<Index>(mine.size()), table.features.cols() + 2);
  for (std::size_t i = 0; i < mine.size(); ++i) rows.row(static_cast<Index>(i)) = table.augmented(mine[i]);
  return rows;
}

/// Rows below each other.
inline Eigen::MatrixXd stacked(const std::vector<Eigen::MatrixXd>& parts, Index n_cols) {
  Index n = 0;
  for (const auto& part : parts) n += part.rows();
  Eigen::MatrixXd all(n, n_cols);
  n = 0;
  for (const auto& part : parts) {
    all.middleRows(n, part.rows()) = part;
    n += part.rows();
  }
  return all;
}

}  // namespace tallfit::compress::test
