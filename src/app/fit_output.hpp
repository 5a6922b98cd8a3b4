/// What a fit leaves behind, and what it prints.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint.hpp"

#include "tallfit/app/config.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/design/row_source.hpp"
#include "tallfit/estimate/estimator.hpp"
#include "tallfit/estimate/metrics.hpp"
#include "tallfit/io/bag_file.hpp"
#include "tallfit/io/fit_file.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/io/row_results.hpp"

namespace tallfit::app {

/// The folder of a fit: opened before anything is read, so that a run does not fail at its end for want of a
/// place to write to; filled at the end, all files at once.
class FitOutput {
public:
  /// @collective @throws Error{input} where the folder cannot be written
  FitOutput(const Config& config, const std::string& command, const comm::Communicator& world);

  /// Writes and prints. The fit is that of rank 0, or of all ranks of a grid; elsewhere it has no solver.
  /// @collective
  void write(const design::DesignInfo& info, const estimate::LinearFit& fit,
             std::vector<estimate::MetricsRow> metrics);

  /// A table that appears with the other files, and lines of metrics.csv below those of the fit. Local.
  void add_table(const std::string& name, std::string text) { tables_.emplace_back(name, std::move(text)); }
  void add_metrics(std::vector<estimate::MetricsRow> rows) { metrics_ = std::move(rows); }

  /// A file that appears with the other files, and with a last iterate: @p write makes it under the path it
  /// is given. Only that of rank 0 is called. Local.
  void add_file(const std::string& name, std::function<void(const std::string& path)> write) {
    files_.emplace_back(name, std::move(write));
  }

  /// Leaves the last iterate in a folder of its own, not under the names of results, and throws
  /// Error{numerical}. @collective
  /// @param what  did not converge, how far it came and what to try; the same on every rank
  [[noreturn]] void fail_to_converge(const design::DesignInfo& info, const estimate::LinearFit& fit,
                                     const std::string& what);

  /// Where the row pass writes prediction and residual of every row, and what else it is to; it appears with
  /// the other files. @collective
  io::RowResultFile& open_residuals(Index n_rows, const std::vector<std::string>& more = {});

  /// The same for leverages.h5. @collective
  io::RowResultFile& open_leverages(Index n_rows);

  /// The checkpoint of the run: with data that it depends on, beside the folder; write() removes it.
  /// @collective @throws Error{input} as open_checkpoint()
  compress::Checkpoint* open_checkpoint(Facts data);

  /// That checkpoint, once it is open. Local.
  compress::Checkpoint* checkpoint() const { return checkpoint_.get(); }

  io::RunRecord record;
  io::FitExtras extras;                ///< of fit.h5, but for weights; those of ranks that have the fit
  std::optional<io::BagContents> bag;  ///< of rank 0, where the fit is the mean of an ensemble
  /// Of rank 0: S as io::FittedModel has it, where the fit is the mean of draws.
  std::optional<Eigen::MatrixXd> covariance_factor;

private:
  void finish_record(const design::DesignInfo& info);
  void write_texts(const design::DesignInfo& info, const estimate::LinearFit& fit,
                   const std::vector<estimate::MetricsRow>& metrics);
  void write_model(const design::DesignInfo& info, const estimate::LinearFit& fit);

  const Config& config_;
  const comm::Communicator& world_;
  std::optional<io::OutputFolder> folder_;  ///< of rank 0
  std::vector<std::pair<std::string, std::string>> tables_;
  std::vector<std::pair<std::string, std::function<void(const std::string& path)>>> files_;
  std::vector<estimate::MetricsRow> metrics_;
  std::optional<io::RowResultFile> residuals_, leverages_;
  std::unique_ptr<io::CheckpointFolder> checkpoint_;
};

}  // namespace tallfit::app
