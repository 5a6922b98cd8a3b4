/// A block-cyclic matrix in a file.
#pragma once

#include <string>

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::io {

/// Writes a K x M matrix as one 2-D HDF5 dataset of doubles, row after row: what h5py shows is the matrix
/// itself, and its bytes do not depend on the grid and the blocks of a. All ranks write, a part of the rows
/// of their process row each; nothing is gathered. The file appears under its name when it is complete and
/// has been read back.
///
/// @param name  of the dataset, in the root of the file.
/// Cost: 8 K M bytes written and read once, and sent twice within the process rows. Memory beside a: 8 MiB a
/// rank.
/// @throws Error{input} when the folder is not writable, Error{resource} when the disk is full or has less
///   than 8 K M bytes free.
/// @collective over a.grid().comm()
void write_matrix_file(const std::string& path, const std::string& name, const linalg::BlockCyclicMatrix& a);

/// Reads a 2-D dataset of doubles, whatever wrote it, into blocks over a grid: each rank a part of the rows,
/// which the process rows then deal.
///
/// @param name   of the dataset; groups before it are separated by '/'.
/// @param grid   need not be the one that wrote.
/// @return       K x M in blocks of @p block, the same bits on any grid.
/// Cost: the dataset is read once, and sent once within the process rows. Memory beside the result: 8 MiB a
/// rank.
/// @throws Error{input} naming file, dataset, what was found and what was expected: when it is missing,
///   truncated, not two-dimensional, not of doubles, or not the same for all ranks.
/// @throws Error{resource} when it has more entries than the ranks' memory or ScaLAPACK's counts can hold.
/// @collective over grid.comm()
linalg::BlockCyclicMatrix read_matrix_file(const std::string& path, const std::string& name,
                                           const linalg::ProcessGrid& grid,
                                           Index block = linalg::BlockCyclicMatrix::default_block);

}  // namespace tallfit::io
