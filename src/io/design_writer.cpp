#include <algorithm>
#include <numeric>
#include <optional>

#include "csr_features.hpp"
#include "design_layout.hpp"
#include "disk.hpp"
#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "label_columns.hpp"
#include "row_checksum.hpp"
#include "snap_attributes.hpp"

#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/io/design_file.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::io {

namespace {

using design::DesignInfo;
using hdf5::Dataset;

/// Who writes which rows, and in which pieces.
struct WritePlan {
  Index begin = 0;       ///< first row of this rank
  Index end = 0;         ///< after its last
  Index block_rows = 1;  ///< rows in memory at a time, at most
  Index n_steps = 0;     ///< blocks of the rank that has most
  Index chunk_rows = 0;  ///< 0: contiguous
  Index file_bytes = 0;  ///< at most
  bool sparse = false;
  Index first_entry = 0;  ///< of this rank
};

constexpr Index block_bytes = Index{8} << 20;

/// What the features of all rows take in the file.
Index feature_bytes(const DesignInfo& info, const DesignFileOptions& options) {
  const Index value_bytes = options.precision == Precision::f32 ? 4 : 8;
  if (!info.n_entries) return info.n_rows * info.n_cols * value_bytes;
  return *info.n_entries * (value_bytes + Index{sizeof(std::int32_t)}) +
         (info.n_rows + 1) * Index{sizeof(Index)};
}

WritePlan make_plan(const DesignInfo& info, const comm::Communicator& comm,
                    const DesignFileOptions& options) {
  constexpr Index chunk_bytes = Index{1} << 20;
  const Index stored_bytes = info.n_cols * (options.precision == Precision::f32 ? 4 : 8);
  WritePlan plan;
  plan.sparse = info.n_entries.has_value();
  // Rows of a sparse design take their entries, which BlockReader counts, and at least their labels.
  plan.block_rows = std::max<Index>(1, block_bytes / (plan.sparse ? label_bytes_per_row : info.n_cols * 8));
  Index unit = 1;  // ranks own whole chunks: a shared one would travel between them to be compressed
  if (options.compression > 0) {
    unit = options.chunk_rows > 0 ? options.chunk_rows : std::max<Index>(1, chunk_bytes / stored_bytes);
    unit = std::min(unit, info.n_rows);
    plan.chunk_rows = unit;
    plan.block_rows = ceil_div(plan.block_rows, unit) * unit;
  }
  const Index n_units = ceil_div(info.n_rows, unit);
  const Index units_of_a_rank = ceil_div(n_units, comm.size());
  plan.begin = std::min(info.n_rows, units_of_a_rank * comm.rank() * unit);
  plan.end = std::min(info.n_rows, plan.begin + units_of_a_rank * unit);
  plan.n_steps = ceil_div(units_of_a_rank * unit, plan.block_rows);
  constexpr Index names_and_headers = Index{1} << 20;
  plan.file_bytes =
      feature_bytes(info, options) + info.n_rows * label_bytes_per_row + info.n_cols * 64 + names_and_headers;
  return plan;
}

/// Where the entries of this rank's rows begin. @collective
void place_entries(WritePlan& plan, design::RowSource& rows, const comm::Communicator& comm) {
  if (!plan.sparse) return;
  Index mine = 0;
  comm::all_or_none(comm, [&] {
    if (plan.begin < plan.end) mine = rows.count_entries(plan.begin, plan.end - plan.begin);
  });
  const std::vector<Index> counts = comm::all_gather(comm, std::vector<Index>{mine});
  plan.first_entry = std::accumulate(counts.begin(), counts.begin() + comm.rank(), Index{0});
  const Index total = std::accumulate(counts.begin(), counts.end(), Index{0});
  comm::require_replicated(comm, total == *rows.info().n_entries, ErrorKind::bug,
                           "{}: rows have {} entries, not {}", rows.info().name, total,
                           *rows.info().n_entries);
}

/// One block of rows in memory after the other.
class BlockReader {
public:
  BlockReader(design::RowSource& rows, const WritePlan& plan)
      : rows_(rows), plan_(plan), begin_(plan.begin), first_entry_(plan.first_entry) {}

