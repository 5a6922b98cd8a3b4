/// HDF5 behind RAII: files, datasets and attributes whose errors name the file, the object and the reason.
///
/// Every call takes the process-wide lock, because HDF5 must be entered by one thread at a time and a reading
/// thread shares the process with the main one. Calls on objects of a shared file (File::create_shared) are
/// collective where HDF5 changes metadata: creating, writing attributes, closing.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tallfit/base/error.hpp"
#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::io::hdf5 {

/// Keeps other threads of this process out of HDF5 while it lives; recursive. The functions below take it.
std::unique_lock<std::recursive_mutex> lock();

/// The pending HDF5 error stack as one line, innermost reason first, and cleared.
std::string take_error_stack();

/// Throws Error{kind} with "@p what: reasons of HDF5" when @p result is negative.
template <class Result>
Result check(Result result, ErrorKind kind, const std::string& what) {
  if (result < 0) [[unlikely]]
    throw Error(kind, what + ": " + take_error_stack());
  return result;
}

/// Whether closing an object is a collective call.
enum class Sharing : std::uint8_t { local, shared };

/// One HDF5 identifier. Move-only. The destructor is silent, and leaves objects of shared files alone while
/// an exception unwinds: closing is collective there, and the other ranks may never come.
class Handle {
public:
  using Closer = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Closer closer, Sharing sharing = Sharing::local) noexcept
      : id_(id), closer_(closer), sharing_(sharing) {}
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle();

  hid_t get() const noexcept { return id_; }
  Sharing sharing() const noexcept { return sharing_; }
  /// @throws Error{resource} naming @p what when HDF5 cannot close (it writes its last data then).
  void close(const std::string& what);

private:
  void close_silently() noexcept;

  hid_t id_ = H5I_INVALID_HID;
  Closer closer_ = nullptr;
  Sharing sharing_ = Sharing::local;
};

/// An open HDF5 file.
class File {
public:
  /// Opens for reading with the POSIX driver and without file locks, which many cluster file systems lack.
  /// Local.
  /// @throws Error{input} when the file is missing, unreadable, not HDF5 or truncated.
  static File open(const std::string& path);
  /// Creates or truncates, for this process alone. @throws Error{input} when it cannot be created. Local.
  static File create(const std::string& path);
  /// Creates or truncates with the MPI-IO driver. @collective over comm; may fail on some ranks only.
  static File create_shared(const std::string& path, const comm::Communicator& comm);

  const std::string& path() const noexcept { return path_; }
  hid_t get() const noexcept { return handle_.get(); }
  Sharing sharing() const noexcept { return handle_.sharing(); }
  /// Whether this process writes what is the same on all ranks: rank 0 of a shared file.
  bool is_writer() const noexcept { return is_writer_; }

  /// Whether the link (a name, or names joined by '/') leads to an object.
  bool has(const std::string& name) const;
  void create_group(const std::string& name);
  void close() { handle_.close(path_); }

private:
  File(std::string path, Handle handle, bool is_writer = true)
      : path_(std::move(path)), handle_(std::move(handle)), is_writer_(is_writer) {}

  std::string path_;
  Handle handle_;
  bool is_writer_ = true;
};

enum class TypeClass : std::uint8_t { floating, integer, string, other };

/// How ranks take part in a transfer.
enum class Transfer : std::uint8_t { independent, collective };

/// The HDF5 type of a C++ number in memory and, little-endian or not, in the files we write.
template <class T>
hid_t native_type();
template <>
inline hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
inline hid_t native_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t native_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
inline hid_t native_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
inline hid_t native_type<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
inline hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
inline hid_t native_type<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}

/// Rows, or columns: @p count groups of @p size adjacent ones, whose first ones lie @p stride apart.
struct Comb {
  Index begin = 0;
  Index size = 0;
  Index count = 1;
  Index stride = 1;  ///< of no meaning for one group, else at least size
};

/// Adjacent columns of some rows of a 2-D dataset, row by row. The combs ascend and do not overlap.
struct Entries {
  std::vector<Comb> rows;
  Index first_col = 0;
  Index n_cols = 0;

