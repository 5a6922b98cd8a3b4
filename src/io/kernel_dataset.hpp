/// The kernel of a Gaussian process in fit.h5. Private to the layer.
#pragma once

#include <memory>

#include "hdf5.hpp"

#include "tallfit/design/kernel_basis.hpp"

namespace tallfit::io {

/// What the columns are made with.
void write_kernel(hdf5::File& file, const design::KernelBasis& basis);

/// @param n_columns  those of the model: one for each point, and what is outside of them
/// @throws Error{input} naming the dataset that does not fit
std::shared_ptr<const design::KernelBasis> read_kernel(const hdf5::File& file, Index n_columns);

}  // namespace tallfit::io
