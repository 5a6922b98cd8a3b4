#include "dealt_factor.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "matrix_lines.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::io {

using linalg::BlockCyclicMatrix;

namespace {

constexpr Index line_buffer_bytes = Index{8} << 20U;

/// The lines of a factor in the order of the file, those of a triangle without what is below its diagonal.
class StoredLines {
public:
  explicit StoredLines(const BlockCyclicMatrix& factor)
      : packed_(factor.rows() == factor.cols()),
        lines_(factor, packed_ ? MatrixLines::Kind::columns : MatrixLines::Kind::rows, line_buffer_bytes) {}

  MatrixLines& lines() { return lines_; }
  /// Where this rank's lines of a step begin in the file, and how many values they have there.
  Index begin(Index step) const { return place(lines_.mine(step).begin); }
  Index count(Index step) const {
    const MatrixLines::Range mine = lines_.mine(step);
    return place(mine.begin + mine.count) - place(mine.begin);
  }

  /// Moves what the file has of this rank's lines to the front of their values.
  void pack(Index step) {
    if (!packed_) return;
    const MatrixLines::Range mine = lines_.mine(step);
    for (Index i = 1; i < mine.count; ++i)  // the first is where it must be; none moves to the right
      std::copy_n(line(i), mine.begin + i + 1, stored(mine, i));
  }
  /// Moves it back, with zeros below the diagonal.
  void unpack(Index step) {
    if (!packed_) return;
    const MatrixLines::Range mine = lines_.mine(step);
    for (Index i = mine.count - 1; i >= 0; --i) {
      const Index size = mine.begin + i + 1;
      if (i > 0) std::copy_backward(stored(mine, i), stored(mine, i) + size, line(i) + size);
      std::fill(line(i) + size, line(i + 1), 0.0);
    }
  }

private:
  Index place(Index line) const { return packed_ ? linalg::packed_size(line) : line * lines_.line_length(); }

  double* line(Index i) { return lines_.values().data() + i * lines_.line_length(); }
  double* stored(const MatrixLines::Range& mine, Index i) {
    return lines_.values().data() + place(mine.begin + i) - place(mine.begin);
  }

  bool packed_;
  MatrixLines lines_;
};

}  // namespace

void write_dealt_factor(hdf5::Dataset& set, Index offset, const BlockCyclicMatrix& factor) {
  StoredLines stored(factor);
  for (Index step = 0; step < stored.lines().n_steps(); ++step) {
    stored.lines().take(factor, step);
    // Agreed on each time: a rank that failed would be missed in the next exchange.
    comm::all_or_none(factor.grid().comm(), [&] {
      stored.pack(step);
      if (stored.count(step) > 0)
        set.write_rows(offset + stored.begin(step), stored.count(step), stored.lines().values().data());
    });
  }
}

void read_dealt_factor(const hdf5::Dataset& set, Index offset, BlockCyclicMatrix& factor) {
  StoredLines stored(factor);
  for (Index step = 0; step < stored.lines().n_steps(); ++step) {
    comm::all_or_none(factor.grid().comm(), [&] {
      set.read_rows(offset + stored.begin(step), stored.count(step), stored.lines().values().data());
      stored.unpack(step);
    });
    stored.lines().give(step, factor);
  }
}

void verify_dealt_factor(const hdf5::Dataset& set, Index offset, const BlockCyclicMatrix& factor) {
  const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  StoredLines stored(factor);
  std::vector<double> read;
  for (Index step = 0; step < stored.lines().n_steps(); ++step) {
    stored.lines().take(factor, step);
    comm::all_or_none(factor.grid().comm(), [&] {
      stored.pack(step);
      read.resize(static_cast<std::size_t>(stored.count(step)));
      set.read_rows(offset + stored.begin(step), stored.count(step), read.data());
      require(std::equal(read.begin(), read.end(), stored.lines().values().begin(),
                         [&](double x, double y) { return bits(x) == bits(y); }),
              ErrorKind::resource, "{} differs from what was written: the disk is full or broken",
              set.place());
    });
  }
}

}  // namespace tallfit::io
