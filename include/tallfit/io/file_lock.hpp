/// A lock that keeps two runs from writing the same output.
#pragma once

#include <string>

namespace tallfit::io {

/// Held while it lives, and until the process ends, however it ends. File systems without locks go without.
/// Local.
class FileLock {
public:
  /// Makes the file where it is missing. @throws Error{input} where another process holds the lock.
  explicit FileLock(const std::string& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

private:
  int descriptor_;
};

}  // namespace tallfit::io
