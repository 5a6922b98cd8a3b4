/// Questions to the file system that are asked before a long write. All local.
#pragma once

#include <string>

#include "tallfit/base/numeric.hpp"

namespace tallfit::io {

/// @return the folder that @p path lies in, "." for a bare name.
std::string folder_of(const std::string& path);

/// @throws Error{input} naming the folder when it is missing, no folder, or files cannot be created in it.
void require_writable_folder(const std::string& folder);

/// @throws Error{resource} with both numbers when the disk under @p folder has less than @p bytes free.
void require_free_space(const std::string& folder, Index bytes, const std::string& for_what);

/// Renames within one file system, replacing what is there.
/// @throws Error{resource} naming both paths.
void rename_file(const std::string& from, const std::string& to);

/// Removes a file if it is there; never throws.
void remove_quietly(const std::string& path) noexcept;

}  // namespace tallfit::io
