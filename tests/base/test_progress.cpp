#include <gtest/gtest.h>

#include <string>

#include "tallfit/base/progress.hpp"

namespace tallfit {
namespace {

struct Recorder {
  double now = 0.0;
  std::string written;

  Progress::Options options(bool terminal) {
    return {.clock = [this] { return now; },
            .write = [this](std::string_view text) { written += text; },
            .terminal = terminal};
  }
};

TEST(Progress, TextTellsRateAndRest) {
  EXPECT_EQ(progress_text("read rows", 0, 5000, 0.0), "read rows: 0/5000 (0 %)");
  EXPECT_EQ(progress_text("read rows", 1200, 5000, 4.0), "read rows: 1200/5000 (24 %), 300/s, 13 s left");
  EXPECT_EQ(progress_text("read rows", 1, 1000, 10.0), "read rows: 1/1000 (0 %), 0.1/s, 2 h 46 min left");
  EXPECT_EQ(progress_text("read rows", 5000, 5000, 125.0),
            "read rows: 5000/5000 (100 %), 40/s, took 2 min 5 s");
  EXPECT_EQ(progress_text("read rows", 0, 0, 1.0), "read rows: 0/0 (100 %)");
}

TEST(Progress, BarFills) {
  EXPECT_EQ(progress_bar(0, 10, 4), "[    ]");
  EXPECT_EQ(progress_bar(5, 10, 4), "[##  ]");
  EXPECT_EQ(progress_bar(10, 10, 4), "[####]");
}

TEST(Progress, BatchLogGetsFirstLastAndOneLineEveryTenSeconds) {
  Recorder recorder;
  Progress progress("rows", 100, recorder.options(false));
  for (int i = 0; i < 100; ++i) {
    recorder.now += 0.25;  // 25 s in all
    progress.advance();
  }
  EXPECT_EQ(recorder.written,
            "rows: 0/100 (0 %)\n"
            "rows: 40/100 (40 %), 4/s, 15 s left\n"
            "rows: 80/100 (80 %), 4/s, 5 s left\n"
            "rows: 100/100 (100 %), 4/s, took 25 s\n");
}

TEST(Progress, TerminalRedrawsOneLine) {
  Recorder recorder;
  {
    Progress progress("rows", 2, recorder.options(true));
    recorder.now = 1.0;
    progress.advance(2);
  }
  EXPECT_EQ(recorder.written,
            "\r[                    ] rows: 0/2 (0 %)\x1b[K"
            "\r[####################] rows: 2/2 (100 %), 2/s, took 1 s\x1b[K\n");
}

}  // namespace
}  // namespace tallfit
