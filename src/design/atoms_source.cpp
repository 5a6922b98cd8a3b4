#include "tallfit/design/atoms_source.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/base/error.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/design/silicon_configurations.hpp"
#include "tallfit/design/stillinger_weber.hpp"

namespace tallfit::design {

namespace {

constexpr std::uint32_t test_purpose = 0x5349'0002;  // configurations themselves use ...0001

/// First row of every group's configuration within one round of all groups; the last entry is the round's
/// length.
constexpr std::array<Index, n_silicon_groups + 1> make_round_begin() {
  std::array<Index, n_silicon_groups + 1> begin = {};
  for (std::size_t g = 0; g < silicon_groups.size(); ++g) {
    begin[g + 1] = begin[g] + 1 + Index{3} * silicon_groups[g].n_atoms + 6;
  }
  return begin;
}

constexpr std::array<Index, n_silicon_groups + 1> round_begin = make_round_begin();
constexpr Index rows_per_round = round_begin.back();

ConfigurationRows rows_of(Index configuration) {
  const auto group = static_cast<std::size_t>(configuration % n_silicon_groups);
  const Index round = configuration / n_silicon_groups;
  return {configuration, round * rows_per_round + round_begin[group],
          round_begin[group + 1] - round_begin[group]};
}

void check(const AtomsOptions& options) {
  constexpr Index most = std::numeric_limits<Index>::max() / rows_per_round;
  require(options.configurations >= 1 && options.configurations <= most, ErrorKind::input,
          "generate.configurations is {}, but must be from 1 to {}", options.configurations, most);
  require(options.test_fraction >= 0.0 && options.test_fraction < 1.0, ErrorKind::input,
          "generate.test_fraction is {}, but must be at least 0 and less than 1", options.test_fraction);
}

/// The labels of a whole configuration, in the order of its rows.
RowLabels label(Index configuration, const PeriodicAtoms& atoms, bool testing) {
  const AtomicLabels truth = stillinger_weber(atoms);
  RowLabels labels;
  const auto add = [&](RowType type, double target, double scale) {
    labels.type.push_back(type);
    labels.configuration.push_back(static_cast<std::uint64_t>(configuration));
    labels.group.push_back(static_cast<std::uint32_t>(configuration % n_silicon_groups));
    labels.testing.push_back(testing ? 1 : 0);
    labels.target.push_back(target);
    labels.scale.push_back(scale);
  };
  add(RowType::energy, truth.energy / atoms.n_atoms(), AtomsSource::energy_scale);
  for (const Vector3& force : truth.forces) {
    for (const double component : force) add(RowType::force, component, AtomsSource::force_scale);
  }
  for (const double component : truth.stress) add(RowType::stress, component, AtomsSource::stress_scale);
  return labels;
}

/// Calls use(configuration, first row inside it, number of rows, offset into the block) for every piece of a
/// block.
template <class Use>
void for_each_piece(const DesignInfo& info, Index begin, Index count, const Use& use) {
  require(begin >= 0 && count >= 0 && begin <= info.n_rows - count, ErrorKind::bug,
          "{}: asked for rows {} to {} of {}", info.name, begin, begin + count, info.n_rows);
  for (Index row = begin; row < begin + count;) {
    const ConfigurationRows here = AtomsSource::configuration_of_row(row);
    const Index end = std::min(begin + count, here.begin + here.count);
    use(here, row - here.begin, end - row, row - begin);
    row = end;
  }
}

}  // namespace

AtomsSource::AtomsSource(const AtomsOptions& options) : options_(options), descriptors_(options.order) {
  check(options);
  const ConfigurationRows last = rows_of(options.configurations - 1);
  info_.name = "generate atoms";
  info_.n_rows = last.begin + last.count;
  info_.n_cols = descriptors_.n_columns();
  for (const SiliconGroup& group : silicon_groups) info_.group_names.emplace_back(group.name);
  info_.column_names = descriptors_.column_names();
  info_.bytes_per_row = info_.n_cols * double_bytes;
}

ConfigurationRows AtomsSource::configuration_of_row(Index row) {
  const Index round = row / rows_per_round;
  const auto after = std::upper_bound(round_begin.begin(), round_begin.end(), row % rows_per_round);
  return rows_of(round * n_silicon_groups + (after - round_begin.begin()) - 1);
}

/// Every 1/f-th configuration of a group, from a start that the seed chooses: any run of n members of a
/// group has n f of them, up to one.
bool AtomsSource::is_testing(Index configuration) const {
  const auto group = static_cast<std::uint64_t>(configuration % n_silicon_groups);
  const Index round = configuration / n_silicon_groups;
  const auto member = static_cast<double>(round);
  const double start = random_uniform({options_.seed, test_purpose}, group, 0);
  const double fraction = options_.test_fraction;
  return std::floor(start + (member + 1.0) * fraction) > std::floor(start + member * fraction);
}

void AtomsSource::load(Index configuration) {
  if (loaded_ == configuration) return;
  atoms_ = silicon_configuration(configuration, options_.seed);
  labels_ = label(configuration, atoms_, is_testing(configuration));
  loaded_ = configuration;
}

void AtomsSource::read_labels(Index begin, Index count, RowLabels& labels) {
  labels.resize(count);
  for_each_piece(info_, begin, count, [&](const ConfigurationRows& here, Index first, Index n, Index offset) {
    load(here.configuration);
    const auto copy = [=](const auto& from, auto& to) {
      std::copy_n(from.begin() + first, n, to.begin() + offset);
    };
    copy(labels_.type, labels.type);
    copy(labels_.configuration, labels.configuration);
    copy(labels_.group, labels.group);
    copy(labels_.testing, labels.testing);
    copy(labels_.target, labels.target);
    copy(labels_.scale, labels.scale);
  });
}

void AtomsSource::read_features(Index begin, Index count, double* features) {
  const Index k = info_.n_cols;
  for_each_piece(info_, begin, count, [&](const ConfigurationRows& here, Index first, Index n, Index offset) {
    if (described_ != here.configuration) {
      load(here.configuration);
      features_.resize(static_cast<std::size_t>(here.count * k));
      descriptors_.evaluate(atoms_, features_);
      described_ = here.configuration;
    }
    std::copy_n(features_.data() + first * k, n * k, features + offset * k);
  });
}

}  // namespace tallfit::design
