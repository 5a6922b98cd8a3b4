#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include "hdf5.hpp"

namespace tallfit::io::hdf5 {

namespace {

constexpr Index transfer_bytes = Index{1} << 30;  // HDF5 and MPI-IO count some transfers in 32 bits

std::string place_of(const File& file, const std::string& name) {
  return file.path() + ": dataset '" + name + "'";
}

TypeClass class_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return TypeClass::floating;
    case H5T_INTEGER:
      return TypeClass::integer;
    case H5T_STRING:
      return TypeClass::string;
    default:
      return TypeClass::other;
  }
}

std::string rows_text(const Entries& entries) {
  if (entries.rows.empty()) return "no rows";
  const Comb& last = entries.rows.back();
  return fmt::format("some of rows {} to {}", entries.rows.front().begin,
                     last.begin + (last.count - 1) * last.stride + last.size - 1);
}

std::vector<hsize_t> to_hsize(const std::vector<Index>& shape) { return {shape.begin(), shape.end()}; }

/// A cache that holds one whole row of chunks: else a chunk is decompressed again for each block that touches
/// it.
void set_chunk_cache(hid_t access, hid_t dataset) {
  const Handle layout(H5Dget_create_plist(dataset), H5Pclose);
  if (H5Pget_layout(layout.get()) != H5D_CHUNKED) return;
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const Handle type(H5Dget_type(dataset), H5Tclose);
  std::vector<hsize_t> extent(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.get()), 1)));
  std::vector<hsize_t> chunk(extent.size());
  if (H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr) < 1) return;
  if (H5Pget_chunk(layout.get(), static_cast<int>(chunk.size()), chunk.data()) < 1) return;
  constexpr std::size_t least = std::size_t{1} << 20U;
  constexpr std::size_t most = std::size_t{1} << 28U;
  std::size_t bytes = H5Tget_size(type.get()) * chunk[0];
  for (std::size_t d = 1; d < extent.size(); ++d) bytes *= (extent[d] + chunk[d] - 1) / chunk[d] * chunk[d];
  constexpr std::size_t slots = 10007;  // a prime well above the number of cached chunks, as HDF5 advises
  H5Pset_chunk_cache(access, slots, std::clamp(bytes, least, most), 1.0);
}

/// HDF5 may replace a collective transfer by an independent one without a word; for filtered chunks from
/// several ranks that would be wrong, elsewhere slow.
void require_collective(hid_t transfer, const std::string& place) {
  H5D_mpio_actual_io_mode_t mode = H5D_MPIO_NO_COLLECTIVE;
  check(H5Pget_mpio_actual_io_mode(transfer, &mode), ErrorKind::bug, place);
  require(mode != H5D_MPIO_NO_COLLECTIVE, ErrorKind::bug, "{}: HDF5 made a collective write independent",
          place);
}

}  // namespace

Index Entries::count() const noexcept {
  Index n_rows = 0;
  for (const Comb& comb : rows) n_rows += comb.count * comb.size;
  return n_rows * n_cols;
}

Dataset::Dataset(Handle handle, std::string place) : handle_(std::move(handle)), place_(std::move(place)) {
  const Handle space(H5Dget_space(handle_.get()), H5Sclose);
  const Handle type(H5Dget_type(handle_.get()), H5Tclose);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  require(rank >= 1, ErrorKind::input, "{} is a scalar; expected an array", place_);
  std::vector<hsize_t> extent(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
  for (const hsize_t n : extent) shape_.push_back(static_cast<Index>(n));
  type_class_ = class_of(type.get());
  element_bytes_ = static_cast<Index>(H5Tget_size(type.get()));
}

Dataset Dataset::open(const File& file, const std::string& name) {
  const auto guard = lock();
  const std::string place = place_of(file, name);
  require(file.has(name), ErrorKind::input, "{} is missing", place);
  const Handle object(check(H5Oopen(file.get(), name.c_str(), H5P_DEFAULT), ErrorKind::input, place),
                      H5Oclose, file.sharing());
  require(H5Iget_type(object.get()) == H5I_DATASET, ErrorKind::input, "{} is a group; expected an array",
          place);
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  set_chunk_cache(access.get(), object.get());
  Handle handle(check(H5Dopen2(file.get(), name.c_str(), access.get()), ErrorKind::input, place), H5Dclose,
                file.sharing());
  return {std::move(handle), place};
}

Dataset Dataset::create_of_type(File& file, const std::string& name, hid_t type,
                                const std::vector<Index>& shape, Storage storage) {
  const auto guard = lock();
  const std::string place = place_of(file, name);
  const std::vector<hsize_t> extent = to_hsize(shape);
  const Handle space(
      check(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), ErrorKind::bug, place),
      H5Sclose);
  const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_fill_time(properties.get(),
                   H5D_FILL_TIME_NEVER);            // every row is written: filling would double the work
  H5Pset_obj_track_times(properties.get(), false);  // the same numbers make the same file
  if (storage.chunk_rows > 0) {
    std::vector<hsize_t> chunk = extent;
    chunk[0] = static_cast<hsize_t>(std::min(storage.chunk_rows, std::max<Index>(shape[0], 1)));
    check(H5Pset_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data()), ErrorKind::input,
          place);
    if (storage.deflate > 0) {
      H5Pset_shuffle(properties.get());
      check(H5Pset_deflate(properties.get(), static_cast<unsigned>(storage.deflate)), ErrorKind::input,
            place);
    }
  }
  Handle handle(check(H5Dcreate2(file.get(), name.c_str(), type, space.get(), H5P_DEFAULT, properties.get(),
                                 H5P_DEFAULT),
                      ErrorKind::resource, place + " cannot be created"),
                H5Dclose, file.sharing());
  return {std::move(handle), place};
}

