/// A cell's factor on a grid as a part of a dataset of factors.
#pragma once

#include "hdf5.hpp"

#include "tallfit/linalg/block_cyclic_matrix.hpp"

namespace tallfit::io {

/// Of a factor on a grid: as many rows as columns make an upper triangle, packed by columns; else its rows,
/// one after the other. What compress::Factor::values() has, so that files do not know the engine.
///
/// All three go through it some columns or rows a rank at a time; memory of a rank beside it: 8 MiB, or some
/// lines where these are longer. @collective over the grid of the factor

/// Writes it from entry @p offset of a 1-D dataset on. @throws Error{resource}
void write_dealt_factor(hdf5::Dataset& set, Index offset, const linalg::BlockCyclicMatrix& factor);

/// Reads it. @param factor  of the right shape, zero. @throws Error{input}
void read_dealt_factor(const hdf5::Dataset& set, Index offset, linalg::BlockCyclicMatrix& factor);

/// Compares it, bit by bit, with what was written. @throws Error{resource}
void verify_dealt_factor(const hdf5::Dataset& set, Index offset, const linalg::BlockCyclicMatrix& factor);

}  // namespace tallfit::io
