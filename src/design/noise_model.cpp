#include "tallfit/design/noise_model.hpp"

#include <cmath>

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
  require(
      variance > 0.0, ErrorKind::input,
      "noise.parameter = {} makes no covariance for the sequence that ends at row {}: it is too long, or its "
      "rows are too close, for it",
      model_.parameter, row);
  step.blend = before / variance;
  step.gain = 1.0 / std::sqrt(variance);
  lane = {.seen = true, .place = place, .variance = parts.white * step.blend};
  return step;
}

void NoiseSequences::advance(const RowLabels& labels, std::span<const double> times, Index first_row,
                             std::vector<WhiteningStep>& steps) {
  steps.assign(static_cast<std::size_t>(labels.size()), {});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    enter(labels.configuration[i], labels.group[i]);
    const Index ordinal = ordinals_.at(static_cast<std::size_t>(labels.type[i]))++;
    if (!(labels.scale[i] > 0.0) || labels.testing[i] != 0) continue;
    const auto count = static_cast<double>(model_.within == NoiseWithin::group ? configurations_ : ordinal);
    const std::size_t lane = lane_of(labels.type[i], ordinal);
    steps[i] = step(lanes_[lane], model_.kind == NoiseKind::exponential ? times[i] : count,
                    first_row + static_cast<Index>(i));
    steps[i].lane = static_cast<Index>(lane);
  }
}

}  // namespace tallfit::design