  Index count() const noexcept;
};

/// An open dataset of any rank >= 1; its rows run along the first dimension.
class Dataset {
public:
  /// How to store a new dataset. chunk_rows = 0: contiguous.
  struct Storage {
    Index chunk_rows = 0;
    int deflate = 0;  ///< gzip level 1..9, with byte shuffling; needs chunks
  };

  /// @throws Error{input} when it is missing or no dataset.
  static Dataset open(const File& file, const std::string& name);

  /// Creates with unset values: every row must be written. @collective for shared files
  template <class T>
  static Dataset create(File& file, const std::string& name, const std::vector<Index>& shape,
                        Storage storage) {
    return create_of_type(file, name, native_type<T>(), shape, storage);
  }
  template <class T>
  static Dataset create(File& file, const std::string& name, const std::vector<Index>& shape) {
    return create_of_type(file, name, native_type<T>(), shape, Storage());
  }

  const std::vector<Index>& shape() const noexcept { return shape_; }
  Index n_rows() const noexcept { return shape_.front(); }
  TypeClass type_class() const noexcept { return type_class_; }
  Index element_bytes() const noexcept { return element_bytes_; }
  /// "FILE: dataset 'NAME'", for messages.
  const std::string& place() const noexcept { return place_; }

  /// Reads rows [begin, begin + count), converted to T, in transfers below 2 GiB.
  /// @throws Error{input} naming the rows when they cannot be read.
  template <class T>
  void read_rows(Index begin, Index count, T* values) const {
    read_raw(begin, count, native_type<T>(), sizeof(T), values);
  }

  /// Writes rows [begin, begin + count); count may be 0.
  /// Independent transfers are split below 2 GiB. Collective ones are called by every rank of a shared file
  /// the same number of times, must be below 2 GiB, and fail when HDF5 quietly made them independent.
  /// @throws Error{resource}, maybe on this rank only.
  template <class T>
  void write_rows(Index begin, Index count, const T* values, Transfer transfer = Transfer::independent) {
    write_raw(begin, count, {native_type<T>(), sizeof(T)}, values, transfer);
  }

  /// Reads a part of a 2-D dataset in one transfer, which must be below 2 GiB.
  /// @throws Error{input} naming the rows when they cannot be read.
  template <class T>
  void read_entries(const Entries& entries, T* values) const {
    read_selected(select(entries), native_type<T>(), values);
  }

  /// Writes a part of a 2-D dataset in one independent transfer, which must be below 2 GiB; it may be empty.
  /// @throws Error{resource}, maybe on this rank only.
  template <class T>
  void write_entries(const Entries& entries, const T* values) {
    if (entries.count() == 0) return;
    write_selected(select(entries), native_type<T>(), values, Transfer::independent);
  }

  void close() { handle_.close(place_); }

private:
  /// Where the values of a transfer lie in the file.
  struct Selection {
    Handle space;
    Index count = 0;   ///< of elements
    std::string rows;  ///< for messages
  };
  struct MemoryType {
    hid_t type;
    std::size_t bytes;
  };

  Dataset(Handle handle, std::string place);
  static Dataset create_of_type(File& file, const std::string& name, hid_t type,
                                const std::vector<Index>& shape, Storage storage);
  Selection select(Index begin, Index count) const;
  Selection select(const Entries& entries) const;
  Index elements_per_row() const;
  void read_raw(Index begin, Index count, hid_t type, std::size_t bytes, void* values) const;
  void write_raw(Index begin, Index count, MemoryType memory, const void* values, Transfer transfer);
  void read_selected(const Selection& from, hid_t type, void* values) const;
  void write_selected(const Selection& to, hid_t type, const void* values, Transfer transfer);

  Handle handle_;
  std::string place_;
  std::vector<Index> shape_;
  TypeClass type_class_ = TypeClass::other;
  Index element_bytes_ = 0;
};

}  // namespace tallfit::io::hdf5
