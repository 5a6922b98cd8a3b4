#include <algorithm>
#include <cstring>

#include "matrix_kinds.hpp"
#include "npy_header.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

/// Converts @p n stored numbers to doubles that lie @p stride apart.
using Converter = void (*)(const std::byte* stored, Index n, Index stride, double* values);

template <class T, bool swapped>
void convert(const std::byte* stored, Index n, Index stride, double* values) {
  for (Index i = 0; i < n; ++i) {
    std::byte item[sizeof(T)];
    std::memcpy(item, stored + i * static_cast<Index>(sizeof(T)), sizeof(T));
    if constexpr (swapped) std::reverse(item, item + sizeof(T));
    T value;
    std::memcpy(&value, item, sizeof(T));
    values[i * stride] = static_cast<double>(value);
  }
}

template <class T>
Converter pick(bool swapped) {
  return swapped ? convert<T, true> : convert<T, false>;
}

Converter pick_converter(const NpyHeader& header) {
  switch (header.kind) {
    case 'f':
      return header.item_bytes == 4 ? pick<float>(header.swapped) : pick<double>(header.swapped);
    case 'i':
      switch (header.item_bytes) {
        case 1:
          return pick<std::int8_t>(false);
        case 2:
          return pick<std::int16_t>(header.swapped);
        case 4:
          return pick<std::int32_t>(header.swapped);
        default:
          return pick<std::int64_t>(header.swapped);
      }
    default:
      switch (header.item_bytes) {
        case 1:
          return pick<std::uint8_t>(false);
        case 2:
          return pick<std::uint16_t>(header.swapped);
        case 4:
          return pick<std::uint32_t>(header.swapped);
        default:
          return pick<std::uint64_t>(header.swapped);
      }
  }
}

class NpyMatrix final : public MatrixReader {
public:
  explicit NpyMatrix(const std::string& path)
      : file_(path), header_(read_npy_header(file_)), convert_(pick_converter(header_)) {}

  Index n_rows() const override { return header_.shape.front(); }
  Index n_cols() const override { return header_.shape.size() == 2 ? header_.shape.back() : 1; }
  const std::string& describe() const override { return file_.path(); }
  const std::vector<std::string>& column_names() const override { return no_names_; }
  Index bytes_per_row() const override { return n_cols() * header_.item_bytes; }

  void read_rows(Index begin, Index count, double* row_major) override {
    require(begin >= 0 && count >= 0 && begin + count <= n_rows(), ErrorKind::bug, "{}: rows {} to {} of {}",
            file_.path(), begin, begin + count, n_rows());
    if (header_.fortran_order)
      for (Index j = 0; j < n_cols(); ++j) read_run(j * n_rows() + begin, count, n_cols(), row_major + j);
    else
      read_run(begin * n_cols(), count * n_cols(), 1, row_major);
  }

private:
  /// Reads @p n consecutive items from item @p first, in pieces that fit the buffer.
  void read_run(Index first, Index n, Index stride, double* values) {
    constexpr Index piece = Index{1} << 17;
    buffer_.resize(static_cast<std::size_t>(std::min(n, piece) * header_.item_bytes));
    for (Index done = 0; done < n; done += piece) {
      const Index now = std::min(piece, n - done);
      const std::span<std::byte> bytes(buffer_.data(), static_cast<std::size_t>(now * header_.item_bytes));
      const Index got = file_.read_at(header_.data_offset + (first + done) * header_.item_bytes, bytes);
      require(got == static_cast<Index>(bytes.size()), ErrorKind::input,
              "{}: became shorter while it was read", file_.path());
      convert_(bytes.data(), now, stride, values + done * stride);
    }
  }

  InputFile file_;
  NpyHeader header_;
  Converter convert_;
  std::vector<std::byte> buffer_;
  std::vector<std::string> no_names_;
};

}  // namespace

std::unique_ptr<MatrixReader> open_npy(const std::string& path) { return std::make_unique<NpyMatrix>(path); }

}  // namespace tallfit::io
