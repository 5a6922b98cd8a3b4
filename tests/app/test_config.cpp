#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/errors.hpp"

#include "tallfit/app/config_keys.hpp"
#include "tallfit/app/config_reader.hpp"
#include "tallfit/app/key_value.hpp"
#include "tallfit/base/error.hpp"

namespace tallfit::app {
namespace {

using support::error_of;

Config from_file(const std::string& text) { return read_config(io::parse_toml(text, "run.toml")); }

Config from_option(const std::string& key, const std::string& text) {
  const io::TomlEntry entry = io::parse_toml_argument(key, text);
  return read_config(std::span(&entry, 1));
}

std::string file_message(const std::string& text) {
  return error_of([&] { from_file(text); });
}

std::string option_message(const std::string& key, const std::string& text) {
  return error_of([&] { from_option(key, text); });
}

TEST(Config, ReadsEveryTypeFromAFile) {
  const Config config = from_file(
      "[data]\ndesign = \"ta.h5\"\n"
      "[fit]\nestimator = \"ridge\"\nlambda = 2\nfit_intercept = true\n"
      "weights = { \"A.energy\" = 2.0, B = 3 }\n"
      "[compress]\ncells = [\"group\"]\nfolds = 0\n"
      "[run]\nmemory_per_rank = \"512MiB\"\nblock_bytes = 4096\nseed = 9007199254740993\n"
      "[bench]\ncolumns = [10, 20]\n"
      "[snap]\nelements = [\"Ta\"]\nradelem = [0.5]\ntwojmax = [6]\nquadraticflag = 1\n");
  EXPECT_EQ(config.data.design, "ta.h5");
  EXPECT_EQ(config.fit.estimator, "ridge");
  EXPECT_EQ(config.fit.lambda, 2.0);
  EXPECT_TRUE(config.fit.fit_intercept);
  EXPECT_EQ(config.fit.weights, (std::map<std::string, double>{{"A.energy", 2.0}, {"B", 3.0}}));
  EXPECT_EQ(config.compress.cells, std::vector<std::string>{"group"});
  EXPECT_EQ(config.compress.folds, 0);
  EXPECT_EQ(config.run.memory_per_rank, Index{512} << 20);
  EXPECT_EQ(config.run.block_bytes, 4096);
  EXPECT_EQ(config.run.seed, 9007199254740993);  // 2^53 + 1: not by way of a double
  EXPECT_EQ(config.bench.columns, (std::vector<Index>{10, 20}));
  EXPECT_EQ(config.snap.twojmax, std::vector<int>{6});
  EXPECT_EQ(config.snap.quadraticflag, 1);
}

TEST(Config, ReadsEveryTypeFromTheCommandLine) {
  EXPECT_EQ(from_option("fit.lambda", "1e-3").fit.lambda, 1e-3);
  EXPECT_EQ(from_option("generate.rows", "1e6").generate.rows, 1000000);
  EXPECT_EQ(from_option("data.design", "1e5").data.design, "1e5");  // a file of that name
  EXPECT_EQ(from_option("compress.cells", "group,fold").compress.cells,
            (std::vector<std::string>{"group", "fold"}));
  EXPECT_EQ(from_option("compress.cells", "[\"fold\"]").compress.cells, std::vector<std::string>{"fold"});
  EXPECT_EQ(from_option("bench.columns", "10,20").bench.columns, (std::vector<Index>{10, 20}));
  EXPECT_EQ(from_option("bench.columns", "10").bench.columns, std::vector<Index>{10});
  EXPECT_EQ(from_option("run.memory_per_rank", "1.5GB").run.memory_per_rank, 1500000000);
  EXPECT_EQ(from_option("run.memory_per_rank", "auto").run.memory_per_rank, std::nullopt);
  EXPECT_EQ(from_option("noise.parameter", "-0.5").noise.parameter, -0.5);
  EXPECT_EQ(from_option("noise.parameter", "auto").noise.parameter, std::nullopt);
  EXPECT_EQ(from_option("fit.weights", "{ A = 2 }").fit.weights.at("A"), 2.0);
  EXPECT_TRUE(from_option("solver.refine", "true").solver.refine);
}

TEST(Config, TheLaterEntryWins) {
  auto entries = io::parse_toml("[fit]\nlambda = 1\n", "run.toml");
  entries.push_back(io::parse_toml_argument("fit.lambda", "5"));
  EXPECT_EQ(read_config(entries).fit.lambda, 5.0);
}

TEST(Config, UnknownKeysNamePlaceAndNearest) {
  // The keys of [fit] are many; what matters is that they follow.
  EXPECT_EQ(
      file_message("[fit]\nlamdba = 1e-6\n")
          .find(
              "run.toml:2: unknown key 'lamdba' in [fit]. Did you mean 'lambda'?\n  Known keys: estimator, "),
      0U);
  EXPECT_EQ(option_message("merge.drp", "x"),
            "--merge.drp: unknown key 'drp' in [merge]. Did you mean 'drop'?\n  Known keys: inputs, drop");
  EXPECT_EQ(file_message("[merge]\nentirely_else = 1\n"),
            "run.toml:2: unknown key 'entirely_else' in [merge].\n  Known keys: inputs, drop");
}

TEST(Config, UnknownSectionsNamePlaceAndNearest) {
  const std::string known =
      "\n  Known sections: data, fit, kernel, noise, solver, compress, cv, bag, sample, posterior, pops, "
      "model_error, "
      "checkpoint, run, generate, "
      "import, "
      "snap, merge, predict, select, plan, machine, report, bench";
  EXPECT_EQ(file_message("[fti]\nlambda = 1\n"),
            "run.toml:2: unknown section [fti]. Did you mean 'fit'?" + known);
  EXPECT_EQ(file_message("[elsewhere]\n"), "run.toml:1: unknown section [elsewhere]." + known);
  EXPECT_EQ(file_message("lambda = 1\n"),
            "run.toml:1: key 'lambda' stands outside every section. Did you mean fit.lambda?" + known);
  EXPECT_EQ(file_message("[fit]\n"), "no error");
}

TEST(Config, WrongValuesNamePlaceValueAndWhatIsExpected) {
  EXPECT_EQ(file_message("[fit]\nlambda = -1.0\n"), "run.toml:2: fit.lambda = -1: expected a number >= 0.");
  EXPECT_EQ(file_message("[fit]\nlambda = \"small\"\n"),
            "run.toml:2: fit.lambda = \"small\": expected a number >= 0.");
  EXPECT_EQ(file_message("[fit]\nfit_intercept = 1\n"),
            "run.toml:2: fit.fit_intercept = 1: expected true or false.");
  EXPECT_EQ(file_message("[solver]\nalgorithm = \"svg\"\n"),
            "run.toml:2: solver.algorithm = \"svg\": expected \"auto\", \"qr\", \"svd\", \"cholesky\" or "
            "\"lsqr\". Did you mean 'svd'?");
  EXPECT_EQ(file_message("[fit]\nweights = { A = -2.0 }\n"),
            "run.toml:2: fit.weights = { \"A\" = -2 }: expected a table of numbers >= 0 as { NAME = 2.0 }.");
  EXPECT_EQ(file_message("[data]\ndesign = 5\n"), "run.toml:2: data.design = 5: expected text.");
  EXPECT_EQ(option_message("run.memory_per_rank", "4Gib"),
            "--run.memory_per_rank=4Gib: expected \"auto\" or a size as \"4GiB\".");
  EXPECT_EQ(option_message("noise.parameter", "high"),
            "--noise.parameter=high: expected \"auto\" or a number.");
  EXPECT_EQ(option_message("compress.cells", "group,type"),
            "--compress.cells=group,type: expected a list of \"group\", \"row_type\" and \"fold\".");
}

/// Each key with a value just outside what it allows.
TEST(Config, RangesAreKept) {
  const std::pair<const char*, const char*> outside[] = {
      {"generate.rows", "0"},         {"generate.rows", "1.5"},       {"generate.rows", "1e300"},
      {"generate.condition", "0.99"}, {"generate.condition", "inf"},  {"generate.sparsity", "1"},
      {"generate.compression", "10"}, {"generate.compression", "-1"}, {"generate.test_fraction", "-0.1"},
      {"solver.rcond", "0"},          {"solver.rcond", "1"},          {"fit.lambda", "inf"},
      {"fit.lambda", "nan"},          {"compress.folds", "1"},        {"compress.folds", "-1"},
      {"run.memory_per_rank", "0"},   {"run.block_bytes", "-4"},      {"run.seed", "-1"},
      {"bench.columns", "10,0"},      {"bench.cells", "0"},           {"snap.twojmax", "3000000000"},
      {"snap.quadraticflag", "2"},    {"snap.rcutfac", "-1"},         {"plan.ranks", "-1"}};
  for (const auto& [key, value] : outside) {
    const std::string place = fmt::format("--{}={}: expected ", key, value);
    EXPECT_EQ(option_message(key, value).substr(0, place.size()), place);
  }
}

TEST(Config, EveryKeyIsListedOnceDocumentedAndUsed) {
  Config config;
  std::set<std::string> names;
  for (const Key& key : keys_of(config)) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.used_by.empty()) << key.name;
    ASSERT_FALSE(key.doc.empty()) << key.name;
    EXPECT_EQ(key.doc.back(), '.') << key.name;
  }
}

