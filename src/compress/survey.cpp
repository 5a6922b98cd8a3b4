#include <algorithm>
#include <cmath>
#include <map>

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/compress/row_layout.hpp"
#include "tallfit/design/row_filters.hpp"

namespace tallfit::compress {

namespace {

constexpr Index label_block_rows = 65536;

/// Calls work(labels, first row) for rows [begin, end) in blocks.
template <class Work>
void for_each_label_block(design::RowSource& source, Index begin, Index end, const Work& work) {
  design::RowLabels labels;
  for (Index row = begin; row < end; row += label_block_rows) {
    source.read_labels(row, std::min(label_block_rows, end - row), labels);
    work(labels, row);
  }
}

/// The first row at or after @p row that starts a configuration.
Index next_configuration_start(design::RowSource& source, Index row, Index n_rows) {
  if (row <= 0 || row >= n_rows) return std::clamp<Index>(row, 0, n_rows);
  constexpr Index step = 512;
  design::RowLabels labels;
  source.read_labels(row - 1, 1, labels);
  const std::uint64_t before = labels.configuration[0];
  for (Index begin = row; begin < n_rows; begin += step) {
    source.read_labels(begin, std::min(step, n_rows - begin), labels);
    const auto found = std::find_if(labels.configuration.begin(), labels.configuration.end(),
                                    [&](std::uint64_t id) { return id != before; });
    if (found != labels.configuration.end()) return begin + (found - labels.configuration.begin());
  }
  return n_rows;
}

std::vector<Index> leaf_boundaries(design::RowSource& source, const comm::Communicator& comm,
                                   Index n_leaves) {
  const Index n_rows = source.info().n_rows;
  std::vector<Index> mine;
  comm::all_or_none(comm, [&] {
    const Index end = first_leaf_of(comm.rank() + 1, comm.size(), n_leaves);
    for (Index leaf = first_leaf_of(comm.rank(), comm.size(), n_leaves); leaf < end; ++leaf) {
      // n_rows / n_leaves is at least 256, so the product stays far below 2^63 for any real design
      mine.push_back(next_configuration_start(source, n_rows * leaf / n_leaves, n_rows));
    }
  });
  std::vector<Index> all = comm::all_gather(comm, mine);
  all.push_back(n_rows);
  return all;
}

/// What a first scan of my labels finds out.
struct LabelScan {
  std::vector<Index> training_configurations;  ///< my leaves x groups
  Index n_configurations = 0;
  Index first_id = -1;  ///< as signed; -1: no rows
  Index last_id = -1;
  std::uint8_t last_testing = 0;
  bool increasing = true;  ///< configuration ids of consecutive configurations increase
};

void require_finite(const design::RowLabels& labels, Index first_row, design::RowSource& source) {
  for (Index i = 0; i < labels.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double scale = labels.scale[at];
    if (scale == 0.0 || (std::isfinite(scale) && std::isfinite(labels.target[at]))) continue;
    const Index column = source.info().n_cols + (std::isfinite(scale) ? 0 : 1);
    fail(ErrorKind::input, "{}. Correct the row, give it weight 0, or set data.nonfinite = \"drop\"",
         design::describe({.row = first_row + i, .column = column}, source));
  }
}

LabelScan scan_labels(design::RowSource& source, const RowLayout& layout) {
  const auto n_groups = static_cast<Index>(source.info().group_names.size());
  LabelScan scan;
  scan.training_configurations.assign(
      static_cast<std::size_t>((layout.my_end_leaf - layout.my_first_leaf) * n_groups), 0);
  for (Index leaf = layout.my_first_leaf; leaf < layout.my_end_leaf; ++leaf) {
    const Index counts = (leaf - layout.my_first_leaf) * n_groups;
    const Index begin = layout.leaf_begin[static_cast<std::size_t>(leaf)];
    const Index end = layout.leaf_begin[static_cast<std::size_t>(leaf) + 1];
    for_each_label_block(source, begin, end, [&](const design::RowLabels& labels, Index row) {
      require_finite(labels, row, source);
      for (std::size_t i = 0; i < labels.configuration.size(); ++i) {
        const auto id = static_cast<Index>(labels.configuration[i]);
        if (scan.n_configurations > 0 && id == scan.last_id) {
          require(labels.testing[i] == scan.last_testing, ErrorKind::input,
                  "{}: configuration {} has training and test rows (row {}). Its rows depend on one another: "
                  "give them all the same testing flag",
                  source.info().name, labels.configuration[i], row + static_cast<Index>(i));
          continue;
        }
        if (scan.n_configurations == 0) scan.first_id = id;
        if (scan.n_configurations > 0 && id < scan.last_id) scan.increasing = false;
        ++scan.n_configurations;
        scan.last_id = id;
        scan.last_testing = labels.testing[i];
        if (labels.testing[i] == 0)
          ++scan.training_configurations[static_cast<std::size_t>(counts + labels.group[i])];
      }
    });
  }
  return scan;
}

/// Rows of a configuration must be adjacent, or folds and leaves would tear it apart.
void require_adjacent_configurations(design::RowSource& source, const comm::Communicator& comm,
                                     const RowLayout& layout, const LabelScan& scan) {
  const std::vector<Index> ends =
      comm::all_gather(comm, scan.n_configurations > 0 ? std::vector<Index>{scan.first_id, scan.last_id}
                                                       : std::vector<Index>{});
  Index unordered = scan.increasing && std::is_sorted(ends.begin(), ends.end()) ? 0 : 1;
  comm::sum_in_place(comm, std::span(&unordered, 1));
  if (unordered == 0) return;

  struct Start {
    std::uint64_t id;
    Index row;
  };
  std::vector<Start> mine;
  comm::all_or_none(comm, [&] {
    for_each_label_block(source, layout.my_begin(), layout.my_end(),
                         [&](const design::RowLabels& labels, Index row) {
                           for (std::size_t i = 0; i < labels.configuration.size(); ++i) {
                             if (mine.empty() || mine.back().id != labels.configuration[i]) {
                               mine.push_back({labels.configuration[i], row + static_cast<Index>(i)});
                             }
                           }
                         });
  });
  std::vector<Start> all = comm::all_gather(comm, mine);
  std::sort(all.begin(), all.end(),
            [](const Start& a, const Start& b) { return a.id != b.id ? a.id < b.id : a.row < b.row; });
  const auto twice =
      std::adjacent_find(all.begin(), all.end(), [](const Start& a, const Start& b) { return a.id == b.id; });
  comm::require_replicated(
      comm, twice == all.end(), ErrorKind::input,
      "{}: configuration {} has rows at {} and again at {}. Rows of one configuration must be "
      "adjacent: sort the rows, or give the second block an id of its own",
      source.info().name, twice == all.end() ? 0 : twice->id, twice == all.end() ? 0 : twice->row,
      twice == all.end() ? 0 : (twice + 1)->row);
}

/// Turns counts per leaf into counts before each leaf, over all ranks.
std::vector<Index> ordinals_before(const LabelScan& scan, const comm::Communicator& comm,
                                   std::size_t n_groups) {
  std::vector<Index> before(n_groups, 0);
  for (std::size_t i = 0; i < scan.training_configurations.size(); ++i) {
    before[i % n_groups] += scan.training_configurations[i];
  }
  comm::exclusive_scan_in_place(comm, before);
  std::vector<Index> ordinals(scan.training_configurations.size());
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    ordinals[i] = before[i % n_groups];
    before[i % n_groups] += scan.training_configurations[i];
  }
  return ordinals;
}

std::vector<LeafCell> my_leaf_cells(design::RowSource& source, const RowLayout& layout) {
  std::vector<LeafCell> cells;
  std::vector<CellKey> keys;
  for (Index leaf = layout.my_first_leaf; leaf < layout.my_end_leaf; ++leaf) {
    std::map<CellKey, TargetSums> found;
    RowClassifier classifier(layout, leaf);
    const Index begin = layout.leaf_begin[static_cast<std::size_t>(leaf)];
    const Index end = layout.leaf_begin[static_cast<std::size_t>(leaf) + 1];
    for_each_label_block(source, begin, end, [&](const design::RowLabels& labels, Index) {
      classifier.classify(labels, keys);
      TargetSums* sums = nullptr;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (labels.scale[i] == 0.0) continue;
        if (sums == nullptr || i == 0 || keys[i] != keys[i - 1] || labels.scale[i - 1] == 0.0)
          sums = &found[keys[i]];
        sums->add(labels.target[i], labels.scale[i]);
      }
    });
    for (const auto& [key, sums] : found) cells.push_back({leaf, key, sums});
  }
  return cells;
}

}  // namespace

