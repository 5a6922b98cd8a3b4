#include "tallfit/infer/maxvol.hpp"

#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tallfit/comm/collective_error.hpp"
#include "tallfit/comm/exchange.hpp"

namespace tallfit::infer {

namespace {

/// A row that stands out.
struct Peak {
  double value = -1.0;
  Index number = std::numeric_limits<Index>::max();
  Index at = -1;     ///< which of its rank's rows
  Index entry = -1;  ///< the coefficient that stands out
  int rank = 0;
};

class VolumeSearch {
public:
  VolumeSearch(const VolumeRows& of, const MaxVolOptions& options, const comm::Communicator& comm)
      : of_(of), options_(options), comm_(comm), n_(of.rows.rows()) {
    is_chosen_.assign(of.numbers.size(), false);
  }

  MaxVol run() {
    start();
    solve();
    raise_volume();
    result_.grades = Eigen::VectorXd::Zero(c_.cols());
    for (Index i = 0; i < c_.cols(); ++i) result_.grades(i) = c_.col(i).cwiseAbs().maxCoeff();
    extend();
    return std::move(result_);
  }

private:
  /// Of all ranks. @collective
  Peak highest(Peak mine) const {
    mine.rank = comm_.rank();
    Peak best;
    for (const Peak& peak : comm::all_gather(comm_, std::vector<Peak>{mine}))
      if (peak.value > best.value || (peak.value == best.value && peak.number < best.number)) best = peak;
    return best;
  }

  /// The column of a peak, on every rank. @collective
  Eigen::VectorXd column(const Peak& peak, const Eigen::MatrixXd& columns) const {
    Eigen::VectorXd x(n_);
    if (peak.rank == comm_.rank()) x = columns.col(peak.at);
    comm::broadcast(comm_, std::span(x.data(), static_cast<std::size_t>(n_)), peak.rank);
    return x;
  }

  /// The longest of my columns that are not chosen.
  Peak longest(const Eigen::MatrixXd& columns) const {
    Peak mine;
    for (Index i = 0; i < columns.cols(); ++i) {
      if (is_chosen_[static_cast<std::size_t>(i)]) continue;
      const double value = columns.col(i).squaredNorm();
      if (value > mine.value)
        mine = {.value = value, .number = of_.numbers[static_cast<std::size_t>(i)], .at = i};
    }
    return mine;
  }

  void mark(const Peak& peak, bool chosen) {
    if (peak.rank == comm_.rank()) is_chosen_[static_cast<std::size_t>(peak.at)] = chosen;
  }

  /// Pivoted orthogonalisation: each next row is the one farthest from the span of those before it.
  void start() {
    constexpr double least = 1e-20;  // of squared distances: rows are of unit scale in these coordinates
    result_.chosen.resize(n_, n_);
    Eigen::MatrixXd rest = of_.rows;
    Eigen::MatrixXd basis(n_, 0);
    double first = 0.0;
    for (Index k = 0; k < n_; ++k) {
      const Peak peak = highest(longest(rest));
      if (k == 0) first = peak.value;
      comm::require_replicated(
          comm_, peak.value > least * first, ErrorKind::input,
          "the rows of the pool span only {} of {} directions: no {} of them have a volume", k, n_, n_);
      result_.chosen.col(k) = column(peak, of_.rows);
      Eigen::VectorXd q = column(peak, rest);
      q -= basis * (basis.transpose() * q);
      q.normalize();
      basis.conservativeResize(Eigen::NoChange, k + 1);
      basis.col(k) = q;
      for (Index i = 0; i < rest.cols(); ++i) rest.col(i) -= q * q.dot(rest.col(i));
      mark(peak, true);
      result_.numbers.push_back(peak.number);
      owners_.push_back(peak);
    }
  }

  /// C of all rows by the chosen ones.
  void solve() {
    const Eigen::PartialPivLU<Eigen::MatrixXd> lu(result_.chosen);
    c_.resize(n_, of_.rows.cols());
    for (Index i = 0; i < c_.cols(); ++i) {  // one by one: the bits of a row do not depend on the others
      const Eigen::VectorXd row = of_.rows.col(i);
      c_.col(i) = lu.solve(row);
    }
  }

  Peak largest_coefficient() const {
    Peak mine;
    for (Index i = 0; i < c_.cols(); ++i) {
      Index entry = 0;
      const double value = c_.col(i).cwiseAbs().maxCoeff(&entry);
      if (value > mine.value)
        mine = {.value = value, .number = of_.numbers[static_cast<std::size_t>(i)], .at = i, .entry = entry};
    }
    return mine;
  }

  void raise_volume() {
    while (true) {
      const Peak peak = highest(largest_coefficient());
      result_.largest = peak.value;
      if (peak.value <= 1.0 + options_.tolerance) return;
      comm::require_replicated(comm_, result_.swaps < options_.most_swaps, ErrorKind::numerical,
                               "{} swaps of rows still leave a coefficient of {}: the pool has rows that "
                               "hardly differ; leave some out, or take another select.criterion",
                               result_.swaps, peak.value);
      const Index j = peak.entry;
      const auto at = static_cast<std::size_t>(j);
      Eigen::VectorXd step = column(peak, c_);
      const double pivot = step(j);
      step(j) -= 1.0;
      for (Index i = 0; i < c_.cols(); ++i) c_.col(i) -= step * (c_(j, i) / pivot);
      result_.chosen.col(j) = column(peak, of_.rows);
      mark(owners_[at], false);
      mark(peak, true);
      owners_[at] = peak;
      result_.numbers[at] = peak.number;
      if (++result_.swaps % n_ == 0) solve();
    }
  }

  /// Rows beyond n. Columns of c_ are kept in coordinates in which the chosen rows have BᵀB = I.
  void extend() {
    if (!options_.is_enough) return;
    while (!options_.is_enough(result_.numbers)) {
      const Peak peak = highest(longest(c_));
      comm::require_replicated(comm_, peak.value >= 0.0, ErrorKind::input,
                               "all rows of the pool are chosen, and more are asked for");
      const Eigen::VectorXd c = column(peak, c_);
      const double l = c.squaredNorm();
      // (I + c cᵀ)^-½
      if (l > 0.0)
        for (Index i = 0; i < c_.cols(); ++i)
          c_.col(i) -= c * ((1.0 - 1.0 / std::sqrt(1.0 + l)) / l * c.dot(c_.col(i)));
      result_.chosen.conservativeResize(Eigen::NoChange, result_.chosen.cols() + 1);
      result_.chosen.rightCols(1) = column(peak, of_.rows);
      result_.numbers.push_back(peak.number);
      mark(peak, true);
    }
  }

  const VolumeRows& of_;
  const MaxVolOptions& options_;
  const comm::Communicator& comm_;
  Index n_;
  std::vector<bool> is_chosen_;
  std::vector<Peak> owners_;  ///< where the rows of the square set are
  Eigen::MatrixXd c_;
  MaxVol result_;
};

}  // namespace

MaxVol maxvol(const VolumeRows& of, const MaxVolOptions& options, const comm::Communicator& comm) {
  return VolumeSearch(of, options, comm).run();
}

}  // namespace tallfit::infer
