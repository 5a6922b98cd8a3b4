/// Tables of errors in HDF5: a line of labels and a line of sums for each entry.
#pragma once

#include <string>
#include <vector>

#include "hdf5.hpp"

#include "tallfit/estimate/metrics.hpp"

namespace tallfit::io {

/// Writes NAME_labels and NAME_sums of tables of training rows. Local.
/// @param numbers  one of each table, none twice
void write_error_tables(hdf5::File& file, const std::string& name, const std::vector<Index>& numbers,
                        const std::vector<estimate::ErrorTable>& tables);

/// The tables of these numbers, bit for bit. Local. @throws Error{input} for entries of another number
std::vector<estimate::ErrorTable> read_error_tables(const hdf5::File& file, const std::string& name,
                                                    const std::vector<Index>& numbers);

}  // namespace tallfit::io
