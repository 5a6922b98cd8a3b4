// Batches of configurations against criteria of dense matrices and greedy searches that factor anew each
// time.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/errors.hpp"
#include "support/oracle.hpp"
#include "support/table_source.hpp"

#include "tallfit/infer/select_batch.hpp"

namespace tallfit::test {
namespace {

using support::TableSource;

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Rows w (a, 1) of a configuration of a pool; without the 1 where there is no intercept.
Eigen::MatrixXd rows_of(const TableSource& table, const infer::PoolUnit& unit, bool intercept) {
  const Index k = table.info().n_cols;
  Eigen::MatrixXd rows(unit.n_rows, k + 1);
  Index to = 0;
  for (Index i = unit.begin; i < unit.end; ++i)
    if (table.labels.is_training(static_cast<std::size_t>(i)))
      rows.row(to++) = table.augmented(i).head(k + 1);
  return intercept ? rows : Eigen::MatrixXd(rows.leftCols(k));
}

struct Selected {
  infer::PoolTable pool;
  infer::Batch batch;
};

Selected select(TableSource& table, std::string_view criterion, const infer::CriterionInputs& inputs,
                const infer::BatchOptions& options, const comm::Communicator& comm) {
  const compress::RowLayout layout = compress::survey(table, comm, 0, 1);
  Selected result{.pool = infer::survey_pool(table, layout, comm), .batch = {}};
  const auto form = infer::looks_at_rows(criterion) ? infer::BlockForm::rows : infer::BlockForm::factors;
  const infer::PoolBlocks blocks =
      infer::load_pool(table, layout, result.pool, inputs.start, form, 3000, comm);
  const auto made = infer::make_criterion(criterion, inputs);
  result.batch = infer::select_batch(result.pool, blocks, *made, options, comm);
  return result;
}

/// A pool with rows of weight 0, others for testing, weights, and configurations longer than the model.
class SelectionPool : public TableSource {
public:
  SelectionPool(Index n_rows, Index n_cols, unsigned seed) : TableSource(n_rows, n_cols, 2) {
    support::fill_randomly(*this, seed);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n_rows); ++i) {
      labels.scale[i] = i % 11 == 4 ? 0.0 : 0.5 + 0.25 * static_cast<double>(i % 5);
      labels.testing[i] = labels.configuration[i] % 7 == 3 ? 1 : 0;
    }
  }
};

/// Rows that are labelled already; the last column is the intercept's.
Eigen::MatrixXd labelled_rows(Index n_cols, bool intercept) {
  TableSource table(3 * n_cols, n_cols, 1);
  support::fill_randomly(table, 77);
  Eigen::MatrixXd rows(3 * n_cols, n_cols + 1);
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = table.augmented(i).head(n_cols + 1);
  if (!intercept) rows.rightCols(1).setZero();
  return rows;
}

/// The criterion of a design, or the score of rows, by the inverse of the information.
double dense_value(std::string_view name, const Eigen::MatrixXd& information, const Eigen::MatrixXd& rows,
                   const Eigen::MatrixXd& functionals) {
  const Eigen::MatrixXd c = support::inverse_of(information);
  if (name == "d") return std::log(support::determinant_of(information));
  if (name == "a") return c.trace();
  if (name == "c" || name == "i" || name == "v") return (functionals * c * functionals.transpose()).trace();
  if (name == "e") return support::symmetric_eigenvalues(information)(0);
  if (name == "t") return information.trace();
  const Eigen::MatrixXd variance = rows * c * rows.transpose();
  if (name == "variance") return variance.trace();
  if (name == "leverage" || name == "g") return variance.diagonal().maxCoeff();
  const Eigen::MatrixXd gram = rows.transpose() * rows;
  return std::sqrt((gram * c * gram * c).trace());  // ‖C^½ G C^½‖
}

bool is_score(std::string_view name) { return name.size() > 1 || name == "g"; }