Index Dataset::elements_per_row() const {
  return std::accumulate(shape_.begin() + 1, shape_.end(), Index{1}, std::multiplies<>());
}

Dataset::Selection Dataset::select(Index begin, Index count) const {
  const auto guard = lock();
  Handle space(check(H5Dget_space(handle_.get()), ErrorKind::bug, place_), H5Sclose);
  const std::string rows = fmt::format("rows {} to {}", begin, begin + count - 1);
  if (count == 0) {
    H5Sselect_none(space.get());
    return {.space = std::move(space), .count = 0, .rows = rows};
  }
  std::vector<hsize_t> start(shape_.size(), 0);
  std::vector<hsize_t> size = to_hsize(shape_);
  start[0] = static_cast<hsize_t>(begin);
  size[0] = static_cast<hsize_t>(count);
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr),
        ErrorKind::bug, place_);
  return {.space = std::move(space), .count = count * elements_per_row(), .rows = rows};
}

Dataset::Selection Dataset::select(const Entries& entries) const {
  require(shape_.size() == 2, ErrorKind::bug, "{} has {} dimensions, not two", place_, shape_.size());
  const auto guard = lock();
  Handle space(check(H5Dget_space(handle_.get()), ErrorKind::bug, place_), H5Sclose);
  check(H5Sselect_none(space.get()), ErrorKind::bug, place_);
  H5S_seloper_t add = H5S_SELECT_SET;
  for (const Comb& row : entries.rows) {
    const auto pair = [](Index of_rows, Index of_cols) {
      return std::array<hsize_t, 2>{static_cast<hsize_t>(of_rows), static_cast<hsize_t>(of_cols)};
    };
    check(H5Sselect_hyperslab(space.get(), add, pair(row.begin, entries.first_col).data(),
                              pair(row.stride, 1).data(), pair(row.count, 1).data(),
                              pair(row.size, entries.n_cols).data()),
          ErrorKind::bug, place_);
    add = H5S_SELECT_OR;
  }
  return {.space = std::move(space), .count = entries.count(), .rows = rows_text(entries)};
}

void Dataset::read_raw(Index begin, Index count, hid_t type, std::size_t bytes, void* values) const {
  require(begin >= 0 && count >= 0 && begin + count <= n_rows(), ErrorKind::bug, "{}: rows {} to {} of {}",
          place_, begin, begin + count, n_rows());
  const Index row_bytes = elements_per_row() * static_cast<Index>(bytes);
  const Index step = std::max<Index>(1, transfer_bytes / std::max<Index>(row_bytes, 1));
  for (Index row = begin; row < begin + count; row += step) {
    // A call takes the lock for one piece, so that another thread gets its turn.
    const Index n = std::min(step, begin + count - row);
    read_selected(select(row, n), type, static_cast<std::byte*>(values) + (row - begin) * row_bytes);
  }
}

void Dataset::read_selected(const Selection& from, hid_t type, void* values) const {
  if (from.count == 0) return;
  const auto guard = lock();
  const auto n_elements = static_cast<hsize_t>(from.count);
  const Handle memory_space(H5Screate_simple(1, &n_elements, nullptr), H5Sclose);
  check(H5Dread(handle_.get(), type, memory_space.get(), from.space.get(), H5P_DEFAULT, values),
        ErrorKind::input, place_ + ": " + from.rows + " cannot be read");
}

void Dataset::write_raw(Index begin, Index count, MemoryType memory, const void* values, Transfer transfer) {
  const Index row_bytes = elements_per_row() * static_cast<Index>(memory.bytes);
  const Index step = std::max<Index>(1, transfer_bytes / std::max<Index>(row_bytes, 1));
  if (transfer == Transfer::collective) {
    require(count <= step, ErrorKind::bug, "{}: {} rows are too many for one collective write", place_,
            count);
    write_selected(select(begin, count), memory.type, values, transfer);
    return;
  }
  for (Index row = begin; row < begin + count; row += step) {
    write_selected(select(row, std::min(step, begin + count - row)), memory.type,
                   static_cast<const std::byte*>(values) + (row - begin) * row_bytes, transfer);
  }
}

void Dataset::write_selected(const Selection& to, hid_t type, const void* values, Transfer transfer) {
  const auto guard = lock();
  const bool collective = transfer == Transfer::collective && handle_.sharing() == Sharing::shared;
  const hsize_t n_elements = static_cast<hsize_t>(std::max<Index>(to.count, 1));
  const Handle memory_space(H5Screate_simple(1, &n_elements, nullptr), H5Sclose);
  if (to.count == 0) H5Sselect_none(memory_space.get());
  const Handle properties(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
  if (collective) H5Pset_dxpl_mpio(properties.get(), H5FD_MPIO_COLLECTIVE);
  check(H5Dwrite(handle_.get(), type, memory_space.get(), to.space.get(), properties.get(), values),
        ErrorKind::resource, place_ + ": " + to.rows + " cannot be written; is the disk full?");
  if (collective) require_collective(properties.get(), place_);
}

}  // namespace tallfit::io::hdf5
