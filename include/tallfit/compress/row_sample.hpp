/// Training rows drawn at random.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <vector>

#include "tallfit/comm/communicator.hpp"
#include "tallfit/design/row_source.hpp"

namespace tallfit::compress {

/// Rows of w > 0 that are not for testing, in an order that depends on the seed alone.
struct RowSample {
  std::vector<Index> rows;   ///< numbers in the design
  Eigen::MatrixXd features;  ///< rows x n_cols, unweighted
  Eigen::VectorXd targets;
  Eigen::VectorXd scales;
  Index n_training = 0;  ///< rows that could have been drawn
};

/// The first @p most training rows in a random order; all of them where there are fewer. The same on every
/// rank, on any number of ranks. Cost: a pass over the labels, the rows that are drawn, two gathers.
/// @collective
/// @throws Error{input} naming a row that is not finite
RowSample sample_rows(design::RowSource& source, const comm::Communicator& comm, Index most,
                      std::uint64_t seed);

}  // namespace tallfit::compress
