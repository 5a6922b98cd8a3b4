#include "tallfit/design/atoms_source.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/base/error.hpp"
#include "tallfit/base/random.hpp"
#include "tallfit/design/silicon_configurations.hpp"

namespace tallfit::design {

namespace {

constexpr std::uint32_t test_purpose = 0x5349'0002;  // configurations themselves use ...0001

/// First row of every group's configuration within one round of all groups; the last entry is the round's
/// length.
constexpr std::array<Index, n_silicon_groups + 1> make_round_begin() {
  std::array<Index, n_silicon_groups + 1> begin = {};
  for (std::size_t g = 0; g < silicon_groups.size(); ++g) {
    begin[g + 1] = begin[g] + 1 + 3 * silicon_groups[g].n_atoms + 6;
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

/// Calls use(configuration, first row inside it, number of rows, offset into the block) for every piece of a
/// block.
template <class Use>
void for_each_piece(Index begin, Index count, const Use& use) {
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
  info_.bytes_per_row = info_.n_cols * static_cast<Index>(sizeof(double));
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
  const auto member = static_cast<double>(configuration / n_silicon_groups);
  const double start = random_uniform({options_.seed, test_purpose}, group, 0);
  const double fraction = options_.test_fraction;
  return std::floor(start + (member + 1.0) * fraction) > std::floor(start + member * fraction);
}

void AtomsSource::load(Index configuration) {
  if (loaded_ == configuration) return;
  atoms_ = silicon_configuration(configuration, options_.seed);
  labels_ = stillinger_weber(atoms_);
  loaded_ = configuration;
}

void AtomsSource::read_labels(Index begin, Index count, RowLabels& labels) {
  labels.resize(count);
  for_each_piece(begin, count, [&](const ConfigurationRows& here, Index first, Index n, Index offset) {
    load(here.configuration);
    const auto group = static_cast<std::uint32_t>(here.configuration % n_silicon_groups);
    const std::uint8_t testing = is_testing(here.configuration) ? 1 : 0;
    for (Index i = 0; i < n; ++i) {
      const auto out = static_cast<std::size_t>(offset + i);
      const Index row = first + i;
      labels.configuration[out] = static_cast<std::uint64_t>(here.configuration);
      labels.group[out] = group;
      labels.testing[out] = testing;
      if (row == 0) {
        labels.type[out] = RowType::energy;
        labels.target[out] = labels_.energy / atoms_.n_atoms();
        labels.scale[out] = energy_scale;
      } else if (row < here.count - 6) {
        const auto component = static_cast<std::size_t>(row - 1);
        labels.type[out] = RowType::force;
        labels.target[out] = labels_.forces[component / 3][component % 3];
        labels.scale[out] = force_scale;
      } else {
        labels.type[out] = RowType::stress;
        labels.target[out] = labels_.stress[static_cast<std::size_t>(row - (here.count - 6))];
        labels.scale[out] = stress_scale;
      }
    }
  });
}

void AtomsSource::read_features(Index begin, Index count, double* features) {
  const Index k = info_.n_cols;
  for_each_piece(begin, count, [&](const ConfigurationRows& here, Index first, Index n, Index offset) {
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
