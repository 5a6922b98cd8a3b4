#include "tallfit/io/row_results.hpp"

#include <optional>

#include "disk.hpp"
#include "hdf5.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/io/output_folder.hpp"

namespace tallfit::io {

struct RowResultFile::State {
  std::string path;
  std::string partial;
  const comm::Communicator& comm;
  std::optional<hdf5::File> file;
  std::vector<hdf5::Dataset> sets;
  bool committed = false;
};

RowResultFile::RowResultFile(std::string path, const std::vector<std::string>& names, Index n_rows,
                             const comm::Communicator& comm)
    : state_(new State{.path = path, .partial = path + ".partial", .comm = comm, .file = {}, .sets = {}}) {
  comm::all_or_none(comm, [&] {
    if (!comm.is_root()) return;
    const Index bytes = n_rows * static_cast<Index>(names.size() * sizeof(double)) + (Index{1} << 20U);
    require_writable_file(path);
    require_free_space(folder_of(path), bytes, "'" + path + "'");
  });
  comm::all_or_none(comm, [&] {
    state_->file.emplace(hdf5::File::create_shared(state_->partial, comm));
    for (const std::string& name : names) {
      state_->sets.push_back(hdf5::Dataset::create<double>(*state_->file, name, {n_rows}));
    }
  });
}

RowResultFile::~RowResultFile() {
  if (!state_->committed && state_->comm.is_root()) remove_quietly(state_->partial);
}

void RowResultFile::write(std::size_t which, Index begin, std::span<const double> values) {
  state_->sets[which].write_rows(begin, static_cast<Index>(values.size()), values.data());
}

std::vector<double> RowResultFile::numbers_of(Index begin, Index end) {
  const auto n_rows = static_cast<std::size_t>(end - begin);
  std::vector<double> numbers(n_rows * state_->sets.size());
  for (std::size_t i = 0; i < state_->sets.size(); ++i)
    state_->sets[i].read_rows(begin, end - begin, numbers.data() + i * n_rows);
  return numbers;
}

void RowResultFile::take(Index begin, Index end, std::span<const double> numbers) {
  const auto n_rows = static_cast<std::size_t>(end - begin);
  for (std::size_t i = 0; i < state_->sets.size(); ++i) write(i, begin, numbers.subspan(i * n_rows, n_rows));
}

void RowResultFile::commit() {
  comm::all_or_none(state_->comm, [&] {
    for (hdf5::Dataset& set : state_->sets) set.close();
    state_->file->close();
  });
  comm::all_or_none(state_->comm, [&] {
    if (state_->comm.is_root()) rename_file(state_->partial, state_->path);
  });
  state_->committed = true;
}

}  // namespace tallfit::io
