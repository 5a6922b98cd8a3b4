#include "tallfit/infer/unit_runs.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::infer {

namespace {

constexpr Index enough_rows = 256;  ///< for a matrix product near its best rate

}  // namespace

Index UnitCounter::unit_of(const design::RowLabels& labels, std::size_t i) {
  if (unit_ == Unit::group) return static_cast<Index>(labels.group[i]);
  if (unit_ == Unit::row || !started_ || configuration_ != labels.configuration[i]) ++next_;
  started_ = true;
  configuration_ = labels.configuration[i];
  return next_ - 1;
}

UnitRange count_units(design::RowSource& source, const compress::RowLayout& layout, Unit unit,
                      const comm::Communicator& comm) {
  if (unit == Unit::group) {
    const auto n = static_cast<Index>(source.info().group_names.size());
    return {.first = 0, .count = n, .total = n};
  }
  constexpr Index at_once = Index{1} << 16U;
  UnitCounter counter(unit, 0);
  std::vector<Index> before_leaf;
  comm::all_or_none(comm, [&] {
    design::RowLabels labels;
    for (Index leaf = layout.my_first_leaf; leaf < layout.my_end_leaf; ++leaf) {
      before_leaf.push_back(counter.next());
      const Index end = layout.leaf_begin[static_cast<std::size_t>(leaf) + 1];
      for (Index at = layout.leaf_begin[static_cast<std::size_t>(leaf)]; at < end; at += at_once) {
        const Index count = std::min(at_once, end - at);
        source.read_labels(at, count, labels);
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
          if (labels.is_training(i)) counter.unit_of(labels, i);
      }
    }
  });
  UnitRange units{.first = counter.next(), .count = counter.next(), .total = counter.next()};
  comm::exclusive_scan_in_place(comm, std::span(&units.first, 1));
  comm::sum_in_place(comm, std::span(&units.total, 1));
  for (Index& before : before_leaf) before += units.first;
  units.first_leaf = layout.my_first_leaf;
  units.before_leaf = std::move(before_leaf);
  return units;
}

UnitRuns::UnitRuns(Unit unit, const UnitRange& units, Index n_cols, Sink sink, Index most_rows)
    : unit_(unit),
      units_(units),
      n_cols_(n_cols),
      sink_(std::move(sink)),
      most_rows_(most_rows),
      counter_(unit, units.first) {}

void UnitRuns::begin_leaf(Index leaf) {
  if (unit_ == Unit::group) return;
  counter_ = UnitCounter(unit_, units_.before_leaf.at(static_cast<std::size_t>(leaf - units_.first_leaf)));
}

void UnitRuns::visit(const compress::LeafRows& rows) {
  const design::RowLabels& labels = rows.block.labels;
  for (Index i = 0; i < rows.size(); ++i) {
    if (!labels.is_training(rows.at(i))) continue;
    const Index unit = counter_.unit_of(labels, rows.at(i));
    const auto size = static_cast<Index>(target_.size());
    const bool is_new = parts_.empty() || parts_.back().unit != unit;
    if ((is_new && size >= enough_rows) || size >= most_rows_) flush();
    if (parts_.empty() || parts_.back().unit != unit) {
      const auto at = static_cast<Index>(target_.size());
      parts_.push_back({.unit = unit, .begin = at, .end = at});
    }
    ++parts_.back().end;
    const double w = rows.scale(i);
    const double* features = rows.features(i);
    const std::size_t begin = rows_.size();
    rows_.insert(rows_.end(), features, features + n_cols_);
    if (w != 1.0)
      for (std::size_t j = begin; j < rows_.size(); ++j) rows_[j] *= w;
    ones_.push_back(w * rows.one(i));
    target_.push_back(w * rows.target(i));
    scale_.push_back(w);
    numbers_.push_back(rows.row(i));
    keys_.push_back(rows.keys[static_cast<std::size_t>(i)]);
  }
}

void UnitRuns::flush() {
  if (parts_.empty()) return;
  const auto n = static_cast<Index>(target_.size());
  sink_({.rows = {rows_.data(), n_cols_, n},
         .ones = {ones_.data(), n},
         .target = {target_.data(), n},
         .scale = {scale_.data(), n},
         .numbers = numbers_,
         .keys = keys_,
         .parts = parts_});
  rows_.clear();
  ones_.clear();
  target_.clear();
  scale_.clear();
  numbers_.clear();
  keys_.clear();
  parts_.clear();
}

}  // namespace tallfit::infer
