#include "tallfit/infer/posterior_basis.hpp"

#include <cmath>
#include <numeric>

#include "tallfit/infer/upper_factor.hpp"

namespace tallfit::infer {

Eigen::MatrixXd upper_factor(const Eigen::MatrixXd& rows) {
  if (rows.rows() <= rows.cols() && rows.isUpperTriangular(0.0)) return rows;
  std::vector<double> values(static_cast<std::size_t>(rows.size()));
  Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      values.data(), rows.rows(), rows.cols()) = rows;
  return compress::reduced(compress::Factor::of_rows(rows.cols(), std::move(values))).dense();
}

namespace {

/// Columns whose distance from the span of those before them is lost in rounding, by name.
std::vector<std::string> lost_columns(const Eigen::MatrixXd& factor, const std::vector<std::string>& names,
                                      double rcond) {
  std::vector<std::string> lost;
  for (Index j = 0; j + 1 < factor.cols(); ++j) {
    const double diagonal = j < factor.rows() ? std::abs(factor(j, j)) : 0.0;
    const double norm = factor.col(j).head(std::min(j + 1, factor.rows())).norm();
    if (!(diagonal > rcond * norm))
      lost.push_back(j < static_cast<Index>(names.size()) ? names[static_cast<std::size_t>(j)] : "intercept");
  }
  return lost;
}

}  // namespace

Eigen::MatrixXd PosteriorBasis::coefficients(const Eigen::Ref<const Eigen::MatrixXd>& u) const {
  const Eigen::MatrixXd shift = root.triangularView<Eigen::Upper>() * u;
  return shift.colwise() + centre;
}

std::vector<ParameterBlock> PosteriorBasis::blocks() const {
  std::vector<ParameterBlock> blocks = {
      {.name = "coefficients", .dimension = "coefficient", .labels = names}};
  if (has_intercept) blocks.push_back({.name = "intercept", .dimension = {}, .labels = {}});
  return blocks;
}

PosteriorBasis posterior_basis(const Eigen::MatrixXd& rows, std::vector<std::string> names,
                               bool has_intercept, double rcond) {
  const Eigen::MatrixXd factor = upper_factor(rows);
  const std::vector<std::string> lost = lost_columns(factor, names, rcond);
  require(
      lost.empty(), ErrorKind::input,
      "the data do not determine the coefficients of {}, and their prior is flat, so there is no posterior "
      "to sample. Give them a prior (sample.prior = \"ridge\"), or leave these columns out",
      fmt::join(lost, ", "));
  const Index p = factor.cols() - 1;
  const auto r = factor.topLeftCorner(p, p).triangularView<Eigen::Upper>();
  return {.centre = r.solve(factor.col(p).head(p)),
          .root = r.solve(Eigen::MatrixXd::Identity(p, p)),
          .names = std::move(names),
          .has_intercept = has_intercept};
}

}  // namespace tallfit::infer
