#include "tallfit/compress/row_pass.hpp"

#include <algorithm>
#include <optional>

#include "tallfit/base/error.hpp"
#include "tallfit/base/progress.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/design/row_filters.hpp"

namespace tallfit::compress {

namespace {

/// Numbers that a row takes in a block. Its labels weigh as about eight, which counts where little is left of
/// a wide design, as of a sparse one that is read for its predictions.
Index numbers_of_row(const design::RowSource& source, const RowLayout& layout) {
  return std::min(layout.n_cols, std::max<Index>(8, source.info().n_cols));
}

Index first_row(const RowLayout& layout, const LeafRange& leaves) {
  return layout.leaf_begin[static_cast<std::size_t>(leaves.first)];
}

Index end_row(const RowLayout& layout, const LeafRange& leaves) {
  return layout.leaf_begin[static_cast<std::size_t>(leaves.end)];
}

/// Cuts blocks at the ends of leaves and hands the parts to the visitors.
class LeafCutter {
public:
  LeafCutter(const RowLayout& layout, LeafRange leaves, std::span<RowVisitor* const> visitors)
      : layout_(layout), visitors_(visitors), leaf_(leaves.first), end_(leaves.end) {}

  void take(const design::RowBlock& block) {
    for (Index first = 0; first < block.size();) {
      while (leaf_end() <= block.begin + first) finish_leaf();
      if (!classifier_) start_leaf();
      const Index end = std::min(block.size(), leaf_end() - block.begin);
      classifier_->classify(block.labels, first, end, keys_);
      for (RowVisitor* visitor : visitors_) visitor->visit({block, first, keys_});
      first = end;
    }
  }

  void finish() {
    while (leaf_ < end_) finish_leaf();
  }

private:
  Index leaf_end() const { return layout_.leaf_begin[static_cast<std::size_t>(leaf_) + 1]; }

  void start_leaf() {
    classifier_.emplace(layout_, leaf_);
    for (RowVisitor* visitor : visitors_) visitor->begin_leaf(leaf_);
  }

  void finish_leaf() {
    if (!classifier_) start_leaf();  // a leaf may be empty: its configuration ended in an earlier one
    for (RowVisitor* visitor : visitors_) visitor->end_leaf(leaf_);
    classifier_.reset();
    ++leaf_;
  }

  const RowLayout& layout_;
  std::span<RowVisitor* const> visitors_;
  Index leaf_;
  Index end_;
  std::optional<RowClassifier> classifier_;
  std::vector<CellKey> keys_;
};

}  // namespace

struct RowPass::State {
  design::RowSource& source;
  const RowLayout& layout;
  std::span<RowVisitor* const> visitors;
  Index block_rows;
  std::vector<LeafRange> leaves;
  std::size_t next = 0;                                    ///< of the leaves
  std::optional<design::RowStream> stream = std::nullopt;  ///< of the leaves before
  std::optional<LeafCutter> cutter = std::nullopt;
  std::optional<Progress> progress = std::nullopt;

  void start_reading() {
    const LeafRange& range = leaves[next++];
    stream.emplace(source, first_row(layout, range), end_row(layout, range), block_rows);
    cutter.emplace(layout, range, visitors);
  }
};

RowPass::RowPass(design::RowSource& source, const RowLayout& layout, std::span<RowVisitor* const> visitors,
                 Index block_bytes, std::string_view what, std::optional<std::vector<LeafRange>> leaves)
    : state_(new State{.source = source,
                       .layout = layout,
                       .visitors = visitors,
                       .block_rows = design::rows_in(block_bytes, numbers_of_row(source, layout)),
                       .leaves = leaves ? *std::move(leaves)
                                        : std::vector{LeafRange{.first = layout.my_first_leaf,
                                                                .end = layout.my_end_leaf}}}) {
  if (what.empty()) return;
  Index n_rows = 0;
  for (const LeafRange& range : state_->leaves) n_rows += end_row(layout, range) - first_row(layout, range);
  state_->progress.emplace(std::string(what), n_rows);
}

RowPass::~RowPass() = default;

bool RowPass::step() {
  State& state = *state_;
  while (true) {
    if (!state.stream) {
      if (state.next == state.leaves.size()) return false;
      state.start_reading();
    }
    if (const design::RowBlock* block = state.stream->next()) {
      design::require_finite(*block, state.source.info());
      state.cutter->take(*block);
      if (state.progress) state.progress->advance(block->size());
      return true;
    }
    state.cutter->finish();
    state.stream.reset();
  }
}

void run_row_pass(design::RowSource& source, const RowLayout& layout, const comm::Communicator& comm,
                  std::span<RowVisitor* const> visitors, Index block_bytes, std::string_view what,
                  std::optional<std::vector<LeafRange>> leaves) {
  comm::all_or_none(comm, [&] {
    RowPass pass(source, layout, visitors, block_bytes, what, std::move(leaves));
    while (pass.step()) continue;
  });
}

}  // namespace tallfit::compress
