/// Configurations that may be labelled.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <vector>

#include "tallfit/compress/row_pass.hpp"
#include "tallfit/infer/resampling.hpp"
#include "tallfit/infer/whitening.hpp"

namespace tallfit::infer {

/// A configuration of the pool.
struct PoolUnit {
  std::uint64_t configuration = 0;  ///< its number in the design
  std::uint32_t group = 0;
  Index begin = 0;  ///< its rows in the design, those of w = 0 too
  Index end = 0;
  Index n_rows = 0;  ///< of w > 0 that are not for testing
};

/// All configurations with rows of w > 0 that are not for testing, in the order of their rows; the same on
/// every rank.
struct PoolTable {
  std::vector<PoolUnit> units;
  UnitRange mine;  ///< those of this rank

  Index size() const { return static_cast<Index>(units.size()); }
  const PoolUnit& unit(Index i) const { return units[static_cast<std::size_t>(i)]; }
};

/// Cost: two passes over the labels; 40 bytes for each configuration on every rank. @collective
PoolTable survey_pool(design::RowSource& source, const compress::RowLayout& layout,
                      const comm::Communicator& comm);

/// The rows of this rank's configurations in coordinates in which the information to start with is I.
struct PoolBlocks {
  std::vector<Eigen::MatrixXd> blocks;  ///< n x m of each: rows are columns
  std::vector<double> squares;          ///< Σ ‖w a‖² of each, in the units of the rows

  Index n_coordinates = 0;
};

/// How the rows of a configuration are kept.
enum class BlockForm : std::uint8_t {
  factors,  ///< more than n rows as their triangular factor: QᵀQ is the same, single rows are gone
  rows      ///< as they are
};

/// Bytes of the blocks of some configurations.
Index bytes_of_blocks(const PoolTable& pool, Index begin, Index end, Index n_coordinates, BlockForm form);

/// Reads the rows once. Cost: K² flops a row, or 2 K n; 2 n² (m - n / 3) for a configuration of m > n rows.
/// Memory: bytes_of_blocks(). The bits do not depend on the number of ranks. @collective
PoolBlocks load_pool(design::RowSource& source, const compress::RowLayout& layout, const PoolTable& pool,
                     const Whitening& start, BlockForm form, Index block_bytes,
                     const comm::Communicator& comm);

}  // namespace tallfit::infer
