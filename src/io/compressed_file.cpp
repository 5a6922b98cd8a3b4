#include "tallfit/io/compressed_file.hpp"

#include <optional>

#include "dealt_factor.hpp"
#include "disk.hpp"
#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "snap_attributes.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::io {

namespace {

using compress::Cell;
using compress::CellKey;
using compress::CompressedDesign;
using compress::Factor;
using hdf5::Dataset;

constexpr const char* version_attribute = "tallfit_compressed";
constexpr Index sums_per_cell = 10;  ///< four double-doubles and the extreme scales

/// What the file says of a cell beside its factor.
struct CellRow {
  std::vector<std::int32_t> key;
  std::vector<std::int64_t> sizes;  ///< rows behind the cell, rows of its factor, first entry of its factor
  std::vector<double> sums;
};

CellRow row_of(const Cell& cell, Index factor_rows, Index offset) {
  const auto& s = cell.sums;
  return {.key = {cell.key.group, cell.key.row_type, cell.key.fold, cell.key.decade},
          .sizes = {s.count, factor_rows, offset},
          .sums = {s.t.high, s.t.low, s.tt.high, s.tt.low, s.wt.high, s.wt.low, s.wtt.high, s.wtt.low,
                   s.min_scale, s.max_scale}};
}

Cell cell_of(const CellRow& row) {
  Cell cell;
  cell.key = {.group = row.key[0], .row_type = row.key[1], .fold = row.key[2], .decade = row.key[3]};
  const std::vector<double>& s = row.sums;
  cell.sums = {.count = row.sizes[0],
               .t = {s[0], s[1]},
               .tt = {s[2], s[3]},
               .wt = {s[4], s[5]},
               .wtt = {s[6], s[7]},
               .min_scale = s[8],
               .max_scale = s[9]};
  return cell;
}

/// A factor has as many rows as its cell, up to its columns; so every rank knows the sizes of all.
Index factor_rows(const CompressedDesign& design, const Cell& cell) {
  return std::min(cell.sums.count, design.n_cols() + 2);
}

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
  hdf5::write_attribute(file, "/", version_attribute, std::int64_t{1});
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
    sets.push_back(Dataset::create<double>(*file, "cell_sums", {n_cells, sums_per_cell}));
    sets.push_back(Dataset::create<double>(*file, "factors", {offsets.back()}));
  });
  comm::all_or_none(comm, [&] {
    for (Index i = 0; i < n_cells; ++i) {
      const Cell& cell = design.cells[static_cast<std::size_t>(i)];
      if (writer_of(cell) != comm.rank()) continue;
      const Index offset = offsets[static_cast<std::size_t>(i)];
      const CellRow row = row_of(cell, factor_rows(design, cell), offset);
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

CompressedDesign header_of(const hdf5::File& file) {
  require(hdf5::has_attribute(file, "/", version_attribute), ErrorKind::input,
          "{} is no compressed design: it has no root attribute '{}'. Make one with 'tallfit compress'",
          file.path(), version_attribute);
  const auto integer = [&](const char* name) { return hdf5::read_integer_attribute(file, "/", name).at(0); };
  CompressedDesign design;
  design.name = file.path();
  design.group_names = hdf5::read_strings(file, "group_names");
  design.column_names = hdf5::read_strings(file, "column_names");
  design.snap = read_snap_attributes(file);
  design.n_rows = integer("rows");
  design.n_configurations = integer("configurations");
  design.n_folds = static_cast<int>(integer("folds"));
  design.seed = static_cast<std::uint64_t>(integer("seed"));
  require(static_cast<std::uint64_t>(integer("fingerprint")) == compress::fingerprint(design.column_names),
          ErrorKind::input,
          "{}: the fingerprint does not fit the column names: the file was changed. Compress again",
          file.path());
  const std::vector<std::int64_t> parts = hdf5::read_integer_attribute(file, "/", "cell_parts");
  require(parts.size() == 3, ErrorKind::input, "{}: attribute 'cell_parts' has {} values, expected 3",
          file.path(), parts.size());
  design.parts = {.group = parts[0] != 0, .row_type = parts[1] != 0, .fold = parts[2] != 0};
  return design;
}

/// A file that this rank has open, and what it says beside the factors.
struct OpenDesign {
  explicit OpenDesign(const std::string& path)
      : file(hdf5::File::open(path)), design(header_of(file)), factors(Dataset::open(file, "factors")) {
    read_cells();
  }

  void read_cells() {
    const Index n = design.n_cols() + 2;
    const Dataset keys = Dataset::open(file, "cell_keys");
    const Dataset sizes = Dataset::open(file, "cell_sizes");
    const Dataset sums = Dataset::open(file, "cell_sums");
    for (Index i = 0; i < keys.n_rows(); ++i) {
      CellRow row{.key = std::vector<std::int32_t>(4),
                  .sizes = std::vector<std::int64_t>(3),
                  .sums = std::vector<double>(sums_per_cell)};
      keys.read_rows(i, 1, row.key.data());
      sizes.read_rows(i, 1, row.sizes.data());
      sums.read_rows(i, 1, row.sums.data());
      Cell cell = cell_of(row);
      require(row.sizes[0] > 0 && row.sizes[1] == factor_rows(design, cell) && row.sizes[2] >= 0 &&
                  row.sizes[2] <= factors.n_rows() - compress::reduced_size(row.sizes[1], n),
              ErrorKind::input,
              "{}: the factor of cell {} has {} rows at {}, which does not fit its {} rows and {} columns",
              file.path(), i, row.sizes[1], row.sizes[2], row.sizes[0], n);
      offsets.push_back(row.sizes[2]);
      design.cells.push_back(std::move(cell));
    }
  }

  hdf5::File file;
  CompressedDesign design;
  Dataset factors;
  std::vector<Index> offsets;  ///< of the factors of cells
};

/// Cells are dealt to the ranks in turn.
void read_factors(OpenDesign& open, const comm::Communicator& comm) {
  const Index n = open.design.n_cols() + 2;
  for (std::size_t i = 0; i < open.design.cells.size(); ++i) {
    Cell& cell = open.design.cells[i];
    cell.home = static_cast<int>(i % static_cast<std::size_t>(comm.size()));
    if (cell.home != comm.rank()) continue;
    const Index rows = factor_rows(open.design, cell);
    std::vector<double> values(static_cast<std::size_t>(compress::reduced_size(rows, n)));
    open.factors.read_rows(open.offsets[i], static_cast<Index>(values.size()), values.data());
    cell.factor =
        rows < n ? Factor::of_rows(n, std::move(values)) : Factor::of_triangle(n, std::move(values));
  }
}

void read_factors(OpenDesign& open, const linalg::ProcessGrid& grid, Index block) {
  const Index n = open.design.n_cols() + 2;
  for (std::size_t i = 0; i < open.design.cells.size(); ++i) {
    Cell& cell = open.design.cells[i];
    cell.home = Cell::on_grid;
    cell.dealt.emplace(grid, factor_rows(open.design, cell), n, block);
    read_dealt_factor(open.factors, open.offsets[i], *cell.dealt);
  }
}

/// Ranks read the file each for itself; where one sees another version of it, merging would wait for cells
/// that nobody has.
void require_same_cells(const CompressedDesign& design, const comm::Communicator& comm) {
  std::vector<std::int64_t> mine = {design.n_rows,
                                    static_cast<std::int64_t>(compress::fingerprint(design.column_names)),
                                    static_cast<std::int64_t>(compress::fingerprint(design.group_names))};
  for (const Cell& cell : design.cells) {
    const CellRow row = row_of(cell, 0, 0);
    mine.insert(mine.end(), row.key.begin(), row.key.end());
    mine.push_back(cell.sums.count);
  }
  std::vector<std::int64_t> of_root = mine;
  comm::broadcast(comm, of_root, 0);
  comm::all_or_none(comm, [&] {
    require(mine == of_root, ErrorKind::input,
            "{}: rank {} sees other cells than rank 0 ({} rows and {}). Give all ranks the same file",
            design.name, comm.rank(), design.n_rows, of_root[0]);
  });
}

OpenDesign open_design(const std::string& path, const comm::Communicator& comm) {
  std::optional<OpenDesign> open;
  comm::all_or_none(comm, [&] { open.emplace(path); });
  require_same_cells(open->design, comm);
  return std::move(*open);
}

}  // namespace

bool is_compressed_file(const std::string& path) {
  try {
    return hdf5::has_attribute(hdf5::File::open(path), "/", version_attribute);
  } catch (const Error&) {
    return false;  // whoever opens it as something says what is wrong
  }
}

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

CompressedDesign load_compressed(const std::string& path, const comm::Communicator& comm) {
  OpenDesign open = open_design(path, comm);
  comm::all_or_none(comm, [&] { read_factors(open, comm); });
  return std::move(open.design);
}

CompressedDesign load_compressed(const std::string& path, const linalg::ProcessGrid& grid, Index block) {
  OpenDesign open = open_design(path, grid.comm());
  read_factors(open, grid, block);
  return std::move(open.design);
}

CompressedDesign describe_compressed(const std::string& path, const comm::Communicator& comm) {
  return std::move(open_design(path, comm).design);
}

}  // namespace tallfit::io
