// Runs that are stopped and go on, on other numbers of ranks, against runs that nothing disturbed: bit for
// bit.
#include <gtest/gtest.h>

#include <fstream>
#include <utility>

#include "checkpoint_support.hpp"
#include "support/errors.hpp"

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/estimate/cross_validation.hpp"
#include "tallfit/infer/bag.hpp"
#include "tallfit/infer/replica_sums.hpp"
#include "tallfit/infer/sample.hpp"

namespace tallfit::io {
namespace {

// Mutations: a node that another rank made is taken where this rank folds more rows into one; rows of a
// restored node are folded again; a leaf is skipped that one cell still needs.
TEST(Checkpoint, RowsAreCompressedToTheSameBitsHoweverOftenTheRunStops) {
  const test::SharedFolder folder;
  Rows table;
  const Cells expected = compressed_rows(table, comm::Communicator::self(), nullptr);
  run_with_stops(folder / "out.checkpoint", [&](const comm::Communicator& ranks, auto* checkpoint) {
    const Cells found = compressed_rows(table, ranks, checkpoint);
    ASSERT_EQ(found.design.cells.size(), expected.design.cells.size());
    for (std::size_t i = 0; i < found.design.cells.size(); ++i) {
      if (found.design.cells[i].home != ranks.rank()) continue;
      EXPECT_EQ(found.design.cells[i].factor.dense(), expected.design.cells[i].factor.dense())
          << "cell " << i;
    }
  });
}

// Mutations: sums of a leaf that two ranks take; sums of another model; leaves in the order in which they
// were read.
TEST(Checkpoint, ErrorsOfRowsHaveTheSameBitsHoweverOftenTheRunStops) {
  const test::SharedFolder folder;
  Rows table;
  const auto run = [&](const comm::Communicator& ranks, compress::Checkpoint* checkpoint, double intercept) {
    const compress::RowLayout layout = compress::survey(table, ranks, 3, 11);
    estimate::ErrorVisitor errors(Eigen::VectorXd::LinSpaced(6, -1.0, 1.0), intercept,
                                  {.checkpoint = checkpoint});
    compress::RowVisitor* const visitors[] = {&errors};
    const auto remaining = errors.restore(layout, ranks);
    compress::run_row_pass(table, layout, ranks, visitors, 4000, {}, remaining);
    std::vector<double> numbers;
    for (const auto& [key, sums] : errors.total(ranks))
      numbers.insert(numbers.end(), {static_cast<double>(sums.targets.count), sums.absolute,
                                     sums.weighted_squares, sums.targets.wtt.low, sums.largest});
    return numbers;
  };
  const auto expected = run(comm::Communicator::self(), nullptr, 0.25);
  bool is_first = true;
  run_with_stops(folder / "out.checkpoint", [&](const comm::Communicator& ranks, auto* checkpoint) {
    const double intercept =
        std::exchange(is_first, false) ? 0.5 : 0.25;  // the first run's sums must not be taken
    EXPECT_EQ(run(ranks, checkpoint, intercept), expected);
  });
}

// Mutations: fits that another rank has; a fold that is fitted again; unconverged points of another fold.
TEST(Checkpoint, CrossValidationHasTheSameBitsHoweverOftenTheRunStops) {
  const test::SharedFolder folder;
  Rows table;
  const auto run = [&](const comm::Communicator& ranks, compress::Checkpoint* checkpoint) {
    const Cells compressed = compressed_rows(table, ranks, nullptr, 16);
    const estimate::CrossValidation found = estimate::cross_validate(
        compressed.design, compress::group_multipliers(table.info().group_names, {}),
        {.estimator = "lasso", .options = {{.lambda = 0.1, .max_iter = 2}, {.lambda = 10.0, .max_iter = 2}}},
        {.intercept = estimate::Intercept::fitted, .checkpoint = checkpoint}, ranks);
    EXPECT_EQ(found.parts.size(), 16U);
    std::vector<double> numbers = {static_cast<double>(found.n_unconverged)};
    for (Index point = 0; point < found.n_candidates(); ++point) {
      const estimate::Score score = estimate::score(found.errors[static_cast<std::size_t>(point)]);
      numbers.insert(numbers.end(),
                     {score.mean_square, score.standard_error, found.effective_dof.row(point).sum()});
    }
    return numbers;
  };
  const auto expected = run(comm::Communicator::self(), nullptr);
  run_with_stops(folder / "out.checkpoint", [&](const comm::Communicator& ranks, auto* checkpoint) {
    EXPECT_EQ(run(ranks, checkpoint), expected);
  });
}

// Mutations: sums of a part are taken over by two ranks, or by none; units are counted from the wrong leaf.
void expect_same_replicas(Index sums_bytes) {
  const test::SharedFolder folder;
  Rows table;
  const auto run = [&](const comm::Communicator& ranks, compress::Checkpoint* checkpoint) {
    const Cells compressed = compressed_rows(table, ranks, nullptr);
    const auto system = estimate::training_system(compressed.design,
                                                  compress::group_multipliers(table.info().group_names, {}),
                                                  estimate::Intercept::fitted, ranks);
    const auto ols = estimate::make_estimator("ols", {});
    estimate::LinearFit fit;
    if (system) fit = ols->fit(*system);
    const infer::Whitening whitening = infer::whitening_of(fit, table.info().n_cols, ranks);
    return infer::fit_replicas({table, compressed.layout, ranks, 4000, checkpoint}, whitening, *ols, true,
                               {.resampling = {.seed = 3},
                                .count = 12,
                                .sums_bytes = sums_bytes,
                                .intercept = estimate::Intercept::fitted});
  };
  const infer::Ensemble expected = run(comm::Communicator::self(), nullptr);
  run_with_stops(folder / "out.checkpoint", [&](const comm::Communicator& ranks, auto* checkpoint) {
    const infer::Ensemble found = run(ranks, checkpoint);
    EXPECT_EQ(found.models, expected.models);
    EXPECT_EQ(found.numbers, expected.numbers);
  });
}

TEST(Checkpoint, ReplicasHaveTheSameBitsHoweverOftenTheRunStops) {
  expect_same_replicas(Index{1} << 20U);   // all at once: ranks take over each other's sums
  expect_same_replicas(Index{24} << 10U);  // some at once, on three ranks more than on one
}

/// N(0, I), whose evaluations are collective or not.
class Normal final : public infer::Posterior {
public:
  explicit Normal(bool collective) : collective_(collective) {}
  Index dimension() const override { return 3; }
  Eigen::VectorXd values(const Eigen::MatrixXd& points) const override {
    return -0.5 * points.colwise().squaredNorm().transpose();
  }
  bool has_gradient() const override { return true; }
  double value_and_gradient(const Eigen::VectorXd& point, Eigen::VectorXd& gradient) const override {
    gradient = -point;
    return -0.5 * point.squaredNorm();
  }
  bool is_collective() const override { return collective_; }
  std::vector<infer::ParameterBlock> blocks() const override {
    return {{.name = "x", .dimension = "coordinate", .labels = {"a", "b", "c"}}};
  }
  Eigen::MatrixXd parameters(const Eigen::MatrixXd& points) const override { return points; }

private:
  bool collective_;
};

// Mutations: a number of the tuning is not saved (each sampler has its own); draws of a restored chain are
// sent twice; a chain goes back to an earlier step.
TEST(Checkpoint, ChainsHaveTheSameBitsHoweverOftenTheRunStops) {
  for (const bool collective : {false, true})
    for (const std::string& name : infer::sampler_names()) {
      SCOPED_TRACE(name);
      const test::SharedFolder folder;
      const Normal density(collective);
      const infer::Sampler sampler = infer::make_sampler(name, 3, {});
      const infer::SampleOptions options{.chains = 4, .warmup = 15, .draws = 10, .seed = 8};
      const infer::Chains expected = infer::sample(density, sampler, options, comm::Communicator::self());
      run_with_stops(folder / "out.checkpoint", [&](const comm::Communicator& ranks, auto* checkpoint) {
        const infer::Chains found = infer::sample(density, sampler, options, ranks, checkpoint);
        EXPECT_EQ(found.total_evaluations, expected.total_evaluations);
        if (!ranks.is_root()) return;
        for (std::size_t k = 0; k < expected.parameters.size(); ++k)
          EXPECT_EQ(found.parameters[k], expected.parameters[k]) << k;
        EXPECT_EQ(found.log_density, expected.log_density);
      });
    }
}

/// A folder in which something was saved.
void save_something(const std::string& path) {
  CheckpointFolder folder(path, options_of(false), everyone());
  comm::all_or_none(everyone(),
                    [&] { folder.save("rows", [](compress::NumberSink& sink) { sink.put(Index{42}); }); });
}

TEST(Checkpoint, OneOfOtherOptionsIsRefusedByName) {
  const test::SharedFolder folder;
  const std::string path = folder / "out.checkpoint";
  save_something(path);
  support::expect_error(ErrorKind::input, {"fit.lambda: 1, now 2"},
                        [&] { CheckpointFolder(path, options_of(true, "2"), everyone()); });
  support::expect_error(ErrorKind::input, {"Go on with it by --resume, or remove it"},
                        [&] { CheckpointFolder(path, options_of(false), everyone()); });
  std::vector<Index> found;
  CheckpointFolder resumed(path, options_of(true), everyone());
  comm::all_or_none(everyone(), [&] {
    resumed.restore("rows", [&](compress::NumberSource& source) { found.push_back(source.index()); });
  });
  EXPECT_EQ(found, std::vector<Index>(static_cast<std::size_t>(everyone().size()), 42));
  resumed.remove();
  EXPECT_TRUE(folder.list().empty());
}

// Mutations: the checksum is not looked at; a file without its end is read as far as it goes.
TEST(Checkpoint, DamageIsSeenBeforeAnyNumberIsUsed) {
  const test::SharedFolder folder;
  const std::string path = folder / "out.checkpoint";
  save_something(path);
  const std::string part = path + "/rows.1.0";
  if (everyone().is_root()) {
    std::fstream file(part, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(6);
    file.put('\x11');
  }
  CheckpointFolder resumed(path, options_of(true), everyone());
  const auto read = [&] {
    comm::all_or_none(
        everyone(), [&] { resumed.restore("rows", [](compress::NumberSource& source) { source.index(); }); });
  };
  support::expect_error(ErrorKind::input, {"its checksum is not that of its numbers"}, read);
  if (everyone().is_root()) std::filesystem::resize_file(part, 13);
  MPI_Barrier(everyone().get());
  support::expect_error(ErrorKind::input, {"it was cut off"}, read);
}

TEST(Checkpoint, ASecondRunOfTheSameOutputIsRefused) {
  const test::SharedFolder folder;
  const std::string path = folder / "out.checkpoint";
  const CheckpointFolder first(path, options_of(false), everyone());
  support::expect_error(ErrorKind::input, {"another run writes the same output"},
                        [&] { CheckpointFolder(path, options_of(false), everyone()); });
}

}  // namespace
}  // namespace tallfit::io
