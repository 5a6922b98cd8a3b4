#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/errors.hpp"

#include "tallfit/base/error.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::io {
namespace {

using support::error_of;

std::string parse_message(const std::string& text) {
  return error_of([&] { parse_toml(text, "run.toml"); });
}

TEST(TomlDocument, IsAFlatListInTheOrderOfLines) {
  const auto entries = parse_toml(
      "[fit]\n"
      "lambda = 1e-6\n"
      "estimator = \"ridge\"\n"
      "[compress]\n"
      "folds = 10\n"
      "cells = [\"group\", \"fold\"]\n"
      "[bench]\n"
      "[solver]\n"
      "refine = true\n",
      "run.toml");
  ASSERT_EQ(entries.size(), 6U);
  EXPECT_EQ(entries[0].key, "fit.lambda");
  EXPECT_EQ(std::get<double>(entries[0].value), 1e-6);
  EXPECT_EQ(entries[0].origin(), "run.toml:2");
  EXPECT_EQ(entries[1].key, "fit.estimator");
  EXPECT_EQ(std::get<std::string>(entries[1].value), "ridge");
  EXPECT_EQ(std::get<std::int64_t>(entries[2].value), 10);
  EXPECT_EQ(entries[3].text, "[\"group\", \"fold\"]");
  EXPECT_EQ(entries[4].key, "bench");  // an empty section is told
  EXPECT_EQ(std::get<bool>(entries[5].value), true);
}

TEST(TomlDocument, TablesInSectionsAreMaps) {
  const std::string spellings[] = {"[fit]\nweights = { \"A.energy\" = 2.0, B = 3 }",
                                   "[fit]\nweights = { A.energy = 2.0, B = 3 }",
                                   "[fit.weights]\n\"A.energy\" = 2.0\nB = 3"};
  for (const std::string& text : spellings) {
    const auto entries = parse_toml(text, "run.toml");
    ASSERT_EQ(entries.size(), 1U) << text;
    EXPECT_EQ(entries[0].key, "fit.weights");
    EXPECT_EQ(entries[0].text, "{ \"A.energy\" = 2, \"B\" = 3 }");
  }
}

TEST(TomlDocument, ErrorsNameFileAndLine) {
  EXPECT_EQ(parse_message("[fit]\nlambda = \n").substr(0, 11), "run.toml:2:");
  EXPECT_EQ(parse_message("[fit]\nwhen = 2020-01-01\n"),
            "run.toml:2: dates, times and lists of lists or tables have no meaning here");
  EXPECT_EQ(parse_message("[fit]\n\nx = [[1]]\n"),
            "run.toml:3: dates, times and lists of lists or tables have no meaning here");
  EXPECT_NE(parse_message("[fit]\nlambda = 1\nlambda = 2\n").find("run.toml:3:"), std::string::npos);
  EXPECT_EQ(error_of([] { read_toml("no_such.toml"); }),
            "cannot open 'no_such.toml'. Is the path right, and may you read it?");
  EXPECT_EQ(error_of([] { read_toml("/"); }), "cannot read '/': it is a folder.");
}

TEST(TomlDocument, ReadsFilesEmptyOnesToo) {
  const std::string path = testing::TempDir() + "tallfit_toml_document.toml";
  std::ofstream(path) << "";
  EXPECT_TRUE(read_toml(path).empty());
  std::ofstream(path) << "[run]\r\nseed = 7\r\n";
  EXPECT_EQ(read_toml(path).at(0).text, "7");
  std::filesystem::remove(path);
}

TEST(TomlArgument, NeedsNoQuotes) {
  const auto value = [](const char* text) { return parse_toml_argument("a.b", text).value; };
  EXPECT_EQ(std::get<double>(value("1e-6")), 1e-6);
  EXPECT_EQ(std::get<std::int64_t>(value("-3")), -3);
  EXPECT_EQ(std::get<bool>(value("false")), false);
  EXPECT_EQ(std::get<std::string>(value("ta.h5")), "ta.h5");
  EXPECT_EQ(std::get<std::string>(value("\"ta.h5\"")), "ta.h5");
  EXPECT_EQ(std::get<std::string>(value("group,row_type")), "group,row_type");
  EXPECT_EQ(std::get<std::string>(value("2020-01-01")), "2020-01-01");
  EXPECT_EQ(std::get<std::string>(value("")), "");
  EXPECT_EQ(std::get<TomlList>(value("[1, 2]")).size(), 2U);
  EXPECT_EQ(std::get<TomlMap>(value("{ A = 1 }")).size(), 1U);
  EXPECT_EQ(parse_toml_argument("a.b", "1.50").text, "1.50");
  EXPECT_EQ(parse_toml_argument("a.b", "1").origin(), "--a.b");
}

TEST(TomlArgument, RefusesBrokenToml) {
  EXPECT_EQ(error_of([] { parse_toml_argument("compress.cells", "[\"group\""); }),
            "--compress.cells=[\"group\" is neither TOML nor a plain word. Is a bracket or quote missing?");
}

TEST(ToToml, ReadsBackAsTheSameValue) {
  const TomlValue values[] = {true,
                              std::int64_t{-5},
                              1e-13,
                              std::string("a \"b\" \\c\nd"),
                              TomlList{1.5, std::string("x")},
                              TomlMap{{"A.energy", 2.5}},
                              TomlMap{}};
  for (const TomlValue& value : values) {
    EXPECT_EQ(parse_toml("[s]\nk = " + to_toml(value), "f").at(0).value, value) << to_toml(value);
  }
}

}  // namespace
}  // namespace tallfit::io
