#include "tallfit/estimate/lars.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tallfit/estimate/active_columns.hpp"
#include "tallfit/estimate/active_factor.hpp"

namespace tallfit::estimate {

namespace {

double unit_sign(double x) { return x < 0.0 ? -1.0 : 1.0; }

/// What ends a stretch of the path.
struct LarsEvent {
  double correlation = 0.0;
  Index column = -1;  ///< none: the end of the path
  double sign = 0.0;  ///< of a column that joins; 0: it leaves

  void put(compress::NumberSink& sink) const {
    sink.put(correlation);
    sink.put(column);
    sink.put(sign);
  }
  void read(compress::NumberSource& source) {
    correlation = source.number();
    column = source.index();
    sign = source.number();
  }
};

/// Walks along a path. Correlations are those of the columns as they are; E = R D is what is computed with.
class LarsWalk {
public:
  LarsWalk(const LeastSquaresSystem& system, LarsMethod method, double rcond)
      : system_(system),
        method_(method),
        columns_(system, rcond),
        factor_(system.z, rcond),
        signs_(Eigen::VectorXd::Zero(system.n_coeffs())),
        waits_(static_cast<std::size_t>(system.n_coeffs())) {
    const Eigen::VectorXd products = columns_.products(system.z).cwiseQuotient(columns_.scale());
    correlation_ = products.size() > 0 ? products.cwiseAbs().maxCoeff(&first_) : 0.0;
    first_sign_ = products.size() > 0 ? unit_sign(products(first_)) : 1.0;
    smallest_ = std::numeric_limits<double>::epsilon() * static_cast<double>(products.size()) * correlation_;
    start_stretch();
  }

  double correlation() const { return correlation_; }
  Index n_active() const { return factor_.size(); }
  const std::vector<Index>& active() const { return factor_.names(); }
  double sign(Index j) const { return signs_(j); }

  /// Takes a column in, or lets one go.
  void take(const LarsEvent& event) {
    columns_.fetch(std::span(&event.column, 1));
    if (event.sign == 0.0) {
      left_ = event;
      left_.sign = signs_(event.column);
      factor_.remove(event.column);
      signs_(event.column) = 0.0;
      std::fill(waits_.begin(), waits_.end(), false);
    } else if (factor_.append(event.column, columns_.column(event.column))) {
      signs_(event.column) = event.sign;
      newest_ = event.column;
    } else {
      waits_[static_cast<std::size_t>(event.column)] = true;
    }
    start_stretch();
  }

  LarsEvent first_event() const { return {correlation_, first_, first_sign_}; }

  /// The next knot at or above `end`.
  LarsEvent next_event(double end) const {
    LarsEvent next{.correlation = end};
    for (Index j = 0; j < signs_.size(); ++j) {
      if (signs_(j) != 0.0 || columns_.norms()(j) == 0.0 || waits_[static_cast<std::size_t>(j)]) continue;
      for (const double sign : {1.0, -1.0}) {
        // fixed + C' slope = sign C' D
        const double scale = columns_.scale()(j);
        const double meets = fixed_(j) * sign / (scale - sign * slope_(j));
        const bool just_left =
            j == left_.column && sign == left_.sign && meets > 0.999999 * left_.correlation;
        const bool ahead = meets <= correlation_ * (1.0 + 1e-9) && std::isfinite(meets);  // ties round
        if (ahead && !just_left && meets > std::max(next.correlation, smallest_))
          next = {std::min(meets, correlation_), j, sign};
      }
    }
    if (method_ == LarsMethod::lasso) {
      Index at = 0;
      for (const Index j : factor_.names()) {
        const double u = solution_(at);
        const double d = response_(at++);
        const double meets = u / d;
        if (d * signs_(j) < 0.0 && meets > next.correlation && j != newest_)
          next = {std::min(meets, correlation_), j, 0.0};
      }
    }
    return next;
  }

  void advance(double correlation) {
    if (correlation < correlation_ * (1.0 - 1e-9)) newest_ = -1;
    correlation_ = correlation;
  }

