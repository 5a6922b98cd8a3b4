#include "tallfit/design/random_entries.hpp"

#include <algorithm>

namespace tallfit::design {

namespace {

/// An integer in [0, n) for n < 2^32, from a random word.
Index below(Index n, std::uint32_t word) {
  return static_cast<Index>((static_cast<std::uint64_t>(word) * static_cast<std::uint64_t>(n)) >> 32U);
}

}  // namespace

void RandomEntries::add_row(Index row, SparseRows& rows) const {
  constexpr double unit = 0x1.0p-31 * 1.7320508075688772;  // 2^32 values over (-sqrt 3, sqrt 3): variance 1
  const auto item = static_cast<std::uint64_t>(row);
  const Index cut = below(n_cols_, random_words(key_, item, 0)[0]);
  const auto first = static_cast<std::ptrdiff_t>(rows.n_entries());
  for (Index i = 0; i < per_row_; i += 2) {
    const auto words = random_words(key_, item, static_cast<std::uint64_t>(1 + i / 2));
    for (Index k = i; k < std::min(i + 2, per_row_); ++k) {
      const auto word = static_cast<std::size_t>(2 * (k - i));
      const Index begin = k * n_cols_ / per_row_;
      const Index length = (k + 1) * n_cols_ / per_row_ - begin;
      const Index place = cut + begin + below(length, words[word]);
      rows.add(place < n_cols_ ? place : place - n_cols_,
               (static_cast<double>(words[word + 1]) - 0x1.0p31 + 0.5) * unit);
    }
  }
  // Columns increase from the cut on, to the last one and from the first one again.
  const auto wrap = std::is_sorted_until(rows.column.begin() + first, rows.column.end());
  const auto n_before = wrap - rows.column.begin();
  std::rotate(rows.column.begin() + first, wrap, rows.column.end());
  std::rotate(rows.value.begin() + first, rows.value.begin() + n_before, rows.value.end());
  rows.end_row();
}

}  // namespace tallfit::design
