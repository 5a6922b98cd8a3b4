/// What a run on some ranks took, stage by stage and rank by rank: the files of a scaling study.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tallfit/base/numeric.hpp"
#include "tallfit/compress/cost_model.hpp"

namespace tallfit::io {

/// One stage of a run. Vectors have a number for each rank.
struct ScalingStage {
  std::string name;
  std::vector<double> seconds;
  std::vector<double> flops;
  std::vector<double> messages;  ///< as Stage::messages
  std::vector<double> sent;      ///< bytes

  /// Of the slowest rank: the next stage begins when that is done.
  double slowest() const;
  /// Slowest over mean; 1 where all ranks take the same time, or none.
  double imbalance() const;
  /// Flops of all ranks over what their DGEMM would do in slowest() seconds. @param gflops of each rank
  double fraction_of(const std::vector<double>& gflops) const;
};

/// The stages of one try, by the slowest rank, in order of ScalingRecord::stages.
using ScalingTry = std::vector<double>;

/// A fit of N rows on P ranks, several times; the stages are those of the fastest.
struct ScalingRecord {
  std::string version;  ///< of the program
  std::string kind;     ///< "strong": the rows of one rank; "weak": P times as many
  Index ranks = 1;
  Index nodes = 1;
  Index threads = 1;  ///< of the BLAS, for each rank
  Index rows = 0;
  Index columns = 0;
  Index cells = 1;
  Index leaves = 1;
  double bytes_per_pass = 0.0;  ///< of all features
  compress::MachineRates machine;
  std::vector<double> dgemm_gflops;  ///< of each rank while all are busy, about the fastest try
  std::vector<ScalingStage> stages;
  std::vector<ScalingTry> tries;

  /// From the begin of the first stage to the end of the last.
  double seconds() const;
  /// Seconds of the stage of that name, of the slowest rank. @throws Error{input} where there is none.
  double seconds_of(std::string_view stage) const;
};

/// scaling_KIND_RANKS.json: the name of a record's file.
std::string scaling_file_name(const ScalingRecord& record);

/// The record as text. @see docs/formats.md
std::string scaling_json(const ScalingRecord& record);

/// Reads what scaling_json() wrote. Local.
/// @throws Error{input} naming the file, and the entry that is missing or wrong.
ScalingRecord read_scaling_record(const std::string& path);

}  // namespace tallfit::io
