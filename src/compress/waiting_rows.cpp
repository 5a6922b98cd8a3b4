#include "tallfit/compress/waiting_rows.hpp"

#include <cstddef>

namespace tallfit::compress {

void append_in_place(linalg::RowTiles& tiles, const RowRun& run) {
  const Index begin = tiles.n_rows();
  const Index ones = tiles.n_cols() - 2;
  tiles.append(run.features, ones, run.scales);
  for (std::size_t i = 0; i < run.scales.size(); ++i) {
    const Index row = begin + static_cast<Index>(i);
    tiles.at(row, ones) = run.ones.empty() ? run.scales[i] : run.scales[i] * run.ones[i];
    tiles.at(row, ones + 1) = run.scales[i] * run.targets[i];
  }
}

void WaitingRows::add(const RowRun& run) {
  runs_.emplace_back(run.features, static_cast<Index>(run.scales.size()));
  scales_.insert(scales_.end(), run.scales.begin(), run.scales.end());
  targets_.insert(targets_.end(), run.targets.begin(), run.targets.end());
  ones_.insert(ones_.end(), run.ones.begin(), run.ones.end());
}

void WaitingRows::move_to(linalg::RowTiles& tiles) {
  std::size_t at = 0;
  for (const auto& [features, count] : runs_) {
    const auto n = static_cast<std::size_t>(count);
    append_in_place(tiles,
                    {.features = features,
                     .scales = std::span(scales_).subspan(at, n),
                     .targets = std::span(targets_).subspan(at, n),
                     .ones = ones_.empty() ? std::span<const double>() : std::span(ones_).subspan(at, n)});
    at += n;
  }
  runs_.clear();
  scales_.clear();
  targets_.clear();
  ones_.clear();
}

}  // namespace tallfit::compress
