/// A block-cyclic matrix as a dataset of a file that is open.
#pragma once

#include <string>

#include "hdf5.hpp"

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::io {

/// What a rank transposes and transfers at a time.
inline constexpr Index default_tile_bytes = Index{1} << 23;

/// Writes a as the new 2-D dataset @p name of doubles, row after row, whatever grid and blocks it lies in:
/// each rank its own entries, in collective transfers.
///
/// MPI-IO may lose data on a full disk without a word: verify_matrix() after closing, before the file gets
/// its name.
/// @param file        shared by the ranks of a's grid, or a local file and a 1 x 1 grid.
/// @param tile_bytes  size of a transfer; at most 1 GiB.
/// Cost: local part / tile_bytes transfers. Memory: tile_bytes, and what MPI-IO takes to sort a tile.
/// @throws Error{resource} naming file and dataset when it cannot be created or written.
/// @collective over a.grid().comm()
void write_matrix(hdf5::File& file, const std::string& name, const linalg::BlockCyclicMatrix& a,
                  Index tile_bytes = default_tile_bytes);

/// Reads a 2-D dataset of doubles, whatever wrote it: each rank its own entries.
/// @param file  the same file, opened by each rank for itself.
/// Memory: the matrix and tile_bytes.
/// @throws Error{input} naming file, dataset and what was found when it is missing, no matrix of doubles,
///   unreadable, or of another shape on another rank; Error{resource} as BlockCyclicMatrix.
/// @collective over grid.comm()
linalg::BlockCyclicMatrix read_matrix(const hdf5::File& file, const std::string& name,
                                      const linalg::ProcessGrid& grid, Index block,
                                      Index tile_bytes = default_tile_bytes);

/// Compares this rank's entries, bit by bit, with those in a file that it opened for itself. Local.
/// @throws Error{resource} naming file and dataset when they differ, Error{input} when they cannot be read.
void verify_matrix(const hdf5::File& file, const std::string& name, const linalg::BlockCyclicMatrix& a,
                   Index tile_bytes = default_tile_bytes);

}  // namespace tallfit::io
