#include <optional>

#include "compressed_layout.hpp"
#include "dealt_factor.hpp"
#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "snap_attributes.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/io/compressed_file.hpp"

namespace tallfit::io {

namespace {

using cell_layout::CellRow, cell_layout::factor_rows;
using compress::Cell;
using compress::CompressedDesign;
using compress::Factor;
using hdf5::Dataset;

CompressedDesign header_of(const hdf5::File& file) {
  require(hdf5::has_attribute(file, "/", cell_layout::version_attribute), ErrorKind::input,
          "{} is no compressed design: it has no root attribute '{}'. Make one with 'tallfit compress'",
          file.path(), cell_layout::version_attribute);
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

/// Ranks read the file each for itself; where one sees another version of it, merging would wait for cells
/// that nobody has.
void require_same_cells(const CompressedDesign& design, const comm::Communicator& comm) {
  std::vector<std::int64_t> mine = {design.n_rows,
                                    static_cast<std::int64_t>(compress::fingerprint(design.column_names)),
                                    static_cast<std::int64_t>(compress::fingerprint(design.group_names))};
  for (const Cell& cell : design.cells) {
    const CellRow row = cell_layout::row_of(cell, 0, 0);
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

}  // namespace

/// A file that this rank has open, and what it says beside the factors.
struct CompressedReader::State {
  explicit State(const std::string& path)
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
                  .sums = std::vector<double>(cell_layout::sums_per_cell)};
      keys.read_rows(i, 1, row.key.data());
      sizes.read_rows(i, 1, row.sizes.data());
      sums.read_rows(i, 1, row.sums.data());
      Cell cell = cell_layout::cell_of(row);
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

CompressedReader::CompressedReader(const std::string& path, const comm::Communicator& comm) {
  comm::all_or_none(comm, [&] { state_ = std::make_unique<State>(path); });
  require_same_cells(state_->design, comm);
}

CompressedReader::CompressedReader(CompressedReader&&) noexcept = default;
CompressedReader& CompressedReader::operator=(CompressedReader&&) noexcept = default;
CompressedReader::~CompressedReader() = default;

const CompressedDesign& CompressedReader::design() const { return state_->design; }

Factor CompressedReader::read(std::size_t cell) const {
  const Index n = state_->design.n_cols() + 2;
  const Index rows = factor_rows(state_->design, state_->design.cells[cell]);
  std::vector<double> values(static_cast<std::size_t>(compress::reduced_size(rows, n)));
  state_->factors.read_rows(state_->offsets[cell], static_cast<Index>(values.size()), values.data());
  return rows < n ? Factor::of_rows(n, std::move(values)) : Factor::of_triangle(n, std::move(values));
}

linalg::BlockCyclicMatrix CompressedReader::read(std::size_t cell, const linalg::ProcessGrid& grid,
                                                 Index block) const {
  const Index rows = factor_rows(state_->design, state_->design.cells[cell]);
  linalg::BlockCyclicMatrix factor(grid, rows, state_->design.n_cols() + 2, block);
  read_dealt_factor(state_->factors, state_->offsets[cell], factor);
  return factor;
}

bool is_compressed_file(const std::string& path) {
  try {
    return hdf5::has_attribute(hdf5::File::open(path), "/", cell_layout::version_attribute);
  } catch (const Error&) {
    return false;  // whoever opens it as something says what is wrong
  }
}

CompressedDesign load_compressed(const std::string& path, const comm::Communicator& comm) {
  const CompressedReader reader(path, comm);
  CompressedDesign design = reader.design();
  comm::all_or_none(comm, [&] {
    for (std::size_t i = 0; i < design.cells.size(); ++i) {
      design.cells[i].home = static_cast<int>(i % static_cast<std::size_t>(comm.size()));
      if (design.cells[i].home == comm.rank()) design.cells[i].factor = reader.read(i);
    }
  });
  return design;
}

CompressedDesign load_compressed(const std::string& path, const linalg::ProcessGrid& grid, Index block) {
  const CompressedReader reader(path, grid.comm());
  CompressedDesign design = reader.design();
  for (std::size_t i = 0; i < design.cells.size(); ++i) {
    design.cells[i].home = Cell::on_grid;
    design.cells[i].dealt = reader.read(i, grid, block);
  }
  return design;
}

CompressedDesign describe_compressed(const std::string& path, const comm::Communicator& comm) {
  return CompressedReader(path, comm).design();
}

}  // namespace tallfit::io
