#include "npy_header.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <string_view>

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

[[noreturn]] void fail_header(const InputFile& file, const std::string& what) {
  fail(ErrorKind::input, "{}: the NumPy header is damaged: {}", file.path(), what);
}

/// The text of the header dictionary; sets where the data begins.
std::string read_dictionary(const InputFile& file, NpyHeader& header) {
  std::array<std::byte, 12> start{};
  const Index n = file.read_at(0, start);
  static constexpr std::string_view magic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(start.data()), magic.size());
  require(n >= 10 && text == magic, ErrorKind::input, "{}: is not a NumPy (.npy) file", file.path());
  const auto byte = [&](std::size_t i) { return std::to_integer<Index>(start.at(i)); };
  const Index version = byte(6);
  require(version >= 1 && version <= 3, ErrorKind::input,
          "{}: has NumPy format version {}; this program reads 1, 2 and 3", file.path(), version);
  const Index prefix = version == 1 ? 10 : 12;
  Index length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  header.data_offset = prefix + length;
  if (header.data_offset > file.size()) fail_header(file, "the file ends inside it");
  std::string dictionary(static_cast<std::size_t>(length), ' ');
  file.read_at(prefix, std::as_writable_bytes(std::span(dictionary)));
  return dictionary;
}

/// What follows "'key':" in the dictionary, without leading blanks.
std::string_view value_of(const InputFile& file, std::string_view dictionary, std::string_view key) {
  std::size_t at = dictionary.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) at = dictionary.find(fmt::format("\"{}\"", key));
  if (at == std::string_view::npos) fail_header(file, fmt::format("'{}' is missing", key));
  at = dictionary.find(':', at);
  at = at == std::string_view::npos ? at : dictionary.find_first_not_of(' ', at + 1);
  if (at == std::string_view::npos) fail_header(file, fmt::format("'{}' has no value", key));
  return dictionary.substr(at);
}

void parse_type(const InputFile& file, std::string_view value, NpyHeader& header) {
  if (!value.starts_with('\'') && !value.starts_with('"'))
    fail(ErrorKind::input, "{}: holds records; expected plain numbers", file.path());
  const std::string_view type = value.substr(1, value.find(value.front(), 1) - 1);  // such as <f8
  if (type.size() < 3) fail_header(file, fmt::format("'{}' is no type", type));
  header.kind = type[1];
  int bytes = 0;
  std::from_chars(type.data() + 2, type.data() + type.size(), bytes);
  header.item_bytes = bytes;
  const bool is_float = header.kind == 'f' && (bytes == 4 || bytes == 8);
  const bool is_integer =
      (header.kind == 'i' || header.kind == 'u') && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
  require(is_float || is_integer, ErrorKind::input,
          "{}: holds numbers of NumPy type '{}'; expected f4, f8 or integers. Convert with .astype('f8').",
          file.path(), type);
  const bool big = type[0] == '>';
  header.swapped = bytes > 1 && big != (std::endian::native == std::endian::big) && (big || type[0] == '<');
}

void parse_shape(const InputFile& file, std::string_view value, NpyHeader& header) {
  const std::size_t end = value.find(')');
  if (!value.starts_with('(') || end == std::string_view::npos) fail_header(file, "'shape' is no tuple");
  const char* at = value.data() + 1;
  const char* const last = value.data() + end;
  while (at < last) {
    Index extent = 0;
    const auto [next, error] = std::from_chars(at, last, extent);
    if (error != std::errc() || extent < 0)
      fail_header(file, fmt::format("shape {}", value.substr(0, end + 1)));
    header.shape.push_back(extent);
    at = next;
    while (at < last && (*at == ',' || *at == ' ')) ++at;
  }
}

}  // namespace

NpyHeader read_npy_header(const InputFile& file) {
  NpyHeader header;
  const std::string dictionary = read_dictionary(file, header);
  parse_type(file, value_of(file, dictionary, "descr"), header);
  header.fortran_order = value_of(file, dictionary, "fortran_order").starts_with("True");
  parse_shape(file, value_of(file, dictionary, "shape"), header);
  require(header.shape.size() == 1 || header.shape.size() == 2, ErrorKind::input,
          "{}: has {} dimensions; expected 1 or 2", file.path(), header.shape.size());
  Index bytes = header.item_bytes;
  for (const Index extent : header.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) fail_header(file, "the shape is impossibly large");
  }
  require(header.data_offset + bytes <= file.size(), ErrorKind::input,
          "{}: is truncated: {} bytes of numbers, but its header promises {}. Copy or write it again.",
          file.path(), file.size() - header.data_offset, bytes);
  return header;
}

}  // namespace tallfit::io
