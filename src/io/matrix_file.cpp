#include "tallfit/io/matrix_file.hpp"

#include <optional>
#include <utility>

#include "disk.hpp"
#include "matrix_dataset.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::io {

using linalg::BlockCyclicMatrix;

namespace {

/// Each rank for itself, or none.
hdf5::File open_everywhere(const std::string& path, const comm::Communicator& comm) {
  std::optional<hdf5::File> file;
  comm::all_or_none(comm, [&] { file.emplace(hdf5::File::open(path)); });
  return std::move(*file);
}

}  // namespace

void write_matrix_file(const std::string& path, const std::string& name, const BlockCyclicMatrix& a) {
  const comm::Communicator& comm = a.grid().comm();
  const std::string partial = path + ".partial";
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    constexpr Index headers = Index{1} << 16;
    require_writable_file(path);
    require_free_space(folder_of(path), a.rows() * a.cols() * double_bytes + headers,
                       "matrix '" + path + "'");
  });
  try {
    std::optional<hdf5::File> file;
    comm::all_or_none(comm, [&] { file.emplace(hdf5::File::create_shared(partial, comm)); });
    write_matrix(*file, name, a);
    comm::all_or_none(comm, [&] { file->close(); });
    verify_matrix(open_everywhere(partial, comm), name, a);
    comm::all_or_none(comm, [&] {
      if (comm.is_root()) rename_file(partial, path);
    });
  } catch (...) {
    if (comm.is_root()) remove_quietly(partial);
    throw;
  }
}

BlockCyclicMatrix read_matrix_file(const std::string& path, const std::string& name,
                                   const linalg::ProcessGrid& grid, Index block) {
  return read_matrix(open_everywhere(path, grid.comm()), name, grid, block);
}

}  // namespace tallfit::io
