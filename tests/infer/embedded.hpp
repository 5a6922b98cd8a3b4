/// Random coefficients of rows in memory: what tests of them share.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "support/memory_source.hpp"
#include "support/oracle.hpp"

#include "tallfit/infer/embedded_search.hpp"
#include "tallfit/linalg/petsc_session.hpp"

namespace tallfit::test {

/// What is embedded where.
struct Embedding {
  std::vector<Index> columns;
  infer::EmbeddedOptions options = {};
  bool free_mean = false;
};

/// Rows, and a model over them. The mean is the least squares of the weighted rows.
struct Embedded {
  infer::EmbeddedRows rows;
  infer::EmbeddedModel model;

  Embedded(const Rows& data, infer::EmbeddedShape shape, const infer::EmbeddedOptions& options,
           const comm::Communicator& comm)
      : rows(std::move(shape)), model(collect(data, rows, options, comm), options) {}

private:
  static const infer::EmbeddedRows& collect(const Rows& data, infer::EmbeddedRows& rows,
                                            const infer::EmbeddedOptions& options,
                                            const comm::Communicator& comm) {
    MemorySource source(data);
    const compress::RowLayout layout = compress::survey(source, comm, 0, 1);
    compress::RowVisitor* const visitors[] = {&rows};
    compress::run_row_pass(source, layout, comm, visitors, 1 << 14U);
    rows.finish(comm, options.noise == 0.0 && options.leftover.empty());
    return rows;
  }
};

inline std::unique_ptr<Embedded> embedded(const Rows& data, const Embedding& embedding,
                                          const comm::Communicator& comm) {
  const Eigen::MatrixXd a = data.weighted_a();
  infer::EmbeddedShape shape{
      .centre = support::refined_solution(a, data.weighted_b(), Eigen::VectorXd::Ones(a.cols())),
      .has_intercept = false,
      .columns = embedding.columns,
      .unit = Eigen::VectorXd::Ones(static_cast<Index>(embedding.columns.size())),
      .root = Eigen::MatrixXd(a.cols(), 0)};
  if (embedding.free_mean) {
    const double residual = (a * shape.centre - data.weighted_b()).norm();
    const Index k = a.cols();
    shape.root = residual * support::solve_upper(support::triangle_of(a), Eigen::MatrixXd::Identity(k, k));
  } else if (embedding.options.is_multiplicative) {
    shape.unit = Eigen::VectorXd(shape.centre(embedding.columns)).cwiseAbs();
  }
  return std::make_unique<Embedded>(data, std::move(shape), embedding.options, comm);
}

class EmbeddedError : public testing::Test {
protected:
  const comm::Communicator world = comm::Communicator::world();
  const comm::Communicator self = comm::Communicator::self();  // searches of 10,000 evaluations go faster

  // one for all tests: PETSc 3.18 forgets its quasi-Newton matrices when it ends
  static void SetUpTestSuite() { petsc_.emplace(comm::Communicator::world()); }
  static void TearDownTestSuite() { petsc_.reset(); }

private:
  static inline std::optional<linalg::PetscSession> petsc_;
};

}  // namespace tallfit::test
