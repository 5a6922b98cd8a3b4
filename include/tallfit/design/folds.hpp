/// Which fold a configuration belongs to.
#pragma once

#include <cstdint>

#include "tallfit/base/numeric.hpp"

namespace tallfit::design {

/// Fold of the @p ordinal -th training configuration of @p group: stratified, so that fold sizes of a group
/// differ by at most one.
///
/// Consecutive configurations of a group are dealt in hands of n_folds, each in a random order of its own, so
/// that any configuration's fold is known from its ordinal alone and no table of configurations is kept.
/// Cost: n_folds random words. Local.
int fold_of(std::uint64_t seed, std::uint32_t group, Index ordinal, int n_folds);

}  // namespace tallfit::design
