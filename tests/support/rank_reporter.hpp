/// Makes a GoogleTest program of many ranks read, and fail, like a program of one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/watchdog.hpp"

#include "tallfit/comm/communicator.hpp"

namespace tallfit::support {

/// Rank 0 prints as GoogleTest does; failures of all ranks are merged after each test, and a test that failed
/// on any rank, or was skipped on some only, fails on all.
///
/// It talks over a communicator of its own, so a rank that left a test early is not mistaken for a partner of
/// the others' collective calls.
class RankReporter : public testing::EmptyTestEventListener {
public:
  /// @param printer  GoogleTest's own; kept on rank 0, dropped elsewhere. @collective
  RankReporter(std::unique_ptr<testing::TestEventListener> printer, int limit_s);

  void OnTestProgramStart(const testing::UnitTest& program) override;
  void OnTestIterationStart(const testing::UnitTest& program, int iteration) override;
  void OnTestSuiteStart(const testing::TestSuite& suite) override;
  void OnTestStart(const testing::TestInfo& test) override;
  void OnTestPartResult(const testing::TestPartResult& result) override;
  void OnTestEnd(const testing::TestInfo& test) override;
  void OnTestSuiteEnd(const testing::TestSuite& suite) override;
  void OnTestIterationEnd(const testing::UnitTest& program, int iteration) override;
  void OnTestProgramEnd(const testing::UnitTest& program) override;

private:
  /// Fails the test here and now when it failed or was skipped elsewhere. @collective
  void merge(const testing::TestInfo& test);
  /// The texts of all ranks, equal ones once with all their ranks; on rank 0, empty elsewhere. @collective
  std::string merged_failures(const std::string& mine) const;

  comm::Communicator comm_;
  std::unique_ptr<testing::TestEventListener> printer_;
  Watchdog watchdog_;
  bool inside_test_ = false;
  bool merging_ = false;
};

}  // namespace tallfit::support
