#include "support/rank_reporter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

namespace tallfit::support {

namespace {

enum Outcome : int { passed, failed, skipped, n_outcomes };

Outcome outcome_of(const testing::TestResult& result) {
  if (result.Failed()) return failed;
  return result.Skipped() ? skipped : passed;
}

std::string located(const testing::TestPartResult& result) {
  const std::string place =
      result.file_name() == nullptr ? "" : fmt::format("{}:{}\n", result.file_name(), result.line_number());
  return place + result.message() + "\n";
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

RankReporter::RankReporter(std::unique_ptr<testing::TestEventListener> printer, int limit_s)
    : comm_(comm::Communicator::duplicate(MPI_COMM_WORLD)),
      printer_(comm_.is_root() ? std::move(printer) : std::make_unique<testing::EmptyTestEventListener>()),
      watchdog_(comm_.rank(), limit_s) {}

void RankReporter::OnTestProgramStart(const testing::UnitTest& program) {
  printer_->OnTestProgramStart(program);
}

void RankReporter::OnTestIterationStart(const testing::UnitTest& program, int iteration) {
  printer_->OnTestIterationStart(program, iteration);
}

void RankReporter::OnTestSuiteStart(const testing::TestSuite& suite) {
  watchdog_.enter(fmt::format("{} (set-up)", suite.name()));
  printer_->OnTestSuiteStart(suite);
}

void RankReporter::OnTestStart(const testing::TestInfo& test) {
  watchdog_.enter(fmt::format("{}.{}", test.test_suite_name(), test.name()));
  inside_test_ = true;
  printer_->OnTestStart(test);
}

void RankReporter::OnTestPartResult(const testing::TestPartResult& result) {
  if (merging_) return;
  if (result.skipped()) printer_->OnTestPartResult(result);
  if (!result.failed()) return;
  watchdog_.add_failure(located(result));
  // Outside a test nothing is merged later: each rank speaks for itself. (GoogleTest's own
  // current_test_info() would wait here for ever for the lock that its caller holds.)
  if (!inside_test_) print(fmt::format("[rank {}] {}", comm_.rank(), located(result)));
}

void RankReporter::OnTestEnd(const testing::TestInfo& test) {
  merge(test);
  inside_test_ = false;
  printer_->OnTestEnd(test);
  watchdog_.enter(fmt::format("after {}.{}", test.test_suite_name(), test.name()));
}

void RankReporter::OnTestSuiteEnd(const testing::TestSuite& suite) { printer_->OnTestSuiteEnd(suite); }

void RankReporter::OnTestIterationEnd(const testing::UnitTest& program, int iteration) {
  printer_->OnTestIterationEnd(program, iteration);
}

void RankReporter::OnTestProgramEnd(const testing::UnitTest& program) { printer_->OnTestProgramEnd(program); }

void RankReporter::merge(const testing::TestInfo& test) {
  const Outcome mine = outcome_of(*test.result());
  const std::string my_failures = watchdog_.leave();

  std::array<int, n_outcomes> ranks{};
  ranks.at(mine) = 1;
  comm::check_mpi(MPI_Allreduce(MPI_IN_PLACE, ranks.data(), n_outcomes, MPI_INT, MPI_SUM, comm_.get()),
                  "MPI_Allreduce");
  if (ranks.at(failed) > 0) print(merged_failures(my_failures));

  merging_ = true;  // what is added below is a consequence, not a finding
  if (ranks.at(failed) > 0) {
    if (mine != failed) ADD_FAILURE() << "failed on another rank";
  } else if (ranks.at(skipped) > 0 && ranks.at(passed) > 0) {
    if (comm_.is_root()) {
      print(fmt::format(
          "{} was skipped on {} of {} ranks only. Skip on all ranks or on none: decide from what all "
          "of them know.\n",
          test.name(), ranks.at(skipped), comm_.size()));
    }
    ADD_FAILURE() << "skipped on some ranks only";
  }
  merging_ = false;
}

std::string RankReporter::merged_failures(const std::string& mine) const {
  // MPI alone, not tallfit::comm's exchange: its tests run under this reporter too.
  const auto size = static_cast<std::size_t>(comm_.size());
  const int length = static_cast<int>(mine.size());
  std::vector<int> lengths(size);
  comm::check_mpi(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, comm_.get()),
                  "MPI_Allgather");
  std::vector<int> begins(size + 1, 0);
  for (std::size_t r = 0; r < size; ++r) begins[r + 1] = begins[r] + lengths[r];
  std::string all(static_cast<std::size_t>(begins.back()), '\0');
  comm::check_mpi(MPI_Gatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), begins.data(),
                              MPI_CHAR, 0, comm_.get()),
                  "MPI_Gatherv");
  if (!comm_.is_root()) return "";

  std::map<std::string, std::vector<std::size_t>> ranks_of;
  for (std::size_t r = 0; r < size; ++r) {
    if (lengths[r] == 0) continue;
    ranks_of[all.substr(static_cast<std::size_t>(begins[r]), static_cast<std::size_t>(lengths[r]))].push_back(
        r);
  }
  std::string text;
  for (const auto& [failure, ranks] : ranks_of) {
    text += fmt::format("[rank{} {}] {}", ranks.size() > 1 ? "s" : "", fmt::join(ranks, ", "), failure);
  }
  return text;
}

}  // namespace tallfit::support
