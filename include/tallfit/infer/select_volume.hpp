/// Configurations whose rows have the largest volume.
#pragma once

#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/infer/pool.hpp"
#include "tallfit/infer/select_batch.hpp"

namespace tallfit::infer {

/// The configurations that hold the rows of maxvol(), n of them or, by rectangular maxvol, so many more rows
/// that they lie in options.size configurations.
///
/// Choices come in the order of the rows; before, after and gain are log volumes of the chosen rows up to
/// them, ½ log det of the smaller Gram matrix. Scores are the grades of extrapolation, the largest |C_ij| of
/// the configuration's rows by the n rows of the square set: no row is above 1.01; 0 for what is left out.
/// @param blocks  as rows, in coordinates in which all rows of the pool have QᵀQ = I
/// Cost: as maxvol(). @collective
/// @throws Error{input} where the square set alone lies in more configurations, or too few are left.
Batch select_volume(const PoolTable& pool, const PoolBlocks& blocks, const BatchOptions& options,
                    const comm::Communicator& comm);

}  // namespace tallfit::infer
