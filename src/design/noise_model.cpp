#include "tallfit/design/noise_model.hpp"

#include <cmath>
#include <limits>

#include "tallfit/base/error.hpp"

namespace tallfit::design {

namespace {

/// Variance of the correlated part and of the white part of an error.
struct NoiseParts {
  double correlated;
  double white;
};

NoiseParts parts_of(const NoiseModel& model) {
  if (model.kind == NoiseKind::equicorrelated) return {model.parameter, 1.0 - model.parameter};
  return {1.0, model.nugget};
}

/// Correlation φ over a distance, and 1 - φ² without cancellation.
struct Decay {
  double kept = 1.0;
  double lost = 0.0;
};

Decay decay(const NoiseModel& model, double distance) {
  if (model.kind == NoiseKind::equicorrelated) return {};
  if (model.kind == NoiseKind::exponential)
    return {std::exp(-distance / model.parameter), -std::expm1(-2.0 * distance / model.parameter)};
  const double kept = std::pow(model.parameter, distance);
  return {kept, (1.0 - kept) * (1.0 + kept)};
}

}  // namespace

void require_valid(const NoiseModel& model) {
  const double p = model.parameter;
  if (model.kind == NoiseKind::blocks) {
    require(model.within == NoiseWithin::configuration && model.nugget == 0.0, ErrorKind::input,
            "noise.model = \"blocks\" has blocks of configurations, nugget included: leave noise.within and "
            "noise.nugget out");
    return;
  }
  require(model.nugget >= 0.0 && std::isfinite(model.nugget), ErrorKind::input,
          "noise.nugget = {} is no variance: it must be >= 0", model.nugget);
  if (model.kind == NoiseKind::exponential)
    require(
        p > 0.0 && std::isfinite(p), ErrorKind::input,
        "noise.parameter = {} is no length: the exponential kernel needs one > 0, in units of noise.times",
        p);
  else
    require(
        p > -1.0 && p < 1.0, ErrorKind::input,
        "noise.parameter = {} is no correlation that can be taken out of errors: it must lie between -1 and "
        "1, ends excluded",
        p);
  require(
      model.kind != NoiseKind::equicorrelated || model.nugget == 0.0, ErrorKind::input,
      "noise.nugget = {}: equicorrelated errors have a white part of 1 - noise.parameter already. Leave it "
      "out",
      model.nugget);
}

void NoiseSequences::enter(std::uint64_t configuration, std::uint32_t group) {
  if (started_ && configuration == configuration_) return;
  const bool same_run = started_ && model_.within == NoiseWithin::group && group == group_;
  if (!same_run) {
    configurations_ = 0;
    lanes_.clear();
    for (auto& lanes : lanes_of_type_) lanes.clear();
  }
  started_ = true;
  configuration_ = configuration;
  group_ = group;
  ++configurations_;
  block_ = {};
  ordinals_.fill(0);
}

std::size_t NoiseSequences::lane_of(RowType type, Index ordinal) {
  std::vector<std::size_t>& lanes = lanes_of_type_.at(static_cast<std::size_t>(type));
  const auto at = model_.within == NoiseWithin::group ? static_cast<std::size_t>(ordinal) : 0U;
  while (lanes.size() <= at) {
    lanes.push_back(lanes_.size());
    lanes_.emplace_back();
  }
  return lanes[at];
}

WhiteningStep NoiseSequences::step(Lane& lane, double place, Index row) const {
  const NoiseParts parts = parts_of(model_);
  WhiteningStep step;
  double before = parts.correlated;  // variance of the correlated part given all rows before
  if (lane.seen) {
    const double distance = place - lane.place;
    require(
        distance > 0.0 || (distance == 0.0 && parts.white > 0.0), ErrorKind::input,
        "noise.times of row {} is {} after {} in the same sequence: times must increase, or may stay where "
        "noise.nugget is > 0",
        row, place, lane.place);
    const Decay over = decay(model_, distance);
    step.carry = over.kept;
    before = over.kept * over.kept * lane.variance + over.lost * parts.correlated;
  }
  const double variance = before + parts.white;
  // Negative correlations cancel; what rounding leaves of nothing is no variance.
  const double rounding = 1e-12 * (std::abs(before) + parts.white);
  require(
      variance > rounding, ErrorKind::input,
      "noise.parameter = {} makes no covariance for the sequence that ends at row {}: it is too long, or its "
      "rows are too close, for it",
      model_.parameter, row);
  step.blend = before / variance;
  step.gain = 1.0 / std::sqrt(variance);
  lane = {.seen = true, .place = place, .variance = parts.white * step.blend};
  return step;
}

WhiteningStep NoiseSequences::block_step(std::span<const double> covariances, Index row) {
  const auto place = static_cast<std::size_t>(block_.n_rows - 1);
  require(place < covariances.size(), ErrorKind::input,
          "noise.covariance has {} columns, but configuration {} has more rows (row {}): each needs its "
          "covariances with all of them",
          covariances.size(), configuration_, row);
  const std::size_t width = covariances.size();
  const std::size_t n = block_.members.size();
  WhiteningStep step{.lane = static_cast<Index>(n)};
  double variance = covariances[place];
  for (std::size_t j = 0, at = 0; j < n; ++j) {
    const auto other = static_cast<std::size_t>(block_.members[j]);
    double sum = covariances[other];
    require(
        std::abs(sum - block_.covariances[j * width + place]) <=
            1e-12 * std::sqrt(std::abs(covariances[place] * block_.covariances[j * width + other])),
        ErrorKind::input,
        "noise.covariance: the block of configuration {} is not symmetric: row {} has {} with number {} of "
        "it, which has {}",
        configuration_, row, sum, other, block_.covariances[j * width + place]);
    for (std::size_t k = 0; k < j; ++k) sum -= block_.factor[at++] * step.past[k];
    step.past.push_back(sum / block_.factor[at++]);
    variance -= step.past.back() * step.past.back();
  }
  // What rounding of the sum leaves of a row that others determine.
  const double rounding =
      static_cast<double>(n + 1) * std::numeric_limits<double>::epsilon() * std::abs(covariances[place]);
  require(variance > rounding, ErrorKind::input,
          "noise.covariance: the block of configuration {} is not positive definite up to row {}",
          configuration_, row);
  step.gain = 1.0 / std::sqrt(variance);
  step.blend = step.gain;
  block_.members.push_back(static_cast<Index>(place));
  block_.covariances.insert(block_.covariances.end(), covariances.begin(), covariances.end());
  block_.factor.insert(block_.factor.end(), step.past.begin(), step.past.end());
  block_.factor.push_back(std::sqrt(variance));
  return step;
}

void NoiseSequences::advance(const RowLabels& labels, std::span<const double> table, Index first_row,
                             std::vector<WhiteningStep>& steps) {
  steps.assign(static_cast<std::size_t>(labels.size()), {});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    enter(labels.configuration[i], labels.group[i]);
    const Index ordinal = ordinals_.at(static_cast<std::size_t>(labels.type[i]))++;
    ++block_.n_rows;
    if (!(labels.scale[i] > 0.0) || labels.testing[i] != 0) continue;
    const Index row = first_row + static_cast<Index>(i);
    if (model_.kind == NoiseKind::blocks) {
      const std::size_t width = table.size() / steps.size();
      steps[i] = block_step(table.subspan(i * width, width), row);
      continue;
    }
    const auto count = static_cast<double>(model_.within == NoiseWithin::group ? configurations_ : ordinal);
    const std::size_t lane = lane_of(labels.type[i], ordinal);
    steps[i] = step(lanes_[lane], model_.kind == NoiseKind::exponential ? table[i] : count, row);
    steps[i].lane = static_cast<Index>(lane);
  }
}

}  // namespace tallfit::design
