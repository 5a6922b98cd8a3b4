#include "tallfit/design/folds.hpp"

#include "tallfit/base/random.hpp"

namespace tallfit::design {

int fold_of(std::uint64_t seed, std::uint32_t group, Index ordinal, int n_folds) {
  if (n_folds < 2) return 0;
  const auto hand = static_cast<std::uint64_t>(ordinal / n_folds);
  const int place = static_cast<int>(ordinal % n_folds);
  const StreamKey key{.seed = seed, .purpose = 0xF01D};
  const std::uint64_t item = (static_cast<std::uint64_t>(group) << 40U) ^ hand;
  // The fold of a place is the rank of its random number among those of the hand.
  const std::uint64_t mine = random_hash(key, item, static_cast<std::uint64_t>(place));
  int fold = 0;
  for (int other = 0; other < n_folds; ++other) {
    const std::uint64_t theirs = random_hash(key, item, static_cast<std::uint64_t>(other));
    if (theirs < mine || (theirs == mine && other < place)) ++fold;
  }
  return fold;
}

}  // namespace tallfit::design
