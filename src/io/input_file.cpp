#include "input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tallfit/base/error.hpp"

namespace tallfit::io {

InputFile::InputFile(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  require(descriptor_ >= 0, ErrorKind::input, "{}: cannot be opened: {}", path, std::strerror(errno));
  struct stat status = {};
  const bool regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (!regular) ::close(std::exchange(descriptor_, -1));
  require(regular, ErrorKind::input, "{}: is not a regular file", path);
  size_ = static_cast<Index>(status.st_size);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Index InputFile::read_at(Index offset, std::span<std::byte> bytes) const {
  constexpr std::size_t most = std::size_t{1} << 30U;  // Linux reads at most 2 GiB a call
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pread(descriptor_, bytes.data() + done, std::min(most, bytes.size() - done),
                              static_cast<off_t>(offset) + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    require(n >= 0, ErrorKind::input, "{}: cannot be read at byte {}: {}", path_, offset,
            std::strerror(errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<Index>(done);
}

}  // namespace tallfit::io
