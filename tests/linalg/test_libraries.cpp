#include <gtest/gtest.h>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/libraries.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::linalg {
namespace {

TEST(Libraries, SayTheirVersions) {
  const auto versions = library_versions();
  ASSERT_EQ(versions.size(), 3U);
  EXPECT_EQ(versions[0].first, "PETSc");
  EXPECT_EQ(versions[0].second, petsc_version());
  for (const auto& [name, version] : versions) EXPECT_FALSE(version.empty()) << name;
  EXPECT_NE(versions[2].second, "unknown");
}

TEST(Libraries, BlasTakesOneThread) {
  const std::optional<int> in_force = set_blas_threads(1);
  if (in_force) {
    EXPECT_EQ(*in_force, 1);
  }
  EXPECT_THROW(set_blas_threads(0), Error);
}

// Inner sessions do nothing; PETSc ends with the outermost and may begin again on other ranks.
TEST(PetscSession, NestsAndRestarts) {
  EXPECT_FALSE(PetscSession::is_running());
  for (int round = 0; round < 2; ++round) {
    const PetscSession outer(comm::Communicator::world());
    EXPECT_TRUE(PetscSession::is_running());
    { const PetscSession inner(comm::Communicator::self()); }
    EXPECT_TRUE(PetscSession::is_running());
  }
  EXPECT_FALSE(PetscSession::is_running());
  {
    const PetscSession alone(comm::Communicator::self());
    EXPECT_TRUE(PetscSession::is_running());
  }
  EXPECT_FALSE(PetscSession::is_running());
}

}  // namespace
}  // namespace tallfit::linalg
