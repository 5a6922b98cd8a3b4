/// HDF5 files that netCDF-4 readers understand: dimensions are datasets, to which variables refer.
#pragma once

#include <string>
#include <vector>

#include "hdf5.hpp"

namespace tallfit::io::netcdf {

/// Writes text of variable length, which is the only kind that netCDF-C reads without fault. Local files
/// alone.
void write_labels(hdf5::File& file, const std::string& name, const std::vector<std::string>& labels);

/// Marks a 1-D dataset, whose last name is that of the dimension, as a dimension. Local files alone.
/// @param number  of the dimension in the file, counted from 0
/// @see Unidata, "netCDF-4/HDF5 file format", appendix C of the netCDF user's guide
void mark_dimension(hdf5::File& file, const std::string& dataset, Index number);

/// Says which dimension each axis of a variable is, by the datasets of mark_dimension().
void attach_dimensions(hdf5::File& file, const std::string& variable,
                       const std::vector<std::string>& dimensions);

}  // namespace tallfit::io::netcdf
