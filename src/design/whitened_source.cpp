#include "tallfit/design/whitened_source.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "tallfit/base/error.hpp"
#include "tallfit/design/row_stream.hpp"

namespace tallfit::design {

namespace {

constexpr Index rows_of_labels = 65536;
constexpr Index bytes_of_features = Index{1} << 20U;

/// Memory of a lane, n numbers, zero where it is new.
double* memory_of(std::vector<double>& kept, Index lane, Index n) {
  const auto size = static_cast<std::size_t>((lane + 1) * n);
  if (kept.size() < size) kept.resize(size, 0.0);
  return kept.data() + lane * n;
}

/// One step on n numbers of a row that are still to be multiplied by w, and stay so.
void whiten(const WhiteningStep& step, double w, double* row, std::vector<double>& kept, Index n) {
  double* own = memory_of(kept, step.lane, n);
  for (Index j = 0; j < n; ++j) row[j] *= w;
  for (std::size_t lane = 0; lane < step.past.size(); ++lane) {
    const double* other = kept.data() + static_cast<Index>(lane) * n;
    for (Index j = 0; j < n; ++j) row[j] -= step.past[lane] * other[j];
  }
  for (Index j = 0; j < n; ++j) {
    const double y = row[j];
    const double f = step.carry * own[j];
    row[j] = step.gain * (y - f) / w;
    own[j] = (1.0 - step.blend) * f + step.blend * y;
  }
}

}  // namespace

WhitenedSource::WhitenedSource(RowSource& source, const NoiseModel& model, NoiseTable table)
    : source_(source), model_(model), table_(std::move(table)), info_(source.info()), sequences_(model) {
  require_valid(model);
  require(model.kind != NoiseKind::exponential || table_.read, ErrorKind::input,
          "noise.model = \"exponential\" needs noise.times: a time for each row");
  require(
      model.kind != NoiseKind::blocks || table_.read, ErrorKind::input,
      "noise.model = \"blocks\" needs noise.covariance: for each row its covariances with the rows of its "
      "configuration");
  info_.n_entries.reset();  // differences of rows are not sparse as these are
}

/// Of labels, and of what the model asks beside them.
Index WhitenedSource::rows_at_once() const {
  return table_.read ? std::min(rows_of_labels, rows_in(bytes_of_features, table_.width)) : rows_of_labels;
}

/// The first row of the configuration, or run of configurations of a group, that a row lies in.
Index WhitenedSource::first_of_sequences(Index row) {
  RowLabels labels;
  source_.read_labels(row, 1, labels);
  const std::uint64_t configuration = labels.configuration[0];
  const std::uint32_t group = labels.group[0];
  const auto belongs = [&](std::size_t i) {
    return model_.within == NoiseWithin::group ? labels.group[i] == group
                                               : labels.configuration[i] == configuration;
  };
  for (Index step = 64; row > 0; step = std::min(2 * step, rows_of_labels)) {
    const Index from = std::max<Index>(0, row - step);
    source_.read_labels(from, row - from, labels);
    while (row > from && belongs(static_cast<std::size_t>(row - 1 - from))) --row;
    if (row > from) return row;
  }
  return 0;
}

void WhitenedSource::advance(NoiseSequences& sequences, Index begin, Index end, Plan& plan) {
  plan.begin = begin;
  plan.end = end;
  source_.read_labels(begin, end - begin, plan.labels);
  std::vector<double> table;
  if (model_.kind == NoiseKind::exponential || model_.kind == NoiseKind::blocks) {
    table.resize(static_cast<std::size_t>((end - begin) * table_.width));
    table_.read(begin, end - begin, table.data());
  }
  sequences.advance(plan.labels, table, begin, plan.steps);
}

/// Steps and whitened labels of rows [begin, end), which follow those of the last plan.
void WhitenedSource::take(Index begin, Index end) {
  advance(sequences_, begin, end, plan_);
  whitened_ = plan_.labels;
  whitened_.ones.assign(plan_.steps.size(), 1.0);
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    const WhiteningStep& step = plan_.steps[i];
    if (step.lane == WhiteningStep::missing) continue;
    std::array<double, 2> both = {1.0, whitened_.target[i]};
    whiten(step, whitened_.scale[i], both.data(), kept_labels_, 2);
    whitened_.ones[i] = both[0];
    whitened_.target[i] = both[1];
  }
}

