// Rows of maximal volume against all subsets, and what their coefficients must be.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/errors.hpp"
#include "support/memory_source.hpp"
#include "support/oracle.hpp"

#include "tallfit/infer/maxvol.hpp"

namespace tallfit::test {
namespace {

/// The rows of a rank: those of a contiguous part of m.
infer::VolumeRows volume_rows(const Eigen::MatrixXd& all, const comm::Communicator& comm) {
  const Index m = all.cols();
  const Index begin = m * comm.rank() / comm.size();
  const Index end = m * (comm.rank() + 1) / comm.size();
  infer::VolumeRows mine{.rows = all.middleCols(begin, end - begin), .numbers = {}};
  for (Index i = begin; i < end; ++i) mine.numbers.push_back(i);
  return mine;
}

Eigen::MatrixXd random_columns(Index n, Index m, std::uint64_t seed) {
  Eigen::MatrixXd all(n, m);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) all(j, i) = random_entry(seed, i, j);
  return all;
}

Eigen::MatrixXd picked(const Eigen::MatrixXd& all, const std::vector<Index>& numbers) {
  return all(Eigen::all, numbers);
}

/// The largest |det| of any n columns.
double largest_volume(const Eigen::MatrixXd& all) {
  const Index n = all.rows();
  std::vector<bool> mask(static_cast<std::size_t>(all.cols()), false);
  std::fill(mask.begin(), mask.begin() + n, true);
  double largest = 0.0;
  do {
    std::vector<Index> numbers;
    for (std::size_t i = 0; i < mask.size(); ++i)
      if (mask[i]) numbers.push_back(static_cast<Index>(i));
    largest = std::max(largest, std::abs(support::determinant_of(picked(all, numbers))));
  } while (std::prev_permutation(mask.begin(), mask.end()));
  return largest;
}

// No coefficient exceeds 1 + tolerance at the end, so that no swap of one row raises the volume by more; over
// small sets the volume is compared with the best of all subsets. No swap helping leaves at least n^(-n/2) of
// it (Hadamard: |det C| of n rows with entries below 1 + tol); what is found is far better.
TEST(MaxVol, NoSwapHelpsAndVolumesAreNearTheBest) {
  const auto world = comm::Communicator::world();
  constexpr Index n = 4;
  constexpr double tolerance = 0.01;
  double worst = 1.0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Eigen::MatrixXd all = random_columns(n, 14, seed);
    const infer::MaxVol is = infer::maxvol(volume_rows(all, world), {.tolerance = tolerance}, world);
    ASSERT_EQ(is.numbers.size(), 4U);
    const Eigen::MatrixXd b = picked(all, is.numbers);
    EXPECT_EQ(b, is.chosen);
    const Eigen::MatrixXd c = support::inverse_of(b) * all;
    EXPECT_LE(c.cwiseAbs().maxCoeff(), 1.0 + tolerance + 1e-12);  // an inverse of condition below 1e2
    EXPECT_NEAR(c.cwiseAbs().maxCoeff(), is.largest, 1e-12);
    const double part = std::abs(support::determinant_of(b)) / largest_volume(all);
    EXPECT_GE(part, std::pow(1.0 + tolerance, -4.0) * std::pow(4.0, -2.0));
    worst = std::min(worst, part);
  }
  EXPECT_GE(worst, 0.5);
}

// Swaps are needed where the greedy start is misled; catches a search that stops at its start.
TEST(MaxVol, SwapsLeaveAStartThatIsMisled) {
  const auto world = comm::Communicator::world();
  Index swaps = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Eigen::MatrixXd all = random_columns(9, 200, seed);
    const infer::MaxVol is = infer::maxvol(volume_rows(all, world), {.tolerance = 0.01}, world);
    EXPECT_LE((support::inverse_of(picked(all, is.numbers)) * all).cwiseAbs().maxCoeff(), 1.01 + 1e-11);
    swaps += is.swaps;
  }
  EXPECT_GT(swaps, 5);
}

// Rows beyond n: each is the one of the largest a (BᵀB)⁻¹ aᵀ of those that are left.
TEST(MaxVol, RowsBeyondTheSquareRaiseTheVolumeMost) {
  const auto world = comm::Communicator::world();
  const Eigen::MatrixXd all = random_columns(5, 60, 3);
  const infer::MaxVol is =
      infer::maxvol(volume_rows(all, world),
                    {.is_enough = [](const auto& numbers) { return numbers.size() >= 12; }}, world);
  ASSERT_EQ(is.numbers.size(), 12U);
  for (std::size_t size = 5; size < 12; ++size) {
    const std::vector<Index> before(is.numbers.begin(),
                                    is.numbers.begin() + static_cast<std::ptrdiff_t>(size));
    const Eigen::MatrixXd b = picked(all, before);
    const Eigen::MatrixXd inverse = support::inverse_of(b * b.transpose());
    const auto leverage = [&](Index i) { return all.col(i).dot(inverse * all.col(i)); };
    for (Index i = 0; i < all.cols(); ++i)
      if (std::find(before.begin(), before.end(), i) == before.end()) {
        EXPECT_LE(leverage(i), leverage(is.numbers[size]) + 1e-11);
      }
  }
}

TEST(MaxVol, BitsDoNotDependOnRanks) {
  const auto world = comm::Communicator::world();
  const auto self = comm::Communicator::self();
  const Eigen::MatrixXd all = random_columns(7, 300, 5);
  const infer::MaxVolOptions options{.is_enough = [](const auto& numbers) { return numbers.size() >= 15; }};
  const infer::MaxVol is = infer::maxvol(volume_rows(all, world), options, world);
  const infer::MaxVol one = infer::maxvol(volume_rows(all, self), options, self);
  EXPECT_EQ(is.numbers, one.numbers);
  EXPECT_EQ(is.largest, one.largest);
}

TEST(MaxVol, RowsWithoutAVolumeAreTold) {
  const auto world = comm::Communicator::world();
  Eigen::MatrixXd all = random_columns(4, 30, 5);
  all.row(3) = all.row(0) - 2.0 * all.row(1);
  support::expect_error(ErrorKind::input, {"span only 3 of 4 directions"},
                        [&] { infer::maxvol(volume_rows(all, world), {}, world); });
}

}  // namespace
}  // namespace tallfit::test
