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

/// Cuts blocks at the ends of leaves and hands the parts to the visitors.
class LeafCutter {
public:
  LeafCutter(const RowLayout& layout, std::span<RowVisitor* const> visitors)
      : layout_(layout), visitors_(visitors), leaf_(layout.my_first_leaf) {}

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
    while (leaf_ < layout_.my_end_leaf) finish_leaf();
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
  std::optional<RowClassifier> classifier_;
  std::vector<CellKey> keys_;
};

}  // namespace

struct RowPass::State {
  design::RowSource& source;
  design::RowStream stream;
  LeafCutter cutter;
  std::optional<Progress> progress;
};

RowPass::RowPass(design::RowSource& source, const RowLayout& layout, std::span<RowVisitor* const> visitors,
                 Index block_bytes, std::string_view what)
    : state_(new State{.source = source,
                       .stream = {source, layout.my_begin(), layout.my_end(),
                                  design::rows_in(block_bytes, numbers_of_row(source, layout))},
                       .cutter = {layout, visitors},
                       .progress = std::nullopt}) {
  if (!what.empty()) state_->progress.emplace(std::string(what), layout.my_end() - layout.my_begin());
}

RowPass::~RowPass() = default;

bool RowPass::step() {
  const design::RowBlock* block = state_->stream.next();
  if (block == nullptr) {
    state_->cutter.finish();
    return false;
  }
  design::require_finite(*block, state_->source.info());
  state_->cutter.take(*block);
  if (state_->progress) state_->progress->advance(block->size());
  return true;
}

void run_row_pass(design::RowSource& source, const RowLayout& layout, const comm::Communicator& comm,
                  std::span<RowVisitor* const> visitors, Index block_bytes, std::string_view what) {
  comm::all_or_none(comm, [&] {
    RowPass pass(source, layout, visitors, block_bytes, what);
    while (pass.step()) continue;
  });
}

}  // namespace tallfit::compress