void WhitenedSource::prepare(Index begin, Index end) {
  if (plan_.begin == begin && plan_.end == end) return;
  if (plan_.end != begin || begin == 0) {
    sequences_ = NoiseSequences(model_);
    kept_labels_.clear();
    const Index first = first_of_sequences(begin);
    for (Index at = first; at < begin; at = plan_.end) take(at, std::min(begin, at + rows_at_once()));
  }
  take(begin, end);
}

/// What lanes keep of the features of rows before @p begin.
void WhitenedSource::recall_features(Index begin) {
  struct LastRow {
    Index row = -1;
    double scale = 0.0;
  };
  kept_features_.clear();
  const Index n = info_.n_cols;
  const Index most =
      model_.forgets() ? rows_at_once() : std::min(rows_at_once(), rows_in(bytes_of_features, n));
  NoiseSequences sequences(model_);
  Plan plan;
  std::vector<LastRow> last;
  std::vector<double> features;
  for (Index at = first_of_sequences(begin); at < begin; at = plan.end) {
    advance(sequences, at, std::min(begin, at + most), plan);
    if (!model_.forgets()) {
      features.resize(static_cast<std::size_t>((plan.end - at) * n));
      source_.read_features(at, plan.end - at, features.data());
      whiten_features(plan, features.data());
      continue;
    }
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const Index lane = plan.steps[i].lane;
      if (lane == WhiteningStep::missing) continue;
      if (static_cast<Index>(last.size()) <= lane) last.resize(static_cast<std::size_t>(lane) + 1);
      last[static_cast<std::size_t>(lane)] = {at + static_cast<Index>(i), plan.labels.scale[i]};
    }
  }
  for (std::size_t lane = 0; lane < last.size(); ++lane) {
    if (last[lane].row < 0) continue;  // no row of these went into the lane
    double* kept = memory_of(kept_features_, static_cast<Index>(lane), n);
    source_.read_features(last[lane].row, 1, kept);
    std::for_each(kept, kept + n, [w = last[lane].scale](double& x) { x *= w; });
  }
}

void WhitenedSource::whiten_features(const Plan& plan, double* features) {
  const Index n = info_.n_cols;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const WhiteningStep& step = plan.steps[i];
    if (step.lane == WhiteningStep::missing) continue;
    whiten(step, plan.labels.scale[i], features + static_cast<Index>(i) * n, kept_features_, n);
  }
}

void WhitenedSource::read_labels(Index begin, Index count, RowLabels& labels) {
  prepare(begin, begin + count);
  labels = whitened_;
}

void WhitenedSource::read_features(Index begin, Index count, double* features) {
  prepare(begin, begin + count);
  if (features_end_ != begin || begin == 0) recall_features(begin);
  features_end_ = begin + count;
  source_.read_features(begin, count, features);
  whiten_features(plan_, features);
}

std::vector<double> WhitenedSource::log_determinants(std::span<const Index> bounds) {
  NoiseSequences sequences(model_);
  Plan plan;
  const auto run_to = [&](Index end) {
    double sum = 0.0;
    while (plan.end < end) {
      advance(sequences, plan.end, std::min(end, plan.end + rows_at_once()), plan);
      for (const WhiteningStep& step : plan.steps)
        if (step.lane != WhiteningStep::missing) sum -= 2.0 * std::log(step.gain);
    }
    return sum;
  };
  std::vector<double> sums;
  if (bounds.empty() || bounds.front() == bounds.back())
    return std::vector<double>(std::max<std::size_t>(bounds.size(), 1) - 1, 0.0);
  plan.end = first_of_sequences(bounds.front());
  run_to(bounds.front());
  for (const Index end : bounds.subspan(1)) sums.push_back(run_to(end));
  return sums;
}

}  // namespace tallfit::design
