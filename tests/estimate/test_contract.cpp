// Every registered estimator keeps the contract, and the contract notices estimators that are wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/contract.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::test {
namespace {

using estimate::EstimatorOptions;
using estimate::Intercept;

class Contract : public testing::TestWithParam<std::pair<std::string, std::size_t>> {};

std::vector<std::pair<std::string, std::size_t>> every_item_of_every_estimator() {
  std::vector<std::pair<std::string, std::size_t>> all;
  for (const auto& registered : estimate::estimator_registry()) {
    for (std::size_t i = 0; i < contract().size(); ++i) all.emplace_back(registered.name, i);
  }
  return all;
}

Subject registered_subject(const std::string& name) {
  for (const auto& registered : estimate::estimator_registry()) {
    if (registered.name == name) return subject_of(registered);
  }
  return {};
}

TEST_P(Contract, IsKept) {
  const auto& [name, item] = GetParam();
  for (const std::string& problem :
       contract()[item].check(registered_subject(name), comm::Communicator::world()))
    ADD_FAILURE() << problem;
}

INSTANTIATE_TEST_SUITE_P(Estimators, Contract, testing::ValuesIn(every_item_of_every_estimator()),
                         [](const auto& tested) {
                           return tested.param.first + "_" + contract()[tested.param.second].name;
                         });

// A fit reads its rows, maybe for hours, before it solves: options must be refused when the estimator is
// made.
TEST(Registry, RefusesOptionsBeforeARowIsRead) {
  for (const auto& registered : estimate::estimator_registry()) {
    EstimatorOptions options;
    options.solver.rcond = 1.0;
    EXPECT_THROW(registered.make(options), Error) << registered.name;
  }
}

TEST(Registry, NamesTheKnownEstimators) {
  try {
    estimate::make_estimator("olss", {});
    ADD_FAILURE() << "an unknown name was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    for (const auto& registered : estimate::estimator_registry())
      EXPECT_NE(std::string(error.what()).find(registered.name), std::string::npos) << error.what();
  }
}

/// A way to fit that is wrong, and the promise that it breaks.
struct Mutant {
  std::string item;
  std::string fault;
  std::function<Subject(Subject)> make;
};

/// A mutant that changes the rows before they are fitted.
std::function<Subject(Subject)> with_rows(const std::function<void(Rows&)>& change) {
  return [change](Subject subject) {
    subject.fit = [fit = subject.fit, change](Rows rows, const EstimatorOptions& options, Intercept intercept,
                                              const comm::Communicator& comm) {
      change(rows);
      return fit(rows, options, intercept, comm);
    };
    return subject;
  };
}

/// A mutant that changes the fit.
std::function<Subject(Subject)> with_fit(
    const std::function<void(estimate::LinearFit&, const Rows&, const comm::Communicator&)>& change) {
  return [change](Subject subject) {
    subject.fit = [fit = subject.fit, change](const Rows& rows, const EstimatorOptions& options,
                                              Intercept intercept, const comm::Communicator& comm) {
      Fitted fitted = fit(rows, options, intercept, comm);
      change(fitted.fit, rows, comm);
      return fitted;
    };
    return subject;
  };
}

/// A mutant that changes what was asked for.
std::function<Subject(Subject)> with_request(
    const std::function<void(EstimatorOptions&, Intercept&)>& change) {
  return [change](Subject subject) {
    subject.fit = [fit = subject.fit, change](const Rows& rows, EstimatorOptions options, Intercept intercept,
                                              const comm::Communicator& comm) {
      change(options, intercept);
      return fit(rows, options, intercept, comm);
    };
    return subject;
  };
}

const std::vector<Mutant>& mutants() {
  static int calls = 0;
  static const std::vector<Mutant> all = {
      {"noiseless_data_are_recovered", "shrinks by 1e-10",
       with_fit([](auto& fit, const Rows&, const auto&) { fit.coefficients *= 1.0 - 1e-10; })},
      {"row_order_is_irrelevant", "drops the last row",
       with_rows([](Rows& rows) { rows.w(rows.size() - 1) = 0.0; })},
      {"groups_are_irrelevant", "halves the rows of group 2", with_rows([](Rows& rows) {
         for (std::size_t i = 0; i < rows.group.size(); ++i)
           if (rows.group[i] == 2) rows.w(static_cast<Index>(i)) *= 0.5;
       })},
      {"groups_are_irrelevant", "forgets stresses", with_rows([](Rows& rows) {
         for (std::size_t i = 0; i < rows.type.size(); ++i)
           if (rows.type[i] == design::RowType::stress) rows.w(static_cast<Index>(i)) = 0.0;
       })},
      {"any_rank_count_gives_the_same_bits", "adds up in the order of the ranks",
       with_fit([](auto& fit, const Rows&, const auto& comm) {
         if (comm.size() == 1) fit.residual_norm *= 1.0 + std::numeric_limits<double>::epsilon();
       })},
      {"row_scale_two_is_four_copies", "forgets weights",
       with_rows([](Rows& rows) { rows.w = (rows.w.array() > 0.0).cast<double>(); })},
      {"row_scale_two_is_four_copies", "takes w for the weight of the loss",
       with_rows([](Rows& rows) { rows.w = rows.w.cwiseSqrt(); })},
      {"row_scale_zero_is_no_row", "floors the weights", with_rows([](Rows& rows) {
         for (Index i = 0; i < rows.size(); ++i) {
           if (rows.w(i) != 0.0) continue;
           rows.w(i) = 1e-3;
           rows.a.row(i).setZero();
           rows.b(i) = 0.0;
         }
       })},
      {"columns_permute_coefficients", "thinks more of the first column",
       with_fit([](auto& fit, const Rows&, const auto&) { fit.coefficients(0) *= 1.0 + 1e-9; })},
      {"columns_permute_coefficients", "mixes up the errors of the first columns",
       with_fit([](auto& fit, const Rows&, const auto&) {
         std::swap(fit.standard_errors(0), fit.standard_errors(1));
       })},
      {"targets_scale_coefficients", "adds a constant",
       with_fit([](auto& fit, const Rows&, const auto&) { fit.coefficients.array() += 1e-6; })},
      {"targets_scale_coefficients", "clips the targets",
       with_rows([](Rows& rows) { rows.b = rows.b.cwiseMin(100.0).cwiseMax(-100.0); })},
      {"covariance_is_semidefinite", "gives variances for errors",
       with_fit([](auto& fit, const Rows&, const auto&) {
         fit.standard_errors = fit.standard_errors.cwiseAbs2().eval();
       })},
      {"collinear_columns_share", "takes a basic solution", with_rows([](Rows& rows) {
         if (rows.a.cols() == 7) rows.a.col(5).setZero();
       })},
      {"nan_is_named", "takes NaN for zero", with_rows([](Rows& rows) {
         rows.a = rows.a.unaryExpr([](double x) { return std::isnan(x) ? 0.0 : x; });
         rows.b = rows.b.unaryExpr([](double x) { return std::isnan(x) ? 0.0 : x; });
       })},
      {"options_out_of_range_are_named", "corrects options in silence",
       with_request([](EstimatorOptions& options, Intercept&) {
         if (!(options.solver.rcond > 0.0)) options.solver.rcond = 1e-13;
       })},
      {"fit_twice_gives_the_same_bits", "remembers", with_fit([](auto& fit, const Rows&, const auto&) {
         fit.coefficients(0) *= 1.0 + static_cast<double>(++calls) * 1e-15;
       })},
      {"intercept_is_centring", "has no intercept",
       with_request([](EstimatorOptions&, Intercept& intercept) { intercept = Intercept::none; })},
      {"intercept_is_centring", "centres without the weights", with_rows([](Rows& rows) {
         rows.b.array() -= rows.b.mean();
         rows.a.rowwise() -= rows.a.colwise().mean().eval();
       })},
  };
  return all;
}

const ContractItem& item_of(const std::string& name) {
  return *std::find_if(contract().begin(), contract().end(),
                       [&](const ContractItem& item) { return item.name == name; });
}

class WrongEstimator : public testing::TestWithParam<std::size_t> {};

TEST_P(WrongEstimator, IsCaught) {
  const Mutant& mutant = mutants()[GetParam()];
  const auto world = comm::Communicator::world();
  if (world.size() == 1 && mutant.item == "any_rank_count_gives_the_same_bits")
    return;  // nothing to tell apart
  const Subject wrong = mutant.make(registered_subject("ols"));
  EXPECT_FALSE(item_of(mutant.item).check(wrong, world).empty()) << "not caught: " << mutant.fault;
}

INSTANTIATE_TEST_SUITE_P(Mutants, WrongEstimator, testing::Range(std::size_t{0}, mutants().size()),
                         [](const auto& tested) {
                           std::string name = mutants()[tested.param].fault;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
                           return name;
                         });

// An item that no mutant breaks would be an item that nobody knows to work.
TEST(Contract, EveryItemHasAMutant) {
  for (const ContractItem& item : contract()) {
    EXPECT_TRUE(std::any_of(mutants().begin(), mutants().end(), [&](const Mutant& mutant) {
      return mutant.item == item.name;
    })) << item.name;
  }
}

}  // namespace
}  // namespace tallfit::test