// A value that is written and read again is the same: fit.json can be pasted into a configuration.
TEST(Config, ResolvedReadsBack) {
  Config config =
      from_file("[fit]\nlambda = 0.1\nweights = { \"A.energy\" = 2.5 }\n[run]\nblock_bytes = \"1MiB\"\n");
  const auto list = resolved(config);
  Config again;
  for (const Key& key : keys_of(again)) {
    const auto line =
        std::find_if(list.begin(), list.end(), [&](const auto& l) { return l.first == key.name; });
    ASSERT_NE(line, list.end());
    if (line->second == "\"\"" || line->second == "[]") continue;  // not given
    assign(key, io::parse_toml("[s]\nk = " + line->second, "f").at(0));
  }
  EXPECT_EQ(resolved(again), list);
}

TEST(CheckConfig, TellsWhatIsMissing) {
  const auto check = [](const std::string& text, Command command, const std::string& output = "out") {
    return error_of([&] {
      Config config = from_file(text);
      config.output = output;
      check_config(config, command);
    });
  };
  const std::string design = "[data]\ndesign = \"a.h5\"\n";
  EXPECT_EQ(check(design, Command::fit), "no error");
  EXPECT_EQ(check(design, Command::fit, ""), "'tallfit fit' needs -o FOLDER: where its result goes.");
  EXPECT_EQ(check(design, Command::plan), "'tallfit plan' writes no files: leave -o out out.");
  EXPECT_EQ(check("", Command::compress).substr(0, 17), "no data is given.");
  EXPECT_EQ(check("", Command::generate), "no error");
  EXPECT_EQ(check("", Command::bench, ""), "no error");
  EXPECT_EQ(
      check(design + "source = \"atoms\"\n", Command::fit),
      "data.design, data.features and data.source exclude each other, but 2 of them are set. Keep one.");
  EXPECT_EQ(check("[data]\nfeatures = \"A.npy\"\n", Command::fit),
            "data.features = \"A.npy\" needs data.target: the file with one target per row.");
  EXPECT_EQ(
      check("[generate]\nrank = 60\n", Command::generate),
      "generate.rank = 60 is more than the 50 that 10000 rows and 50 columns (0 of them zero) can have.");
  EXPECT_EQ(check("[generate]\nzero_columns = 50\n[data]\nsource = \"matrix\"\n", Command::fit),
            "generate.zero_columns = 50 leaves none of the 50 columns (generate.columns).");
  EXPECT_EQ(check("[generate]\nrank = 60\nkind = \"atoms\"\n", Command::generate), "no error");
  EXPECT_EQ(check(design, Command::predict).substr(0, 20), "predict needs a fit:");
  EXPECT_EQ(check("[merge]\ninputs = [\"a\"]\ndrop = [\"bulk\"]\n", Command::merge),
            "--drop bulk cannot be read. Write --drop group=NAME.");
  EXPECT_EQ(
      check("[import]\nformat = \"npy\"\nfolder = \"d\"\n[snap]\nelements = [\"Ta\"]\n", Command::import),
      "snap.radelem has 0 values, but snap.elements has 1. Each element needs one.");
}

}  // namespace
}  // namespace tallfit::app
