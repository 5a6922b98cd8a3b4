/// A file that is read at given places.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tallfit/base/numeric.hpp"

namespace tallfit::io {

/// An open file descriptor for reading. Move-only.
class InputFile {
public:
  /// @throws Error{input} when the file is missing, a folder or unreadable.
  explicit InputFile(const std::string& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  const std::string& path() const noexcept { return path_; }
  Index size() const noexcept { return size_; }

  /// Fills @p bytes from @p offset. @return the number of bytes read: fewer only at the end of the file.
  /// @throws Error{input} when the disk does not deliver.
  Index read_at(Index offset, std::span<std::byte> bytes) const;

private:
  std::string path_;
  int descriptor_ = -1;
  Index size_ = 0;
};

}  // namespace tallfit::io