  /// Reads the next block of this rank. @return false, and an empty block, after its last.
  bool next() {
    begin_ += count_;
    first_entry_ += sparse_.n_entries();
    count_ = std::min(plan_.block_rows, plan_.end - begin_);
    constexpr Index entry_bytes = 16;
    if (plan_.sparse && count_ > 0)
      count_ = design::rows_of_entries(rows_, begin_, begin_ + count_, block_bytes / entry_bytes);
    labels_.resize(count_);
    if (!plan_.sparse) features_.resize(static_cast<std::size_t>(count_ * rows_.info().n_cols));
    sparse_.clear(rows_.info().n_cols);
    if (count_ == 0) return false;
    rows_.read_labels(begin_, count_, labels_);
    if (plan_.sparse)
      rows_.read_sparse(begin_, count_, sparse_);
    else
      rows_.read_features(begin_, count_, features_.data());
    return true;
  }
  /// Rounds the features to what a 32-bit file holds.
  const std::vector<float>& as_float() {
    std::vector<double>& values = plan_.sparse ? sparse_.value : features_;
    rounded_.resize(values.size());
    std::transform(values.begin(), values.end(), rounded_.begin(),
                   [](double v) { return static_cast<float>(v); });
    std::transform(rounded_.begin(), rounded_.end(), values.begin(), [](float v) { return double{v}; });
    return rounded_;
  }
  void add_to(RowChecksum& checksum) const {
    checksum.add(labels_);
    if (plan_.sparse)
      checksum.add(sparse_);
    else
      checksum.add(features_);
  }

  Index begin() const { return begin_; }
  Index count() const { return count_; }
  const design::RowLabels& labels() const { return labels_; }
  /// Where the values lie in their dataset: rows of a dense design, entries of a sparse one.
  Index first_value() const { return plan_.sparse ? first_entry_ : begin_; }
  Index n_values() const { return plan_.sparse ? sparse_.n_entries() : count_; }
  const std::vector<double>& values() const { return plan_.sparse ? sparse_.value : features_; }
  const design::SparseRows& sparse() const { return sparse_; }

private:
  design::RowSource& rows_;
  const WritePlan& plan_;
  Index begin_ = 0;
  Index count_ = 0;
  Index first_entry_ = 0;
  design::RowLabels labels_;
  std::vector<double> features_;
  design::SparseRows sparse_;
  std::vector<float> rounded_;
};

/// A design file under construction. An exception that passes through abandons the handles (see
/// hdf5::Handle).
class DesignWriter {
public:
  DesignWriter(const std::string& path, const DesignInfo& info, const comm::Communicator& comm,
               const DesignFileOptions& options, const WritePlan& plan)
      : options_(options),
        file_(hdf5::File::create_shared(path, comm)),
        index_(create_index(info)),
        features_(create_features(info, plan)),
        labels_(file_, info.n_rows) {
    hdf5::write_attribute(file_, "/", layout::version_attribute, std::int64_t{1});
    hdf5::write_strings(file_, layout::group_names, info.group_names);
    hdf5::write_strings(file_, layout::column_names, info.column_names);
    if (info.snap) write_snap_attributes(file_, *info.snap);
    if (!options.true_coefficients.empty()) {
      Dataset truth = Dataset::create<double>(file_, layout::true_coefficients, {info.n_cols});
      if (comm.is_root()) truth.write_rows(0, info.n_cols, options.true_coefficients.data());
      truth.close();
    }
  }

  void write_labels(const BlockReader& block) { labels_.write(block.begin(), block.labels()); }

  void write_features(BlockReader& block, hdf5::Transfer transfer) {
    if (options_.precision == Precision::f32)
      features_.write_rows(block.first_value(), block.n_values(), block.as_float().data(), transfer);
    else
      features_.write_rows(block.first_value(), block.n_values(), block.values().data(), transfer);
    if (index_) index_->write(block.begin(), block.first_value(), block.sparse());
  }

  void close() {
    labels_.close();
    if (index_) index_->close();
    features_.close();
    file_.close();
  }

private:
  std::optional<CsrIndexWriter> create_index(const DesignInfo& info) {
    if (!info.n_entries) return std::nullopt;
    return CsrIndexWriter(file_, info.n_rows, info.n_cols, *info.n_entries);
  }

  Dataset create_features(const DesignInfo& info, const WritePlan& plan) {
    const Dataset::Storage storage{.chunk_rows = plan.chunk_rows, .deflate = options_.compression};
    const char* const name = plan.sparse ? layout::csr_data : layout::features;
    const std::vector<Index> shape =
        plan.sparse ? std::vector<Index>{*info.n_entries} : std::vector<Index>{info.n_rows, info.n_cols};
    return options_.precision == Precision::f32 ? Dataset::create<float>(file_, name, shape, storage)
                                                : Dataset::create<double>(file_, name, shape, storage);
  }

