#include "tallfit/app/run.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <new>
#include <string>
#include <vector>

#include "tallfit/app/command_line.hpp"
#include "tallfit/app/commands.hpp"
#include "tallfit/app/config_reader.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"
#include "tallfit/io/output_folder.hpp"
#include "tallfit/linalg/libraries.hpp"

namespace tallfit::app {

namespace {

/// Big arrays go back to the system when they are freed. By default glibc raises this threshold to 32 MiB as
/// arrays are freed and keeps smaller ones, so that a run would use more memory than was predicted for it.
/// Arrays below it are reused instead: to give them back and take them again, page by page, costs more than
/// their work. SuperLU_DIST, which PETSc brings, sets the number of mapped arrays to 0 when it is loaded:
/// then none goes back.
void return_freed_arrays_to_the_system() {
  constexpr int threshold_bytes = 4 << 20;
  constexpr int kept_bytes = 16 << 20;
  constexpr int most_arrays = 65536;  // glibc's own
  mallopt(M_MMAP_MAX, most_arrays);
  mallopt(M_MMAP_THRESHOLD, threshold_bytes);
  mallopt(M_TRIM_THRESHOLD, kept_bytes);
}

/// The message of an error as the user reads it; where a bug was noticed helps to report it.
std::string error_text(const Error& error) {
  std::string text = fmt::format("error: {}\n", error.what());
  if (error.kind() == ErrorKind::bug) {
    const Location where = error.where();
    if (where.line > 0) text += fmt::format("  noticed at {}:{}\n", where.file, where.line);
    text +=
        "  This is a bug of tallfit, not of your input: please report it with the command and its input.\n";
  }
  return text;
}

void print_error(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

int leave_with(const comm::Communicator& world, const Error& error) {
  const int code = static_cast<int>(error.kind());
  if (error.is_collective() || world.size() == 1) {
    if (world.is_root()) print_error(error_text(error));
    return code;
  }
  print_error(fmt::format("[rank {}] {}", world.rank(), error_text(error)));
  MPI_Abort(world.get(), code);
  return code;
}

/// The configuration of a run, the same on every rank. Only the root opens the file: other nodes need not see
/// it.
Config configure(const CommandLine& line, const comm::Communicator& world) {
  std::string text;
  comm::all_or_none(world, [&] {
    if (world.is_root() && !line.config_file.empty()) text = io::read_text(line.config_file);
  });
  comm::broadcast(world, text, 0);
  Config config;
  comm::all_or_none(world, [&] {
    std::vector<io::TomlEntry> entries = io::parse_toml(text, line.config_file);
    entries.insert(entries.end(), line.overrides.begin(), line.overrides.end());
    config = read_config(entries);
    config.output = line.output;
    config.resume = line.resume;
    check_config(config, *line.command);
  });
  return config;
}

void dispatch(Command command, const Config& config, const comm::Communicator& world) {
  switch (command) {
    case Command::generate:
      return run_generate(config, world);
    case Command::import:
      return run_import(config, world);
    case Command::inspect:
      return run_inspect(config, world);
    case Command::plan:
      return run_plan(config, world);
    case Command::compress:
      return run_compress(config, world);
    case Command::merge:
      return run_merge(config, world);
    case Command::fit:
      return run_fit(config, world);
    case Command::cv:
      return run_cv(config, world);
    case Command::bag:
      return run_bag(config, world);
    case Command::sample:
      return run_sample(config, world);
    case Command::predict:
      return run_predict(config, world);
    case Command::select:
      return run_select(config, world);
    case Command::report:
      return run_report(config, world);
    case Command::bench:
      return run_bench(config, world);
  }
}

/// A warning of the first minute has long scrolled away when a run of hours ends.
void repeat_warnings() {
  const auto warnings = log::warnings();
  if (warnings.empty()) return;
  log::info("{} of this run:", warnings.size() == 1 ? "Warning" : "Warnings");
  for (const auto& [message, count] : warnings) log::info("  {} x {}", count, message);
}

void run_command_line(const std::vector<std::string>& arguments, const comm::Communicator& world) {
  CommandLine line;
  comm::all_or_none(world, [&] { line = parse_command_line(arguments); });
  if (!line.command) {
    if (world.is_root()) std::fputs(line.text.c_str(), stdout);
    return;
  }
  const Config config = configure(line, world);
  if (info(*line.command).output == Output::file) {  // asked now, not after hours
    comm::all_or_none(world, [&] {
      if (world.is_root()) io::require_writable_file(config.output);
    });
  }
  dispatch(*line.command, config, world);
}

}  // namespace

int exit_code_of(const comm::Communicator& world, const std::function<void()>& work) {
  try {
    work();
    return 0;
  } catch (const Error& error) {
    return leave_with(world, error);
  } catch (const std::bad_alloc&) {
    return leave_with(world,
                      Error(ErrorKind::resource,
                            "out of memory. Use more ranks, or a lower run.memory_per_rank so that less is "
                            "held at once."));
  } catch (const std::exception& error) {
    return leave_with(world, Error(ErrorKind::bug, error.what()));
  }
}

int run(int argc, char** argv) {
  return_freed_arrays_to_the_system();
  const comm::MpiSession session(&argc, &argv);
  const comm::Communicator world = comm::Communicator::world();
  log::set_speaking(world.is_root());
  linalg::set_blas_threads(
      1);  // ranks share the node's cores, and sums must not depend on a number of threads
  const std::vector<std::string> arguments(argv, argv + argc);
  const int code = exit_code_of(world, [&] {
    comm::all_or_none(world, linalg::claim_blas_memory);
    run_command_line(arguments, world);
  });
  repeat_warnings();
  return code;
}

}  // namespace tallfit::app
