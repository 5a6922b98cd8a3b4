#include "tallfit/io/compressed_file.hpp"

#include <optional>

#include "compressed_layout.hpp"
#include "dealt_factor.hpp"
#include "disk.hpp"
#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "snap_attributes.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::io {

namespace {

using cell_layout::CellRow, cell_layout::factor_rows;
using compress::Cell;
using compress::CompressedDesign;
using hdf5::Dataset;

std::vector<Index> factor_offsets(const CompressedDesign& design) {
  std::vector<Index> offsets = {0};
  for (const Cell& cell : design.cells) {
    offsets.push_back(offsets.back() +
                      compress::reduced_size(factor_rows(design, cell), design.n_cols() + 2));
  }
  return offsets;
}

/// Who writes what is said of a cell, and its factor where one rank has it.
int writer_of(const Cell& cell) { return cell.dealt ? 0 : cell.home; }

void write_header(hdf5::File& file, const CompressedDesign& design) {
  hdf5::write_attribute(file, "/", cell_layout::version_attribute, std::int64_t{1});
  hdf5::write_attribute(file, "/", "rows", std::int64_t{design.n_rows});
  hdf5::write_attribute(file, "/", "configurations", std::int64_t{design.n_configurations});
  hdf5::write_attribute(file, "/", "folds", std::int64_t{design.n_folds});
  hdf5::write_attribute(file, "/", "seed", static_cast<std::int64_t>(design.seed));
  hdf5::write_attribute(file, "/", "fingerprint",
                        static_cast<std::int64_t>(compress::fingerprint(design.column_names)));
  hdf5::write_attribute(file, "/", "cell_parts",
                        std::vector<std::int64_t>{design.parts.group ? 1 : 0, design.parts.row_type ? 1 : 0,
                                                  design.parts.fold ? 1 : 0});
  hdf5::write_strings(file, "group_names", design.group_names);
  hdf5::write_strings(file, "column_names", design.column_names);
  if (design.snap) write_snap_attributes(file, *design.snap);
}

void write_partial(const std::string& partial, const CompressedDesign& design,
                   const comm::Communicator& comm) {
  const auto n_cells = static_cast<Index>(design.cells.size());
  const std::vector<Index> offsets = factor_offsets(design);
  std::optional<hdf5::File> file;
  std::vector<Dataset> sets;
  comm::all_or_none(comm, [&] {
    file.emplace(hdf5::File::create_shared(partial, comm));
    write_header(*file, design);
    sets.push_back(Dataset::create<std::int32_t>(*file, "cell_keys", {n_cells, 4}));
    sets.push_back(Dataset::create<std::int64_t>(*file, "cell_sizes", {n_cells, 3}));
    sets.push_back(Dataset::create<double>(*file, "cell_sums", {n_cells, cell_layout::sums_per_cell}));
    sets.push_back(Dataset::create<double>(*file, "factors", {offsets.back()}));
  });
  comm::all_or_none(comm, [&] {
    for (Index i = 0; i < n_cells; ++i) {
      const Cell& cell = design.cells[static_cast<std::size_t>(i)];
      if (writer_of(cell) != comm.rank()) continue;
      const Index offset = offsets[static_cast<std::size_t>(i)];
      const CellRow row = cell_layout::row_of(cell, factor_rows(design, cell), offset);
      sets[0].write_rows(i, 1, row.key.data());
      sets[1].write_rows(i, 1, row.sizes.data());
      sets[2].write_rows(i, 1, row.sums.data());
      if (cell.dealt) continue;
      const auto values = cell.factor.values();
      sets[3].write_rows(offset, static_cast<Index>(values->size()), values->data());
    }
  });
  for (std::size_t i = 0; i < design.cells.size(); ++i)
    if (design.cells[i].dealt) write_dealt_factor(sets[3], offsets[i], *design.cells[i].dealt);
  comm::all_or_none(comm, [&] {
    for (Dataset& set : sets) set.close();
    file->close();
  });
}

/// A full disk may lose data without a word, so what is to be kept is read back.
void verify_partial(const std::string& partial, const CompressedDesign& design,
                    const comm::Communicator& comm) {
  const std::vector<Index> offsets = factor_offsets(design);
  std::optional<hdf5::File> file;
  std::optional<Dataset> factors;
  comm::all_or_none(comm, [&] {
    file.emplace(hdf5::File::open(partial));
    factors.emplace(Dataset::open(*file, "factors"));
    std::vector<double> read;
    for (std::size_t i = 0; i < design.cells.size(); ++i) {
      if (design.cells[i].home != comm.rank()) continue;
      read.resize(static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
      factors->read_rows(offsets[i], offsets[i + 1] - offsets[i], read.data());
      require(read == *design.cells[i].factor.values(), ErrorKind::resource,
              "{}: cell {} differs from what was written: the disk is full or broken", partial, i);
    }
  });
  for (std::size_t i = 0; i < design.cells.size(); ++i)
    if (design.cells[i].dealt) verify_dealt_factor(*factors, offsets[i], *design.cells[i].dealt);
}

}  // namespace

void save_compressed(const std::string& path, const CompressedDesign& design,
                     const comm::Communicator& comm) {
  const std::string partial = path + ".partial";
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    constexpr Index names_and_headers = Index{1} << 20;
    require_writable_file(path);
    require_free_space(folder_of(path), factor_offsets(design).back() * double_bytes + names_and_headers,
                       "compressed design '" + path + "'");
  });
  try {
    write_partial(partial, design, comm);
    verify_partial(partial, design, comm);
    comm::all_or_none(comm, [&] {
      if (comm.is_root()) rename_file(partial, path);
    });
  } catch (...) {
    if (comm.is_root()) remove_quietly(partial);
    throw;
  }
}

}  // namespace tallfit::io