// Every criterion, before and after each choice, its gain, and that no other configuration had a larger one.
// Catches a weight that is squared twice, rows for testing or of weight 0 that count, an intercept that is
// forgotten, information of the step before, factors in place of rows for the leverage.
TEST(SelectBatch, GainsAreDifferencesOfDenseCriteria) {
  const auto world = comm::Communicator::world();
  constexpr Index k = 5;
  SelectionPool table(260, k, 7);
  for (const bool intercept : {false, true}) {
    const Index p = intercept ? k + 1 : k;
    const Eigen::MatrixXd labelled = labelled_rows(k, intercept);
    Eigen::VectorXd penalties = Eigen::VectorXd::Constant(k + 1, 0.25);
    if (!intercept) penalties(k) = 0.0;
    const infer::Whitening start = infer::information_of_rows(labelled, penalties, 1e-13);
    Eigen::MatrixXd functionals = labelled_rows(k, intercept).topRows(4) * 0.3;
    for (const std::string& name : infer::criterion_names()) {
      SCOPED_TRACE(testing::Message() << name << (intercept ? ", intercept" : ""));
      const Selected is =
          select(table, name, {.start = start, .functionals = functionals}, {.size = 5}, world);
      Eigen::MatrixXd information = labelled.leftCols(p).transpose() * labelled.leftCols(p);
      information.diagonal() += penalties.head(p);
      const Eigen::MatrixXd f = functionals.leftCols(p);
      std::vector<bool> chosen(static_cast<std::size_t>(is.pool.size()), false);
      for (const infer::Choice& choice : is.batch.choices) {
        const auto gain_of = [&](Index unit) {
          const Eigen::MatrixXd rows = rows_of(table, is.pool.unit(unit), intercept);
          const double before = dense_value(name, information, rows, f);
          if (is_score(name)) return before;
          return std::abs(dense_value(name, information + rows.transpose() * rows, rows, f) - before);
        };
        const Eigen::MatrixXd rows = rows_of(table, is.pool.unit(choice.unit), intercept);
        const Eigen::MatrixXd after = information + rows.transpose() * rows;
        // The inverse of M has errors of p cond(M) ε relative to its norm, 100 of them for traces of
        // products; differences have those of their terms.
        const Eigen::VectorXd values = support::symmetric_eigenvalues(information);
        const double condition = values(p - 1) / values(0);
        const double before = dense_value(name, information, rows, f);
        const double bound = 100.0 * static_cast<double>(p) * condition * eps * (1.0 + std::abs(before));
        EXPECT_NEAR(choice.change.before, before, bound);
        EXPECT_NEAR(choice.change.after, dense_value(name, after, rows, f), bound);
        EXPECT_NEAR(choice.gain, gain_of(choice.unit), bound);
        for (Index unit = 0; unit < is.pool.size(); ++unit)
          if (!chosen[static_cast<std::size_t>(unit)]) {
            EXPECT_LE(gain_of(unit), choice.gain + bound) << "unit " << unit;
          }
        EXPECT_FALSE(chosen[static_cast<std::size_t>(choice.unit)]);
        chosen[static_cast<std::size_t>(choice.unit)] = true;
        information = after;
      }
    }
  }
}

/// log |det| of stacked rows.
double log_volume(const Eigen::MatrixXd& rows) {
  return support::triangle_of(rows).diagonal().array().abs().log().sum();
}

