/// The compressed design on disk (.tallfit.h5).
#pragma once

#include <string>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/compressed_design.hpp"

namespace tallfit::io {

/// Whether a file is a compressed design (root attribute tallfit_compressed); false for anything else. Local.
bool is_compressed_file(const std::string& path);

/// Writes cells, names, sums and fingerprint; every rank writes the factors it holds. The file appears under
/// its name when it is complete and has been read back. @collective
/// @throws Error{input} when the folder is not writable, Error{resource} when the disk is full.
void save_compressed(const std::string& path, const compress::CompressedDesign& design,
                     const comm::Communicator& comm);

/// Reads a compressed design; cells are dealt to the ranks in turn. @collective
/// @throws Error{input} when the file is missing, truncated or something else, or its fingerprint does not
/// fit its column names.
compress::CompressedDesign load_compressed(const std::string& path, const comm::Communicator& comm);

}  // namespace tallfit::io
