/// The compressed design on disk (.tallfit.h5).
#pragma once

#include <memory>
#include <string>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::io {

/// Whether a file is a compressed design (root attribute tallfit_compressed); false for anything else. Local.
bool is_compressed_file(const std::string& path);

/// Writes cells, names, sums and fingerprint; every rank writes the factors it holds, or its part of the
/// columns of those on a grid. The file says nothing of ranks and grids, and is read on any. The file appears
/// under its name when it is complete and has been read back. @collective
/// @throws Error{input} when the folder is not writable, Error{resource} when the disk is full.
void save_compressed(const std::string& path, const compress::CompressedDesign& design,
                     const comm::Communicator& comm);

/// A compressed design that is read factor by factor. The file stays open.
class CompressedReader {
public:
  /// Reads all but the factors. @collective
  /// @throws Error{input} as load_compressed().
  CompressedReader(const std::string& path, const comm::Communicator& comm);
  CompressedReader(CompressedReader&&) noexcept;
  CompressedReader& operator=(CompressedReader&&) noexcept;
  ~CompressedReader();

  /// Cells are without factors.
  const compress::CompressedDesign& design() const;

  /// The whole factor of a cell. @throws Error{input} where it cannot be read. Local.
  compress::Factor read(std::size_t cell) const;

  /// The same dealt over a grid: each rank reads some columns or rows, which then travel once. Memory of a
  /// rank: its share of the factor, and 8 MiB.
  /// @throws Error{input} as above, Error{resource} as BlockCyclicMatrix.   @collective over grid.comm()
  linalg::BlockCyclicMatrix read(std::size_t cell, const linalg::ProcessGrid& grid, Index block) const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a compressed design; cells are dealt to the ranks in turn. @collective
/// @throws Error{input} when the file is missing, truncated or something else, or its fingerprint does not
/// fit its column names.
compress::CompressedDesign load_compressed(const std::string& path, const comm::Communicator& comm);

/// The same with factors dealt over a grid, as a CompressedReader reads them. Memory of a rank: its share
/// C K² / P of the factors, and 8 MiB.
/// @throws Error{input} as above, Error{resource} as BlockCyclicMatrix.   @collective over grid.comm()
compress::CompressedDesign load_compressed(const std::string& path, const linalg::ProcessGrid& grid,
                                           Index block = linalg::BlockCyclicMatrix::default_block);

/// What the file says beside the factors: cells are without them. @collective @throws Error{input} as above
compress::CompressedDesign describe_compressed(const std::string& path, const comm::Communicator& comm);

}  // namespace tallfit::io
