#include "tallfit/design/row_stream.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "tallfit/base/memory.hpp"

namespace tallfit::design {

namespace {

/// Of rows in memory in one block: they stay in the L2 cache from the look for NaN to the work on them.
constexpr Index cached_bytes = Index{256} << 10U;

/// Hardware fetches ahead within a page of 4 KiB, the length of a row of 500 features.
constexpr Index prefetch_distance = 2048 / sizeof(double);

/// First column of a row that is not finite, or n_cols when all are.
Index first_nonfinite(const double* row, Index n_cols) {
  // x * 0 is NaN exactly where x is not finite; eight sums need no branch and do not wait for one another.
  constexpr Index lanes = 8;
  std::array<double, lanes> probe{};
  Index j = 0;
  for (; j + lanes <= n_cols; j += lanes) {
    __builtin_prefetch(row + j + prefetch_distance);
    for (Index lane = 0; lane < lanes; ++lane) probe[static_cast<std::size_t>(lane)] += row[j + lane] * 0.0;
  }
  for (; j < n_cols; ++j) probe[0] += row[j] * 0.0;
  const double sum = std::accumulate(probe.begin(), probe.end(), 0.0);
  if (sum == 0.0) [[likely]]
    return n_cols;
  return std::find_if(row, row + n_cols, [](double x) { return !std::isfinite(x); }) - row;
}

void find_nonfinite_in_place(RowBlock& block) {
  block.nonfinite.clear();
  const auto features = block.features();
  for (Index i = 0; i < block.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double scale = block.labels.scale[at];
    if (scale == 0.0) continue;
    Index column = first_nonfinite(features.row(i).data(), block.n_cols);
    if (column == block.n_cols && std::isfinite(block.labels.target[at])) {
      if (std::isfinite(scale)) continue;
      column = block.n_cols + 1;
    }
    block.nonfinite.push_back({block.begin + i, column});
  }
}

/// A block and memory for what its source does not hold.
struct Slot {
  RowBlock block;
  RowMajorMatrix features;

  void read(RowSource& source, Index row, Index count) {
    block.begin = row;
    block.n_cols = source.info().n_cols;
    source.read_labels(row, count, block.labels);
    block.data = source.features_in_memory(row, count);
    if (block.data == nullptr) {
      if (features.rows() != count) features.resize(count, block.n_cols);
      source.read_features(row, count, features.data());
      block.data = source.features_in_memory(row, count);  // if it kept what it read
    }
    block.stays = block.data != nullptr;
    if (!block.stays) block.data = features.data();
    find_nonfinite_in_place(block);
  }
};

}  // namespace

/// Two slots between one producer and one consumer. `filled` and `taken` count blocks since the start; slot
/// i % 2 holds block i, and the producer stays at most two ahead of what the consumer has let go. Rows in
/// memory need no producer: the consumer fills the slots itself.
struct RowStream::State {
  RowSource& source;
  Index end;
  Index block_rows;
  Index next_row;
  bool in_memory;
  std::array<Slot, 2> slots;
  std::mutex mutex;
  std::condition_variable changed;
  Index filled = 0;
  Index taken = 0;
  bool handed_out = false;
  bool finished = false;
  bool abandoned = false;
  std::exception_ptr failure;
  std::jthread reader;

  State(RowSource& rows, Index begin, Index stop, Index block)
      : source(rows),
        end(stop),
        block_rows(block),
        next_row(begin),
        in_memory(rows.features_in_memory(begin, std::min(block, stop - begin)) != nullptr) {
    if (in_memory) block_rows = std::min(block_rows, rows_in(cached_bytes, source.info().n_cols));
    if (!in_memory) reader = std::jthread([this] { read_all(); });
  }

  ~State() {
    {
      const std::lock_guard lock(mutex);
      abandoned = true;
    }
    changed.notify_all();
  }

  void read_all() {
    try {
      while (next_row < end) {
        if (!wait_for_free_slot()) return;
        read_next(slots[static_cast<std::size_t>(filled % 2)]);
        const std::lock_guard lock(mutex);
        ++filled;
        changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  bool wait_for_free_slot() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return abandoned || filled - taken < 2; });
    return !abandoned;
  }

  void read_next(Slot& slot) {
    const Index count = std::min(block_rows, end - next_row);
    slot.read(source, next_row, count);
    next_row += count;
  }
};

RowStream::RowStream(RowSource& source, Index begin, Index end, Index block_rows)
    : state_(std::make_unique<State>(source, begin, end, std::max<Index>(1, block_rows))) {}

RowStream::~RowStream() = default;

const RowBlock* RowStream::next() {
  State& s = *state_;
  if (s.in_memory) {
    if (s.next_row >= s.end) return nullptr;
    s.read_next(s.slots.front());
    return &s.slots.front().block;
  }
  std::unique_lock lock(s.mutex);
  // The block handed out last is free from now on; before the first call nothing was.
  if (s.handed_out) {
    ++s.taken;
    s.handed_out = false;
    s.changed.notify_all();
  }
  s.changed.wait(lock, [&s] { return s.filled > s.taken || s.finished; });
  if (s.filled > s.taken) {
    s.handed_out = true;
    return &s.slots[static_cast<std::size_t>(s.taken % 2)].block;
  }
  if (s.failure) std::rethrow_exception(s.failure);
  return nullptr;
}

Index rows_in(Index bytes, Index n_cols) {
  return std::max<Index>(1, bytes / (double_bytes * std::max<Index>(1, n_cols)));
}

}  // namespace tallfit::design
