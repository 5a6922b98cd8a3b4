/// A checkpoint in a folder beside the results of its run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tallfit/base/stop_signals.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/io/file_lock.hpp"

namespace tallfit::io {

struct CheckpointOptions {
  double seconds = 600.0;  ///< between savings; 0: only on a signal
  bool resume = false;     ///< go on from what is there
  /// Names and values on which results depend, options and data: a checkpoint is of others unless all agree.
  std::vector<std::pair<std::string, std::string>> settings;
};

/// A folder with a file for each stage and rank, and one that says whose they are. It is made when there is
/// something to save. A file is complete or is not there: it is written aside, brought to the disk and
/// renamed, and its checksum is looked at before it is used. A lock keeps other runs away. While this lives,
/// SIGUSR1 and SIGTERM ask to save and stop.
class CheckpointFolder final : public compress::Checkpoint {
public:
  /// @param path  of the folder, which all ranks must see
  /// @throws Error{input} where another run has the lock, where there is a checkpoint and options.resume is
  /// not set, or where it is of other settings: the message names those that differ. @collective
  CheckpointFolder(std::string path, CheckpointOptions options, const comm::Communicator& world);
  ~CheckpointFolder() override;

  bool is_due() const override;
  void save(std::string_view stage, const std::function<void(compress::NumberSink&)>& write) override;
  void restore(std::string_view stage, const std::function<void(compress::NumberSource&)>& read) override;
  void forget_earlier(std::string_view stage) override;

  /// Removes the folder: the results are there. @collective
  void remove();

private:
  struct Part;
  std::vector<Part> parts_of(std::string_view stage) const;
  void check_settings() const;
  void begin();
  void remove_if_empty() noexcept;

  std::string path_;
  CheckpointOptions options_;
  const comm::Communicator& world_;
  StopSignals signals_;
  std::optional<FileLock> lock_;  ///< of rank 0
  Index run_ = 1;  ///< number of this run: one more than that of the last one that saved anything
  double last_s_ = 0.0;
};

}  // namespace tallfit::io
