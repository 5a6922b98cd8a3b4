#include <gtest/gtest.h>

#include <cmath>

#include "support/errors.hpp"

#include "tallfit/report/scaling_model.hpp"

namespace tallfit::report {
namespace {

constexpr compress::MachineRates machine{
    .dgemm_gflops = 40.0, .memory_gbs = 8.0, .network_gbs = 2.0, .latency_us = 3.0};

/// What the machine of a test is slower by than the cost model says.
struct Truth {
  double survey = 2.0;
  double pass = 1.25;
  double merging = 3.0;
  double solve = 1.75;
};

/// Written down again from docs/scaling.md, for one cell and P = 2^levels ranks.
io::ScalingRecord made_record(Index rows, Index columns, int levels, const Truth& truth) {
  const double p = std::ldexp(1.0, levels);
  const double k = static_cast<double>(columns) + 2.0;
  const double flops = 40e9;
  io::ScalingRecord record;
  record.kind = "strong";
  record.ranks = Index{1} << levels;
  record.rows = rows;
  record.columns = columns;
  record.machine = machine;
  const double merge = 2.0 / 3.0 * k * k * k / (0.6 * flops);
  const double gather = levels == 0 ? 0.0 : (p - 1.0) * 3e-6 + 64.0 * 112.0 / 2e9;  // 64 leaves
  const double survey = truth.survey * (1e-7 * static_cast<double>(rows) / p + gather);
  const double pass =
      truth.pass * (2.0 * static_cast<double>(rows) * k * k / p / (0.7 * flops) + (64.0 / p - 1.0) * merge);
  const double merges = levels * (truth.merging * merge + 4.0 * k * k / 2e9 + 6e-6);
  const double solve = truth.solve * 2.0 / 3.0 * k * k * k / (0.4 * flops);
  const auto add = [&](const char* name, double seconds) {
    record.stages.push_back({.name = name,
                             .seconds = std::vector<double>(static_cast<std::size_t>(p), seconds),
                             .flops = {},
                             .messages = {},
                             .sent = {}});
  };
  add("survey", survey);
  add("rows", pass);
  add("merge leaves", 0.75 * merges);
  add("merge cells", 0.25 * merges);
  add("solve", solve);
  return record;
}

std::vector<io::ScalingRecord> made_records(const std::vector<Index>& columns, int most_levels,
                                            const Truth& truth = {}) {
  std::vector<io::ScalingRecord> records;
  for (const Index k : columns)
    for (int levels = 0; levels <= most_levels; ++levels)
      records.push_back(made_record(400 * k, k, levels, truth));
  return records;
}

// Two numbers of columns tell flops (K³) from bytes (K²); times without noise give the constants to rounding:
// 7 records, condition below 1e4 of scaled columns, eps 2e-16: 1e-10 leaves two digits.
TEST(ScalingModel, FindsTheConstantsOfExactTimes) {
  const ScalingModel model = fit_scaling_model(made_records({100, 1600}, 4));
  const std::vector<double> want = {2.0, 2.0, 1.25, 3.0, 1.0, 1.0, 1.75};
  ASSERT_EQ(model.constants.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i)
    EXPECT_NEAR(model.constants[i].value, want[i], 1e-10 * want[i]) << model.constants[i].name;
  EXPECT_EQ(model.constants[2].by, Determined::fitted);
  EXPECT_EQ(model.constants[3].by, Determined::fitted);
  const io::ScalingRecord far = made_record(800000, 500, 6, {});
  const Foretold told = foretell(model, {800000, 500, 1}, 64, 0.95);
  EXPECT_NEAR(told.seconds, far.seconds(), 1e-9 * far.seconds());
  // Its 64 leaves keep no more ranks busy, which only make the gather of the survey longer.
  const double longer = 2.0 * (1024.0 - 64.0) * 3e-6;
  EXPECT_NEAR(foretell(model, {800000, 500, 1}, 1024, 0.95).seconds, told.seconds + longer, 1e-9);
}

// With one number of columns all of a merge is proportional to log2 P: only the largest cost can be fitted.
TEST(ScalingModel, HoldsWhatTheRecordsCannotTellApart) {
  const ScalingModel model = fit_scaling_model(made_records({500}, 2));
  EXPECT_EQ(model.constants[3].by, Determined::fitted);
  EXPECT_EQ(model.constants[4].by, Determined::held);
  EXPECT_EQ(model.constants[5].by, Determined::held);
  EXPECT_EQ(model.constants[4].value, 1.0);
  EXPECT_NEAR(model.constants[3].value, 3.0, 1e-9);
  // Half of the bytes' share is in doubt, whatever the records say.
  const double bytes = 6.0 * 4.0 * 502.0 * 502.0 / 2e9;
  const Foretold told = foretell(model, {200000, 500, 1}, 64, 0.95);
  EXPECT_NEAR(told.upper - told.seconds, 1.959963984540054 * 0.5 * bytes, 0.01 * bytes);
}

TEST(ScalingModel, OneRecordLeavesTheCostModel) {
  const ScalingModel model = fit_scaling_model({made_record(200000, 500, 0, {})});
  for (const ModelConstant& constant : model.constants) EXPECT_EQ(constant.by, Determined::held);
  EXPECT_DOUBLE_EQ(foretell(model, {200000, 500, 1}, 8, 0.95).seconds,
                   expected_seconds(model, {200000, 500, 1}, 8));
}

// A machine that other work slows down to half while two ranks are measured: their DGEMM knows it.
TEST(ScalingModel, ComparesEachRecordAtItsOwnRate) {
  std::vector<io::ScalingRecord> records = made_records({500}, 2);
  for (io::ScalingRecord& record : records) {
    const bool slow = record.ranks == 2;
    record.dgemm_gflops.assign(static_cast<std::size_t>(record.ranks), slow ? 20.0 : 40.0);
    if (slow)
      for (double& s : record.stages[1].seconds) s *= 2.0;
  }
  const ScalingModel model = fit_scaling_model(records);
  EXPECT_NEAR(model.constants[2].value, 1.25, 1e-9);
  EXPECT_NEAR(model.constants[2].standard_error, 0.0, 1e-9);
}

TEST(ScalingModel, ConstantsAreNotNegative) {
  std::vector<io::ScalingRecord> records = made_records({500}, 3);
  // A survey that gets faster than its share: its messages would take less than no time.
  for (io::ScalingRecord& record : records) {
    const double p = static_cast<double>(record.ranks);
    for (double& s : record.stages[0].seconds) s = 0.02 / p / p;
  }
  const ScalingModel model = fit_scaling_model(records);
  for (const ModelConstant& constant : model.constants) EXPECT_GE(constant.value, 0.0) << constant.name;
}

// Relative errors of +-5 %, the same for all records of a draw of signs: of 400 draws at least 90 % must have
// the truth inside a band of 95 %. Were the coverage 0.95, fewer than 360 had a chance below 1e-5 (binomial).
TEST(ScalingModel, TheBandCoversTheTruth) {
  const double truth = made_record(200000, 500, 6, {}).seconds();
  int inside = 0;
  std::uint64_t state = 1;
  for (int draw = 0; draw < 400; ++draw) {
    auto records = made_records({500}, 3);
    for (io::ScalingRecord& record : records)
      for (io::ScalingStage& stage : record.stages) {
        double sum = 0.0;  // of 12 uniform numbers: close to a normal one
        for (int i = 0; i < 12; ++i) {
          state = state * 6364136223846793005ULL + 1442695040888963407ULL;
          sum += static_cast<double>(state >> 11U) * 0x1p-53 - 0.5;
        }
        for (double& s : stage.seconds) s *= 1.0 + 0.05 * sum;
      }
    const Foretold told = foretell(fit_scaling_model(records), {200000, 500, 1}, 64, 0.95);
    if (told.lower <= truth && truth <= told.upper) ++inside;
  }
  EXPECT_GE(inside, 360);
  EXPECT_LT(inside, 400);  // a band that covers all says nothing
}

TEST(ScalingModel, RatesAreThoseOfTheConstants) {
  const ScalingModel model = fit_scaling_model(made_records({500}, 2));
  EXPECT_EQ(rate_text(model, 2), fmt::format("{:.3g} GF/s", 0.7 * 40.0 / 1.25));
  EXPECT_EQ(rate_text(model, 3), fmt::format("{:.3g} GF/s", 0.6 * 40.0 / 3.0));
  EXPECT_EQ(rate_text(model, 4), "2 GB/s");
  EXPECT_EQ(rate_text(model, 5), "3 us");
}

TEST(ScalingModel, NeedsARecord) {
  support::expect_error(ErrorKind::input, {"no scaling record"}, [] { (void)fit_scaling_model({}); });
}

}  // namespace
}  // namespace tallfit::report
