/// One streaming read of a rank's rows in which several visitors ride together.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/row_layout.hpp"
#include "tallfit/design/row_stream.hpp"

namespace tallfit::compress {

/// Consecutive rows of one leaf, with their finest cell keys.
struct LeafRows {
  const design::RowBlock& block;
  Index first = 0;  ///< rows [first, first + size()) of the block belong to the leaf
  std::span<const CellKey> keys;

  Index size() const { return static_cast<Index>(keys.size()); }
  Index row(Index i) const { return block.begin + first + i; }  ///< number of the row in the design
  std::size_t at(Index i) const { return static_cast<std::size_t>(first + i); }  ///< into the labels
  const double* features(Index i) const { return block.data + (first + i) * block.n_cols; }
  double scale(Index i) const { return block.labels.scale[at(i)]; }
  std::span<const double> scales(Index i, Index count) const {
    return std::span(block.labels.scale).subspan(at(i), static_cast<std::size_t>(count));
  }
  std::span<const double> targets(Index i, Index count) const {
    return std::span(block.labels.target).subspan(at(i), static_cast<std::size_t>(count));
  }
  double one(Index i) const { return block.labels.one(at(i)); }
  std::span<const double> ones(Index i, Index count) const {
    if (block.labels.ones.empty()) return {};
    return std::span(block.labels.ones).subspan(at(i), static_cast<std::size_t>(count));
  }
  double target(Index i) const { return block.labels.target[at(i)]; }
};

/// Takes the rows of a pass, leaf by leaf, in order. Its calls are local; what ranks must tell each other
/// comes after.
class RowVisitor {
public:
  RowVisitor() = default;
  RowVisitor(const RowVisitor&) = delete;
  RowVisitor& operator=(const RowVisitor&) = delete;
  virtual ~RowVisitor() = default;

  virtual void begin_leaf(Index leaf) { static_cast<void>(leaf); }
  virtual void visit(const LeafRows& rows) = 0;
  virtual void end_leaf(Index leaf) { static_cast<void>(leaf); }
};

/// A pass over this rank's rows, block by block, for work that ranks do together between blocks. Local.
class RowPass {
public:
  /// @param leaves  of this rank that are read, in order; none given: all of them
  RowPass(design::RowSource& source, const RowLayout& layout, std::span<RowVisitor* const> visitors,
          Index block_bytes, std::string_view what = {},
          std::optional<std::vector<LeafRange>> leaves = std::nullopt);
  RowPass(const RowPass&) = delete;
  RowPass& operator=(const RowPass&) = delete;
  ~RowPass();

  /// Shows the next block to the visitors. @return false after the last one, when every leaf has ended
  /// @throws Error{input} as run_row_pass()
  bool step();

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads this rank's rows once and shows them to every visitor. Rows with w > 0 are checked to be finite.
///
/// @param what    name of the pass for a progress report by rank 0; empty: none.
/// @param leaves  of this rank that are read, in order; none given: all of them
/// Memory: two blocks of about @p block_bytes. @collective: an error of one rank is thrown by all.
/// @throws Error{input} naming row, column and configuration of a value that is not finite.
void run_row_pass(design::RowSource& source, const RowLayout& layout, const comm::Communicator& comm,
                  std::span<RowVisitor* const> visitors, Index block_bytes, std::string_view what = {},
                  std::optional<std::vector<LeafRange>> leaves = std::nullopt);

}  // namespace tallfit::compress