  /// Where it stands; a column that is about to leave is at zero.
  LarsKnot knot(const LarsEvent& event) const {
    LarsKnot result{.lambda = correlation_ / system_.sum_of_weights,
                    .coefficients = Eigen::VectorXd::Zero(signs_.size())};
    Index at = 0;
    for (const Index j : factor_.names()) {
      result.coefficients(j) = columns_.scale()(j) * (solution_(at) - correlation_ * response_(at));
      ++at;
    }
    if (event.sign == 0.0 && event.column >= 0) result.coefficients(event.column) = 0.0;
    result.residual_norm = std::hypot((factor_.residual() + correlation_ * lift_).norm(), system_.rho);
    return result;
  }

  /// Where it stands before it takes an event: the stretch that follows is made of this.
  void put(compress::NumberSink& sink) const {
    columns_.put(sink);
    factor_.put(sink);
    sink.put(correlation_);
    sink.put(Eigen::MatrixXd(signs_));
    sink.put(std::span<const Index>(std::vector<Index>(waits_.begin(), waits_.end())));
    left_.put(sink);
    sink.put(newest_);
  }
  void read(compress::NumberSource& source) {
    columns_.read(source);
    factor_.read(source);
    correlation_ = source.number();
    signs_ = source.matrix();
    const std::vector<Index> waits = source.indices();
    waits_.assign(waits.begin(), waits.end());
    left_.read(source);
    newest_ = source.index();
  }

private:
  void start_stretch() {
    Eigen::VectorXd pull(factor_.size());
    Index at = 0;
    for (const Index j : factor_.names()) pull(at++) = signs_(j) * columns_.scale()(j);
    solution_ = factor_.solution();
    response_ = factor_.response(pull);
    lift_ = factor_.lift(pull);
    fixed_ = columns_.products(factor_.residual());
    slope_ = columns_.products(lift_);
  }

  const LeastSquaresSystem& system_;
  LarsMethod method_;
  ActiveColumns columns_;
  ActiveFactor factor_;
  double correlation_ = 0.0;
  double smallest_ = 0.0;  ///< below it correlations are rounding
  Index first_ = 0;
  double first_sign_ = 1.0;
  Eigen::VectorXd signs_;     ///< 0: not active
  std::vector<bool> waits_;   ///< depends on active columns
  LarsEvent left_;            ///< the last that left, where, and its sign
  Index newest_ = -1;         ///< joined here: starts from zero
  Eigen::VectorXd solution_;  ///< u and d of the active ones
  Eigen::VectorXd response_;
  Eigen::VectorXd lift_;
  Eigen::VectorXd fixed_;  ///< correlations are fixed + C slope, in units of E
  Eigen::VectorXd slope_;
};

}  // namespace

void LarsKnot::put(compress::NumberSink& sink) const {
  sink.put(lambda);
  sink.put(Eigen::MatrixXd(coefficients));
  sink.put(residual_norm);
}

void LarsKnot::read(compress::NumberSource& source) {
  lambda = source.number();
  coefficients = source.matrix();
  residual_norm = source.number();
}

LarsPath lars_path(const LeastSquaresSystem& system, LarsMethod method, const LarsEnd& end, double rcond,
                   SavedSearch& saved) {
  LarsWalk walk(system, method, rcond);
  const double last = end.lambda * system.sum_of_weights;
  LarsPath path;
  path.knots.push_back(walk.knot(walk.first_event()));
  Index steps = 0;
  LarsEvent event = walk.first_event();
  saved.begin_part([&](compress::NumberSource& source) {
    path.knots.resize(static_cast<std::size_t>(source.index()));
    for (LarsKnot& knot : path.knots) knot.read(source);
    steps = source.index();
    event.read(source);
    walk.read(source);
  });
  while (walk.correlation() > last && walk.correlation() > 0.0) {
    if (steps++ == end.steps) {
      path.complete = false;
      break;
    }
    walk.take(event);
    event = walk.next_event(last);
    walk.advance(event.correlation);
    path.knots.push_back(walk.knot(event));
    if (event.column < 0 || (end.columns > 0 && walk.n_active() >= end.columns)) break;
    saved.milestone([&](compress::NumberSink& sink) {
      sink.put(static_cast<Index>(path.knots.size()));
      for (const LarsKnot& knot : path.knots) knot.put(sink);
      sink.put(steps);
      event.put(sink);
      walk.put(sink);
    });
  }
  path.columns = walk.active();
  path.signs.resize(static_cast<Index>(path.columns.size()));
  for (std::size_t k = 0; k < path.columns.size(); ++k)
    path.signs(static_cast<Index>(k)) = walk.sign(path.columns[k]);
  return path;
}

}  // namespace tallfit::estimate
