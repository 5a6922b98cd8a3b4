#include "tallfit/infer/design_criteria.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include <algorithm>
#include <cmath>

#include "tallfit/base/error.hpp"
#include "tallfit/linalg/dense_products.hpp"
#include "tallfit/linalg/fold.hpp"

namespace tallfit::infer {

namespace {

/// Upper R with RᵀR = I + XᵀX. Where the squares of X would hide the 1 it is made by QR.
Eigen::MatrixXd root_of_one_plus_gram(const Eigen::MatrixXd& x) {
  constexpr double most = 1e4;  // of ‖X‖²: four digits of the 1 are lost at most
  const Index m = x.cols();
  if (x.squaredNorm() > most) {
    Eigen::MatrixXd stacked(x.rows() + m, m);
    stacked << x, Eigen::MatrixXd::Identity(m, m);
    return linalg::triangularise(stacked);
  }
  Eigen::MatrixXd gram = linalg::product(x, x, linalg::Op::transpose);
  gram.diagonal().array() += 1.0;
  return Eigen::LLT<Eigen::MatrixXd>(gram).matrixU();
}

/// X R⁻¹ for the R above.
Eigen::MatrixXd over_root(const Eigen::MatrixXd& r, Eigen::MatrixXd x) {
  r.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(x);
  return x;
}

double largest_eigenvalue(const Eigen::MatrixXd& factor) {
  const Eigen::MatrixXd gram = linalg::product(factor, factor, linalg::Op::transpose);
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram, Eigen::EigenvaluesOnly)
      .eigenvalues()
      .maxCoeff();
}

/// ‖S⁺‖²: tr M where S Sᵀ = M⁺.
double trace_of_information(const Eigen::MatrixXd& root) {
  return root.completeOrthogonalDecomposition().pseudoInverse().squaredNorm();
}

/// 2 log |det S|, of the directions that S has.
double log_det_of_covariance(const Eigen::MatrixXd& root) {
  const Eigen::MatrixXd r = linalg::triangularise(root);
  return 2.0 * r.diagonal().array().abs().log().sum();
}

class Determinant final : public DesignCriterion {
public:
  explicit Determinant(const Eigen::MatrixXd& root) : start_(-log_det_of_covariance(root)), value_(start_) {}
  double gain(const Candidate& candidate) const override {
    return 2.0 * root_of_one_plus_gram(candidate.x).diagonal().array().abs().log().sum();
  }
  bool gains_only_fall() const override { return true; }
  void update(const Information& information, double) override { value_ = start_ + information.log_det(); }
  double value(const Candidate&) const override { return value_; }

private:
  double start_, value_;
};

/// tr F C Fᵀ.
class Linear final : public DesignCriterion {
public:
  Linear(const Eigen::MatrixXd& functionals, const Eigen::MatrixXd& root) {
    start_ = linalg::product(functionals, root);
    if (start_.rows() > start_.cols()) start_ = linalg::triangularise(start_);
    now_ = start_;
  }
  double gain(const Candidate& candidate) const override {
    const Eigen::MatrixXd r = root_of_one_plus_gram(candidate.x);
    return over_root(r, linalg::product(now_, candidate.x)).squaredNorm();
  }
  bool gains_only_fall() const override { return false; }
  void update(const Information& information, double) override { now_ = information.functionals(start_); }
  double value(const Candidate&) const override { return now_.squaredNorm(); }

private:
  Eigen::MatrixXd start_, now_;
};

class SmallestEigenvalue final : public DesignCriterion {
public:
  explicit SmallestEigenvalue(const Eigen::MatrixXd& root)
      : start_(root.rows() > root.cols() ? linalg::triangularise(root) : root),
        now_(start_),
        value_(1.0 / largest_eigenvalue(now_)) {}
  double gain(const Candidate& candidate) const override {
    const Eigen::MatrixXd r = root_of_one_plus_gram(candidate.x.transpose());
    return std::max(0.0, 1.0 / largest_eigenvalue(over_root(r, now_)) - value_);
  }
  bool gains_only_fall() const override { return false; }
  void update(const Information& information, double) override {
    now_ = information.functionals(start_);
    value_ = 1.0 / largest_eigenvalue(now_);
  }
  double value(const Candidate&) const override { return value_; }

private:
  Eigen::MatrixXd start_, now_;
  double value_;
};

class Trace final : public DesignCriterion {
public:
  explicit Trace(const Eigen::MatrixXd& root) : value_(trace_of_information(root)) {}
  double gain(const Candidate& candidate) const override { return candidate.squares; }
  bool gains_only_fall() const override { return true; }
  void update(const Information&, double squares) override { value_ += squares; }
  double value(const Candidate&) const override { return value_; }

private:
  double value_;
};

/// A score of a configuration that its own rows decide.
class Score final : public DesignCriterion {
public:
  using Function = double (*)(const Eigen::MatrixXd& x);
  explicit Score(Function function) : function_(function) {}
  double gain(const Candidate& candidate) const override { return function_(candidate.x); }
  bool gains_only_fall() const override { return true; }
  void update(const Information&, double) override {}
  double value(const Candidate& candidate) const override { return function_(candidate.x); }

private:
  Function function_;
};

double variance_of(const Eigen::MatrixXd& x) { return x.squaredNorm(); }
double leverage_of(const Eigen::MatrixXd& x) { return x.colwise().squaredNorm().maxCoeff(); }
double model_change_of(const Eigen::MatrixXd& x) {
  return linalg::product(x, x, linalg::Op::transpose).norm();
}

}  // namespace

const std::vector<std::string>& criterion_names() {
  static const std::vector<std::string> names = {"d", "a", "c",        "e",        "g",           "i",
                                                 "t", "v", "variance", "leverage", "model_change"};
  return names;
}

bool looks_at_rows(std::string_view criterion) { return criterion == "g" || criterion == "leverage"; }

std::unique_ptr<DesignCriterion> make_criterion(std::string_view name, const CriterionInputs& inputs) {
  const Eigen::MatrixXd& root = inputs.start.root;
  if (name == "d") return std::make_unique<Determinant>(root);
  if (name == "a") return std::make_unique<Linear>(Eigen::MatrixXd::Identity(root.rows(), root.rows()), root);
  if (name == "c" || name == "i" || name == "v") return std::make_unique<Linear>(inputs.functionals, root);
  if (name == "e") return std::make_unique<SmallestEigenvalue>(root);
  if (name == "t") return std::make_unique<Trace>(root);
  if (name == "variance") return std::make_unique<Score>(variance_of);
  if (looks_at_rows(name)) return std::make_unique<Score>(leverage_of);
  require(name == "model_change", ErrorKind::bug, "no criterion '{}'", name);
  return std::make_unique<Score>(model_change_of);
}

}  // namespace tallfit::infer
