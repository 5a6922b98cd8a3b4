#include "text_lines.hpp"

#include <algorithm>
#include <cstring>

namespace tallfit::io {

void LineScanner::go_to(LinePosition position) {
  upcoming_ = position;
  begin_ = 0;
  end_ = 0;
}

/// Moves the rest to the front, doubles a buffer that one line fills, and reads more.
bool LineScanner::refill() {
  constexpr std::size_t first_size = std::size_t{1} << 18U;
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) buffer_.resize(std::max(first_size, 2 * buffer_.size()));
  const std::span<char> space(buffer_.data() + end_, buffer_.size() - end_);
  const Index n = file_->read_at(upcoming_.offset + static_cast<Index>(end_), std::as_writable_bytes(space));
  end_ += static_cast<std::size_t>(n);
  return n > 0;
}

bool LineScanner::next(std::string_view& line) {
  std::size_t searched = begin_;
  const char* newline = nullptr;
  while (true) {
    if (searched < end_)
      newline = static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (newline != nullptr) break;
    const std::size_t pending = end_ - begin_;
    if (!refill()) break;
    searched = begin_ + pending;
  }
  if (newline == nullptr && begin_ == end_) return false;

  const std::size_t length =
      newline != nullptr ? static_cast<std::size_t>(newline - buffer_.data()) - begin_ : end_ - begin_;
  line = std::string_view(buffer_.data() + begin_, length);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t consumed = length + (newline != nullptr ? 1 : 0);
  begin_ += consumed;
  current_ = upcoming_;
  upcoming_ = {current_.offset + static_cast<Index>(consumed), current_.line + 1};
  return true;
}

bool LineScanner::next_data(std::string_view& line) {
  while (next(line)) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first != std::string_view::npos && line[first] != '#') return true;
  }
  return false;
}

}  // namespace tallfit::io
