/// SnapMetadata as attributes of the group snap/.
#pragma once

#include <optional>

#include "hdf5.hpp"

#include "tallfit/design/row_source.hpp"

namespace tallfit::io {

/// @return nothing when the file has no group snap/.
/// @throws Error{input} when an attribute is missing, of another kind, or the lists differ in length. Local.
std::optional<design::SnapMetadata> read_snap_attributes(const hdf5::File& file);

/// @collective for shared files
void write_snap_attributes(hdf5::File& file, const design::SnapMetadata& snap);

}  // namespace tallfit::io