// From nearly nothing, columns of very different scales: the greedy search that factors all rows anew for
// every candidate makes the same choices wherever they are clear, and ends with the same determinant. Catches
// an information that loses digits while it grows by many powers of ten, and bounds of the lazy search that
// are none.
TEST(SelectBatch, DeterminantIsThatOfASearchThatFactorsAnew) {
  const auto world = comm::Communicator::world();
  constexpr Index k = 12;
  constexpr Index size = 20;
  SelectionPool table(500, k, 3);
  for (Index j = 0; j < k; ++j) table.features.col(j) *= std::pow(10.0, static_cast<double>(j) / 2.0 - 3.0);
  Eigen::VectorXd penalties = Eigen::VectorXd::Zero(k + 1);
  for (Index j = 0; j < k; ++j) penalties(j) = 1e-8 * table.features.col(j).squaredNorm() / 100.0;
  const infer::Whitening start = infer::information_of_rows(Eigen::MatrixXd(0, k + 1), penalties, 1e-13);
  const Selected is = select(table, "d", {.start = start}, {.size = size}, world);

  const Eigen::MatrixXd ridge = penalties.head(k).cwiseSqrt().asDiagonal();
  const auto with = [](const Eigen::MatrixXd& top, const Eigen::MatrixXd& bottom) {
    Eigen::MatrixXd all(top.rows() + bottom.rows(), top.cols());
    all << top, bottom;
    return all;
  };
  // volumes are good to p ε times a moderate number: what differs by less than this may be chosen either way
  constexpr double unclear = 1e-9;
  Eigen::MatrixXd ours = ridge;
  Eigen::MatrixXd theirs = ridge;
  std::vector<bool> taken(static_cast<std::size_t>(is.pool.size()), false);
  bool same = true;
  for (const infer::Choice& choice : is.batch.choices) {
    double best = -std::numeric_limits<double>::infinity();
    double second = best;
    Index at = -1;
    for (Index unit = 0; unit < is.pool.size(); ++unit) {
      if (taken[static_cast<std::size_t>(unit)]) continue;
      const double volume = log_volume(with(theirs, rows_of(table, is.pool.unit(unit), false)));
      second = std::max(second, std::min(best, volume));
      if (volume > best) at = unit;
      best = std::max(best, volume);
    }
    same = same && best - second > unclear;
    if (same) {
      EXPECT_EQ(choice.unit, at);
    }
    taken[static_cast<std::size_t>(at)] = true;
    theirs = with(theirs, rows_of(table, is.pool.unit(at), false));
    ours = with(ours, rows_of(table, is.pool.unit(choice.unit), false));
  }
  EXPECT_GE(2.0 * (log_volume(ours) - log_volume(theirs)), std::log(0.99));
  EXPECT_NEAR(is.batch.choices.back().change.after, 2.0 * log_volume(ours), 1e-9);
  EXPECT_LT(is.batch.evaluations, is.pool.size() * size / 2);  // the lazy search is one
}

TEST(SelectBatch, BitsDoNotDependOnRanks) {
  const auto world = comm::Communicator::world();
  SelectionPool table(2000, 6, 5);
  const infer::Whitening start =
      infer::information_of_rows(labelled_rows(6, true), Eigen::VectorXd::Zero(7), 1e-13);
  for (const char* name : {"d", "a", "g"}) {
    const infer::BatchOptions options{.size = 12, .per_row = true, .left_out = {0, 3, 90}};
    const Selected all = select(table, name, {.start = start}, options, world);
    const Selected one = select(table, name, {.start = start}, options, comm::Communicator::self());
    EXPECT_EQ(all.batch.scores, one.batch.scores);
    for (std::size_t i = 0; i < all.batch.choices.size(); ++i) {
      EXPECT_EQ(all.batch.choices[i].unit, one.batch.choices[i].unit);
      EXPECT_EQ(all.batch.choices[i].gain, one.batch.choices[i].gain);
      EXPECT_EQ(all.batch.choices[i].change.after, one.batch.choices[i].change.after);
      for (const Index unit : options.left_out) EXPECT_NE(all.batch.choices[i].unit, unit);
    }
  }
}

