/// The checkpoint of a run, beside its output.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rows.hpp"

#include "tallfit/app/command.hpp"
#include "tallfit/io/checkpoint_folder.hpp"

namespace tallfit::app {

using Facts = std::vector<std::pair<std::string, std::string>>;

/// What tells rows from others: their number, layout, cells, targets and weights, and the features of the
/// first few. Reads a few rows. @collective
Facts facts_of(const PlannedRows& planned, const comm::Communicator& world);
/// The same of a compressed design. Local.
Facts facts_of(const compress::CompressedDesign& design);

/// Opens OUT.checkpoint for a command. What it finds there must be of the same version of the program, the
/// same values of the command's keys (but those that do not enter results) and the same @p data. @collective
/// @throws Error{input} otherwise
std::unique_ptr<io::CheckpointFolder> open_checkpoint(const Config& config, Command command, Facts data,
                                                      const comm::Communicator& world);

}  // namespace tallfit::app