  const DesignFileOptions& options_;
  hdf5::File file_;
  std::optional<CsrIndexWriter> index_;  ///< of a sparse design
  Dataset features_;                     ///< all of a dense design, the values of a sparse one
  LabelColumns labels_;
};

void check_options(const DesignInfo& info, const comm::Communicator& comm, const DesignFileOptions& options) {
  const auto n_truth = static_cast<Index>(options.true_coefficients.size());
  comm::require_replicated(comm, info.n_rows > 0 && info.n_cols > 0, ErrorKind::input,
                           "{}: has {} rows and {} columns; a design needs at least one of each", info.name,
                           info.n_rows, info.n_cols);
  comm::require_replicated(comm, options.compression >= 0 && options.compression <= 9, ErrorKind::input,
                           "compression level {} is not one of 0 (none) to 9 (smallest)",
                           options.compression);
  comm::require_replicated(comm, options.compression == 0 || !info.n_entries, ErrorKind::input,
                           "{}: sparse features are stored without compression, but its level is {}. Leave "
                           "generate.compression out",
                           info.name, options.compression);
  comm::require_replicated(comm, options.chunk_rows >= 0, ErrorKind::input,
                           "chunk_rows is {}; expected 0 (automatic) or a number of rows",
                           options.chunk_rows);
  constexpr Index most_bytes = Index{1} << 30;  // one collective transfer
  comm::require_replicated(comm, options.chunk_rows <= std::max<Index>(1, most_bytes / (info.n_cols * 8)),
                           ErrorKind::input, "chunk_rows = {} makes chunks above {}; use fewer rows",
                           options.chunk_rows, format_bytes(most_bytes));
  comm::require_replicated(comm, n_truth == 0 || n_truth == info.n_cols, ErrorKind::bug,
                           "{} true coefficients for {} columns", n_truth, info.n_cols);
}

/// Independent transfers: each rank runs through its blocks alone; nobody waits for a rank that fails.
void stream_contiguous(DesignWriter& writer, BlockReader& block, RowChecksum& checksum) {
  while (block.next()) {
    writer.write_labels(block);
    writer.write_features(block, hdf5::Transfer::independent);
    block.add_to(checksum);
  }
}

/// Collective transfers, which compression needs: all ranks agree before and after each step, so that a
/// failure of one leaves nobody waiting in the next.
void stream_compressed(DesignWriter& writer, BlockReader& block, const WritePlan& plan, RowChecksum& checksum,
                       const comm::Communicator& comm) {
  for (Index step = 0; step < plan.n_steps; ++step) {
    comm::all_or_none(comm, [&] {
      if (block.next()) writer.write_labels(block);
    });
    comm::all_or_none(comm, [&] { writer.write_features(block, hdf5::Transfer::collective); });
    block.add_to(checksum);
  }
}

RowChecksum write_partial(const std::string& partial, design::RowSource& rows, const comm::Communicator& comm,
                          const DesignFileOptions& options, const WritePlan& plan) {
  RowChecksum checksum;
  BlockReader block(rows, plan);
  std::optional<DesignWriter> writer;
  // Creating is collective, but MPI-IO opens a file on all ranks or on none, so the ranks stay together.
  comm::all_or_none(comm, [&] { writer.emplace(partial, rows.info(), comm, options, plan); });
  if (plan.chunk_rows > 0)
    stream_compressed(*writer, block, plan, checksum, comm);
  else
    comm::all_or_none(comm, [&] { stream_contiguous(*writer, block, checksum); });
  comm::all_or_none(comm, [&] { writer->close(); });
  return checksum;
}

/// MPI-IO may report success for data that a full disk lost, so the rows are read back.
void verify_partial(const std::string& partial, const WritePlan& plan, const RowChecksum& written) {
  const std::unique_ptr<design::RowSource> file = open_design_file(partial);
  BlockReader block(*file, plan);
  RowChecksum read;
  while (block.next()) block.add_to(read);
  require(read == written, ErrorKind::resource,
          "{}: rows {} to {} differ from what was written: the disk is full or broken", partial, plan.begin,
          plan.end - 1);
}

}  // namespace

void write_design_file(const std::string& path, design::RowSource& rows, const comm::Communicator& comm,
                       const DesignFileOptions& options) {
  check_options(rows.info(), comm, options);
  WritePlan plan = make_plan(rows.info(), comm, options);
  place_entries(plan, rows, comm);
  const std::string partial = path + ".partial";
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    require_writable_file(path);
    require_free_space(folder_of(path), plan.file_bytes, "design file '" + path + "'");
  });
  try {
    const RowChecksum checksum = write_partial(partial, rows, comm, options, plan);
    comm::all_or_none(comm, [&] { verify_partial(partial, plan, checksum); });
    comm::all_or_none(comm, [&] {
      if (comm.is_root()) rename_file(partial, path);
    });
  } catch (...) {
    if (comm.is_root()) remove_quietly(partial);
    throw;
  }
}

}  // namespace tallfit::io
