#include "tallfit/app/command.hpp"

#include <algorithm>
#include <array>

namespace tallfit::app {

namespace {

constexpr std::array<CommandInfo, 14> table = {{
    {Command::generate, "generate", "Write a synthetic design", "matrix|atoms [CONFIG.toml] -o FILE.h5",
     Output::file},
    {Command::import, "import", "Turn FitSNAP, CSV, NPY, ChIMES or Matrix Market files into a design file",
     "fitsnap|csv|npy|chimes|matrix_market [FOLDER|FILE.mtx] [CONFIG.toml] -o FILE.h5", Output::file},
    {Command::inspect, "inspect", "Tell shape, groups, ranges and defects of a design",
     "CONFIG.toml|DESIGN.h5", Output::optional_folder},
    {Command::plan, "plan", "Tell memory, flops and bytes of a run before it starts",
     "[CONFIG.toml|DESIGN.h5]", Output::none},
    {Command::compress, "compress", "Read a design once and write its compressed design",
     "CONFIG.toml|DESIGN.h5 -o FILE.tallfit.h5", Output::file, true},
    {Command::merge, "merge", "Join compressed designs of the same columns",
     "INPUT.tallfit.h5... [--drop group=NAME] -o FILE.tallfit.h5", Output::file},
    {Command::fit, "fit", "Fit one model: coefficients, uncertainties, metrics",
     "CONFIG.toml|DESIGN.h5|COMPRESSED.tallfit.h5 -o FOLDER", Output::folder, true},
    {Command::cv, "cv", "Choose hyperparameters by cross-validation, then fit",
     "CONFIG.toml|DESIGN.h5|COMPRESSED.tallfit.h5 -o FOLDER, or CONFIG.toml --collect FOLDER... -o FOLDER",
     Output::folder, true},
    {Command::bag, "bag", "Fit a bootstrap ensemble, with out-of-bag errors",
     "CONFIG.toml|DESIGN.h5 -o FOLDER, or --collect FOLDER... -o FOLDER", Output::folder, true},
    {Command::sample, "sample", "Sample the posterior of a model by Markov chains",
     "CONFIG.toml|DESIGN.h5|COMPRESSED.tallfit.h5 -o FOLDER", Output::folder, true},
    {Command::predict, "predict", "Predict the targets of a design from a fit",
     "CONFIG.toml|DESIGN.h5 --predict.coefficients=FIT -o FOLDER", Output::folder},
    {Command::select, "select", "Choose which configurations of a pool to label next",
     "CONFIG.toml|POOL.h5 [--select.coefficients=FIT] -o FOLDER", Output::folder},
    {Command::report, "report", "Write one HTML page, and pictures, from results and scaling records",
     "FOLDER|scaling_KIND_RANKS.json... -o FOLDER", Output::folder},
    {Command::bench, "bench", "Measure this machine's DGEMM rate and each stage of a fit against it",
     "[CONFIG.toml] [--scaling]", Output::optional_folder},
}};

}  // namespace

std::span<const CommandInfo> commands() { return table; }

const CommandInfo& info(Command command) {
  return *std::find_if(table.begin(), table.end(),
                       [&](const CommandInfo& c) { return c.command == command; });
}

std::optional<Command> find_command(std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const CommandInfo& c) { return c.name == name; });
  if (found == table.end()) return std::nullopt;
  return found->command;
}

}  // namespace tallfit::app
