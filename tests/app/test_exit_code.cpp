#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "tallfit/app/run.hpp"
#include "tallfit/base/error.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::app {
namespace {

/// Runs the work with one rank's stderr caught; returns its exit code and what it said.
std::pair<int, std::string> leave(const comm::Communicator& world, const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  const int code = exit_code_of(world, work);
  return {code, testing::internal::GetCapturedStderr()};
}

TEST(ExitCode, IsTheKindOnEveryRankAndTheRootSpeaks) {
  const auto world = comm::Communicator::world();
  for (const ErrorKind kind : {ErrorKind::input, ErrorKind::numerical, ErrorKind::resource}) {
    const auto [code, said] = leave(world, [&] { throw Error::collective(kind, "no. Do this."); });
    EXPECT_EQ(code, static_cast<int>(kind));
    EXPECT_EQ(said, world.is_root() ? "error: no. Do this.\n" : "");
  }
  EXPECT_EQ(leave(world, [] {}).first, 0);
}

TEST(ExitCode, OneRankOutOfMemoryIsFour) {
  const auto world = comm::Communicator::world();
  const auto [code, said] = leave(world, [&] {
    comm::all_or_none(world, [&] {
      if (world.rank() == world.size() - 1) throw std::bad_alloc();
    });
  });
  EXPECT_EQ(code, 4);
  EXPECT_EQ(said.empty(), !world.is_root());
}

TEST(ExitCode, BugsTellWhereAndAskForAReport) {
  const auto world = comm::Communicator::world();
  const auto [code, said] = leave(
      world, [&] { comm::require_replicated(world, false, ErrorKind::bug, "the sum of parts is {}", 7); });
  EXPECT_EQ(code, 1);
  if (!world.is_root()) return;
  EXPECT_EQ(said.rfind("error: the sum of parts is 7\n  noticed at ", 0), 0U) << said;
  EXPECT_NE(said.find("test_exit_code.cpp:"), std::string::npos) << said;
  EXPECT_NE(said.find("please report it"), std::string::npos) << said;
}

TEST(ExitCode, AloneEveryErrorIsCollective) {
  const auto self = comm::Communicator::self();
  EXPECT_EQ(leave(self, [] { fail(ErrorKind::input, "no"); }).first, 2);
  EXPECT_EQ(leave(self, [] { throw std::bad_alloc(); }).first, 4);
  EXPECT_EQ(leave(self, [] { throw std::runtime_error("odd"); }).first, 1);
}

}  // namespace
}  // namespace tallfit::app
