/// One number per row and quantity, written in parallel.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/leaf_numbers.hpp"

namespace tallfit::io {

/// An HDF5 file of 1-D datasets of N doubles; each rank writes its own rows as they come.
/// It appears under its name by commit(); without it nothing is left behind. A checkpoint that is to keep
/// what is written reads it back from there.
class RowResultFile final : public compress::RowStore {
public:
  /// @collective @throws Error{input} when the folder is not writable, Error{resource} when the disk is too
  /// small.
  RowResultFile(std::string path, const std::vector<std::string>& names, Index n_rows,
                const comm::Communicator& comm);
  ~RowResultFile() override;

  /// Writes rows [begin, begin + size) of one dataset. Local. @throws Error{resource}
  void write(std::size_t which, Index begin, std::span<const double> values);
  /// All datasets, one after the other. Local. @throws Error{input} where they cannot be read back
  std::vector<double> numbers_of(Index begin, Index end) override;
  /// @throws Error{resource}
  void take(Index begin, Index end, std::span<const double> numbers) override;
  /// Closes, checks and renames. @collective
  void commit();

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tallfit::io
