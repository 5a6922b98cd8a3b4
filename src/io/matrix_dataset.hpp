/// A block-cyclic matrix as a dataset of a file that is open.
#pragma once

#include <string>

#include "hdf5.hpp"

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::io {

/// What a rank sorts into rows, or out of them, at a time.
inline constexpr Index default_buffer_bytes = Index{1} << 23;

/// Writes a as the new 2-D dataset @p name of doubles, row after row, whatever grid and blocks it lies in.
/// The ranks of a process row exchange columns, and each writes whole rows, in independent transfers.
///
/// MPI-IO may lose data on a full disk without a word: verify_matrix() after closing, before the file gets
/// its name.
/// @param file          shared by the ranks of a's grid, or a local file and a 1 x 1 grid.
/// @param buffer_bytes  memory of a rank beside a; a transfer is at most half of it. Below 2 GiB.
/// Cost: a is sent once within the process rows and written once, in local part / (buffer_bytes / 2) steps.
/// @throws Error{resource} naming file and dataset when it cannot be created or written.
/// @collective over a.grid().comm()
void write_matrix(hdf5::File& file, const std::string& name, const linalg::BlockCyclicMatrix& a,
                  Index buffer_bytes = default_buffer_bytes);

/// Reads a 2-D dataset of doubles, whatever wrote it: each rank whole rows, which a process row then deals.
/// @param file  the same file, opened by each rank for itself.
/// Cost and memory as write_matrix.
/// @throws Error{input} naming file, dataset and what was found when it is missing, no matrix of doubles,
///   unreadable, or of another shape on another rank; Error{resource} as BlockCyclicMatrix.
/// @collective over grid.comm()
linalg::BlockCyclicMatrix read_matrix(const hdf5::File& file, const std::string& name,
                                      const linalg::ProcessGrid& grid, Index block,
                                      Index buffer_bytes = default_buffer_bytes);

/// Compares a, bit by bit, with a dataset of a file that each rank opened for itself. Cost as read_matrix.
/// @throws Error{resource} naming file and dataset when they differ, Error{input} when it cannot be read.
/// @collective over a.grid().comm()
void verify_matrix(const hdf5::File& file, const std::string& name, const linalg::BlockCyclicMatrix& a,
                   Index buffer_bytes = default_buffer_bytes);

}  // namespace tallfit::io
