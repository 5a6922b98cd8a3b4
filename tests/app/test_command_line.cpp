#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "support/errors.hpp"

#include "tallfit/app/command_line.hpp"
#include "tallfit/base/error.hpp"

namespace tallfit::app {
namespace {

CommandLine parse(const std::string& typed) {
  std::istringstream words(typed);
  std::vector<std::string> arguments = {"tallfit"};
  for (std::string word; words >> word;) arguments.push_back(word);
  return parse_command_line(arguments);
}

std::string message_of(const std::string& typed) {
  return support::error_of([&] { parse(typed); });
}

/// "key=text" of every override, in order.
std::string overrides(const std::string& typed) {
  std::string text;
  for (const io::TomlEntry& entry : parse(typed).overrides) text += entry.key + "=" + entry.text + " ";
  return text;
}

TEST(CommandLine, TellsConfigurationOutputAndKeysApart) {
  const CommandLine line = parse("fit run.toml -o out --fit.lambda=1e-6 --fit.estimator ridge");
  EXPECT_EQ(line.command, Command::fit);
  EXPECT_EQ(line.config_file, "run.toml");
  EXPECT_EQ(line.output, "out");
  ASSERT_EQ(line.overrides.size(), 2U);
  EXPECT_EQ(line.overrides[0].origin(), "--fit.estimator");  // in the order of the registry
  EXPECT_EQ(std::get<std::string>(line.overrides[0].value), "ridge");
  EXPECT_EQ(std::get<double>(line.overrides[1].value), 1e-6);
}

TEST(CommandLine, PositionalArgumentsAreKeys) {
  EXPECT_EQ(overrides("generate atoms -o f.h5"), "generate.kind=atoms ");
  EXPECT_EQ(overrides("import fitsnap DIR -o f.h5"), "import.format=fitsnap import.folder=DIR ");
  EXPECT_EQ(overrides("fit ta.h5 run.toml -o out"), "data.design=ta.h5 ");
  EXPECT_EQ(overrides("predict ta.h5 --predict.coefficients=DIR"),
            "data.design=ta.h5 predict.coefficients=DIR ");
  EXPECT_EQ(overrides("merge a.h5 --drop group=A b.h5 --drop group=B -o c.h5"),
            "merge.inputs=[\"a.h5\", \"b.h5\"] merge.drop=[\"group=A\", \"group=B\"] ");
  EXPECT_EQ(overrides("bench --scaling"), "bench.scaling=true ");
  EXPECT_EQ(overrides("plan --plan.ranks=10"), "plan.ranks=10 ");
}

TEST(CommandLine, AKeyGivenTwiceCountsOnceTheLast) {
  EXPECT_EQ(overrides("fit --fit.lambda=1 --fit.lambda=2"), "fit.lambda=2 ");
}

TEST(CommandLine, KeysOfOtherCommandsAreAllowed) {
  EXPECT_EQ(overrides("fit --merge.drop=x"), "merge.drop=x ");
}

TEST(CommandLine, MistakesAreTold) {
  const std::string commands =
      "\n  Commands: generate, import, inspect, plan, compress, merge, fit, cv, bag, sample, predict, "
      "select, report, bench";
  EXPECT_EQ(message_of(""), "no command. 'tallfit --help' explains." + commands);
  EXPECT_EQ(message_of("fti a.h5"), "unknown command 'fti'. Did you mean 'fit'?" + commands);
  EXPECT_EQ(
      message_of("fit --fit.lamda 3")
          .find(
              "--fit.lamda: unknown key 'lamda' in [fit]. Did you mean 'lambda'?\n  Known keys: estimator, "),
      0U);
  EXPECT_EQ(
      message_of("fit --ouput=x"),
      "unknown option '--ouput'. Did you mean '--output'?\n  'tallfit fit --help' lists options and keys.");
  EXPECT_EQ(message_of("fit a.h5 b.h5"),
            "'tallfit fit' does not take the argument 'b.h5'. Did you forget -o?\n"
            "  Usage: tallfit fit CONFIG.toml|DESIGN.h5|COMPRESSED.tallfit.h5 -o FOLDER");
  EXPECT_EQ(message_of("fit a.toml b.toml"),
            "two configurations, 'a.toml' and 'b.toml', but a run has one. Did you forget -o?");
  EXPECT_TRUE(parse("fit a.h5 --resume").resume);
  EXPECT_EQ(
      message_of("merge a.h5 --resume"),
      "'tallfit merge' writes no checkpoints, so --resume has nothing to continue. Run it again without "
      "--resume.");
  EXPECT_NE(message_of("fit a.h5 -o"), "no error");
}

TEST(CommandLine, HelpListsTheKeysOfTheCommand) {
  EXPECT_EQ(parse("--version").text.substr(0, 8), "tallfit ");
  EXPECT_NE(parse("--help").text.find("compress  Read a design once"), std::string::npos);
  const CommandLine line = parse("fit --help");
  EXPECT_FALSE(line.command.has_value());
  EXPECT_NE(line.text.find(
                "initial_lambda = 0\n    adaptive_lasso: ridge penalty of the fit that gives the weights; 0: "
                "least squares.\n    Takes a number >= 0 [weighted feature squared].\n"),
            std::string::npos);
  EXPECT_EQ(line.text.find("[merge]"), std::string::npos);
  for (const CommandInfo& command : commands()) {
    EXPECT_NE(parse(std::string(command.name) + " -h").text.find("[run]"), std::string::npos) << command.name;
  }
}

}  // namespace
}  // namespace tallfit::app
