#include <gtest/gtest.h>

#include "support.hpp"

#include "tallfit/io/scaling_record.hpp"

namespace tallfit::io {
namespace {

using support::expect_error;

ScalingRecord two_ranks() {
  ScalingRecord record;
  record.version = "1.2.3";
  record.kind = "weak";
  record.ranks = 2;
  record.rows = 4000;
  record.columns = 8;
  record.cells = 3;
  record.leaves = 9;
  record.bytes_per_pass = 256000.0;
  record.machine.dgemm_gflops = 31.5;
  record.dgemm_gflops = {2.0, 3.0};
  record.stages = {
      {.name = "rows", .seconds = {0.5, 1.5}, .flops = {2e9, 1e9}, .messages = {0, 1}, .sent = {0, 80}},
      {.name = "solve", .seconds = {0.25, 0}, .flops = {1e8, 0}, .messages = {0, 0}, .sent = {0, 0}}};
  record.tries = {{1.5, 0.25}, {1.75, 0.5}};
  return record;
}

TEST(ScalingRecord, KnowsItsFigures) {
  const ScalingRecord record = two_ranks();
  EXPECT_EQ(record.seconds(), 1.75);
  EXPECT_EQ(record.seconds_of("solve"), 0.25);
  EXPECT_EQ(record.stages[0].imbalance(), 1.5);  // 1.5 over a mean of 1
  EXPECT_EQ(record.stages[1].imbalance(), 2.0);  // one of two works
  EXPECT_DOUBLE_EQ(record.stages[0].fraction_of(record.dgemm_gflops), 3.0 / (1.5 * 5.0));
  EXPECT_EQ(scaling_file_name(record), "scaling_weak_2.json");
  expect_error(ErrorKind::input, {"2 ranks", "'rest'"}, [&] { (void)record.seconds_of("rest"); });
}

TEST(ScalingRecord, IsReadAsItWasWritten) {
  const test::TemporaryFolder folder;
  const ScalingRecord record = two_ranks();
  const ScalingRecord read = read_scaling_record(test::write_text(folder / "r.json", scaling_json(record)));
  EXPECT_EQ(scaling_json(read), scaling_json(record));
  EXPECT_EQ(read.stages[0].sent, record.stages[0].sent);
  EXPECT_EQ(read.tries, record.tries);
  EXPECT_EQ(read.machine.dgemm_gflops, 31.5);
}

/// The text of a record with one piece of it changed.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = scaling_json(two_ranks());
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ScalingRecord, BadFilesAreNamedWithWhatIsWrong) {
  const test::TemporaryFolder folder;
  const auto expect_complaint = [&](const std::string& text, const std::string& complaint) {
    const std::string path = test::write_text(folder / "bad.json", text);
    expect_error(ErrorKind::input, {path, complaint}, [&] { (void)read_scaling_record(path); });
  };
  expect_complaint("[1]", "an object was expected");
  expect_complaint("{}", "'tallfit_scaling' is missing");
  expect_complaint(scaling_json(two_ranks()).substr(0, 200), "not JSON");
  expect_complaint(changed("\"tallfit_scaling\": 1", "\"tallfit_scaling\": 2"), "this version reads 1");
  expect_complaint(changed("\"weak\"", "\"flat\""), "'kind' is \"flat\"");
  expect_complaint(changed("\"ranks\": 2", "\"ranks\": 3"), "'dgemm_gflops' has 2 numbers where 3");
  expect_complaint(changed("\"ranks\": 2", "\"ranks\": 0"), "'ranks' is 0");
  expect_complaint(changed("\"columns\": 8", "\"columns\": \"8\""), "'columns' is \"8\"");
  expect_complaint(changed("0.5", "-0.5"), "'seconds' has a number that is negative");
}

}  // namespace
}  // namespace tallfit::io
