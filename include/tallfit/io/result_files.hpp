/// Results of earlier runs as texts, for tables.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tallfit/base/numeric.hpp"

namespace tallfit::io {

/// What fit.json tells, shortened.
struct RunSummary {
  std::vector<std::pair<std::string, std::string>> facts;  ///< "selection.by" where objects nest
  std::vector<std::vector<std::string>> stages;            ///< name, seconds, GF/s, fraction of DGEMM
  std::vector<std::string> warnings;
};

/// Reads a fit.json. Local. @throws Error{input} naming the file.
RunSummary read_run_summary(const std::string& path);

/// The first lines of a CSV table.
struct TextTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> lines;
  Index n_lines = 0;  ///< of the file
};

/// Reads a table with a header, of which no more than @p most_lines are kept. Local. @throws Error{input}
/// naming file and line.
TextTable read_text_table(const std::string& path, Index most_lines);

}  // namespace tallfit::io