RowLayout survey(design::RowSource& source, const comm::Communicator& comm, int n_folds, std::uint64_t seed) {
  const design::DesignInfo& info = source.info();
  comm::require_replicated(comm, info.n_rows > 0, ErrorKind::input, "{} has no rows; there is nothing to fit",
                           info.name);
  comm::require_replicated(comm, info.n_cols > 0, ErrorKind::input,
                           "{} has no columns; there is nothing to fit", info.name);
  RowLayout layout;
  layout.n_rows = info.n_rows;
  layout.n_cols = info.n_cols;
  layout.n_folds = n_folds;
  layout.seed = seed;
  const Index n_leaves = leaf_count(info.n_rows, info.n_cols);
  layout.my_first_leaf = first_leaf_of(comm.rank(), comm.size(), n_leaves);
  layout.my_end_leaf = first_leaf_of(comm.rank() + 1, comm.size(), n_leaves);
  layout.leaf_begin = leaf_boundaries(source, comm, n_leaves);

  LabelScan scan;
  comm::all_or_none(comm, [&] { scan = scan_labels(source, layout); });
  require_adjacent_configurations(source, comm, layout, scan);
  layout.n_configurations = scan.n_configurations;
  comm::sum_in_place(comm, std::span(&layout.n_configurations, 1));
  layout.ordinals = ordinals_before(scan, comm, info.group_names.size());

  std::vector<LeafCell> mine;
  comm::all_or_none(comm, [&] { mine = my_leaf_cells(source, layout); });
  layout.leaf_cells = comm::all_gather(comm, mine);
  for (const LeafCell& cell : layout.leaf_cells) layout.n_used += cell.sums.count;
  comm::require_replicated(comm, layout.n_used > 0, ErrorKind::input,
                           "{}: every row has weight 0; there is nothing to fit", info.name);
  return layout;
}

}  // namespace tallfit::compress
