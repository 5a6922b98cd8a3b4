/// Which configurations were chosen: selection.csv and scores.csv.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tallfit/infer/pool.hpp"
#include "tallfit/infer/select_batch.hpp"

namespace tallfit::io {

/// selection.csv: rank,configuration,group,rows,before,after,gain; the first choice has rank 1.
std::string selection_csv(const infer::PoolTable& pool, const std::vector<infer::Choice>& choices,
                          const std::vector<std::string>& group_names);

/// scores.csv: configuration,group,rows,score.
std::string scores_csv(const infer::PoolTable& pool, const std::vector<double>& scores,
                       const std::vector<std::string>& group_names);

/// The configurations of a selection.csv, or of the folder that holds it, in their order. Local.
/// @throws Error{input} where it is missing or is none.
std::vector<std::uint64_t> read_selection(const std::string& path);

}  // namespace tallfit::io