// A determinant knows neither units of columns nor the order of a configuration's rows.
TEST(SelectBatch, DeterminantKnowsNoUnitsAndNoOrder) {
  const auto world = comm::Communicator::world();
  constexpr Index k = 6;
  SelectionPool table(400, k, 9);
  const Eigen::MatrixXd labelled = labelled_rows(k, false);
  const auto start_of = [](const Eigen::MatrixXd& rows) {
    return infer::information_of_rows(rows, Eigen::VectorXd::Zero(k + 1), 1e-13);
  };
  const Selected plain = select(table, "d", {.start = start_of(labelled)}, {.size = 10}, world);

  Eigen::VectorXd units = Eigen::VectorXd::Ones(k + 1);
  for (Index j = 0; j < k; ++j) units(j) = std::pow(3.0, static_cast<double>(j) - 2.0);
  TableSource other(400, k, 2);
  other.labels = table.labels;
  other.features = table.features;
  for (const infer::PoolUnit& unit : plain.pool.units)
    for (Index i = unit.begin; i < unit.end; ++i) {
      const Index from = unit.begin + unit.end - 1 - i;
      other.features.row(i) = table.features.row(from).cwiseProduct(units.head(k).transpose());
      other.labels.scale[static_cast<std::size_t>(i)] = table.labels.scale[static_cast<std::size_t>(from)];
    }
  const Selected is =
      select(other, "d", {.start = start_of(labelled * units.asDiagonal())}, {.size = 10}, world);
  for (std::size_t i = 0; i < is.batch.choices.size(); ++i) {
    EXPECT_EQ(is.batch.choices[i].unit, plain.batch.choices[i].unit);
    // both have errors of k ε times the condition of the start, below 100, relative to 1 + gain
    EXPECT_NEAR(is.batch.choices[i].gain, plain.batch.choices[i].gain,
                100.0 * k * eps * (1.0 + plain.batch.choices[i].gain));
  }
}

// The covariance of a fit is the inverse of its information times the variance of the noise.
TEST(SelectBatch, CovarianceAndRowsAreTheSameStart) {
  constexpr Index k = 4;
  const Eigen::MatrixXd rows = labelled_rows(k, true);
  const infer::Whitening of_rows = infer::information_of_rows(rows, Eigen::VectorXd::Zero(k + 1), 1e-13);
  const Eigen::MatrixXd c = support::inverse_of(rows.transpose() * rows);
  const double bound = 1e3 * eps * c.norm();  // of an inverse of condition below 100
  EXPECT_LT((of_rows.root * of_rows.root.transpose() - c).norm(), bound);
  Eigen::MatrixXd members(k + 1, 9);  // more of them than coefficients, as in a bag
  members << 0.7 * of_rows.root, 0.6 * of_rows.root.leftCols(2), Eigen::MatrixXd::Zero(k + 1, 2);
  const infer::Whitening of_members = infer::information_of_covariance(members, 4.0);
  EXPECT_EQ(of_members.root.cols(), k + 1);
  EXPECT_LT((4.0 * of_members.root * of_members.root.transpose() - members * members.transpose()).norm(),
            bound);
}

TEST(SelectBatch, ErrorsSayWhatToDo) {
  const auto world = comm::Communicator::world();
  SelectionPool table(60, 3, 2);
  const infer::Whitening start =
      infer::information_of_rows(labelled_rows(3, false), Eigen::VectorXd::Zero(4), 1e-13);
  support::expect_error(ErrorKind::input, {"select.size = 1000 is more than the", "that may be chosen"},
                        [&] { select(table, "d", {.start = start}, {.size = 1000}, world); });
  Eigen::MatrixXd dependent = labelled_rows(3, false);
  dependent.col(2) = 3.0 * dependent.col(0);
  support::expect_error(ErrorKind::input, {"depend on each other", "select.lambda"},
                        [&] { infer::information_of_rows(dependent, Eigen::VectorXd::Zero(4), 1e-13); });
  support::expect_error(ErrorKind::input, {"depend on each other"}, [&] {
    infer::information_of_rows(labelled_rows(3, false).topRows(2), Eigen::VectorXd::Zero(4), 1e-13);
  });
  support::expect_error(ErrorKind::input, {"there is no covariance"},
                        [&] { infer::information_of_covariance(Eigen::MatrixXd::Zero(4, 3), 1.0); });
  support::expect_error(ErrorKind::input, {"noise variance", "must be above 0"},
                        [&] { infer::information_of_covariance(start.root, 0.0); });
}

}  // namespace
}  // namespace tallfit::test
