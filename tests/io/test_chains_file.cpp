// chains.nc as a reader of netCDF-4 sees it: dimensions, coordinates, variables.
#include <hdf5.h>

#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "support.hpp"

#include "tallfit/io/chains_file.hpp"

namespace tallfit::io::test {
namespace {

/// Two chains of two walkers, three draws, two coefficients and sigma: each number tells where it belongs.
infer::Chains numbered_chains() {
  infer::Chains chains;
  chains.walkers = 2;
  chains.blocks = {{.name = "coefficients", .dimension = "coefficient", .labels = {"a", "long name"}},
                   {.name = "sigma", .dimension = {}, .labels = {}}};
  for (int k = 0; k < 3; ++k) {
    Eigen::MatrixXd draws(3, 4);
    for (Index i = 0; i < 3; ++i)
      for (Index c = 0; c < 4; ++c)
        draws(i, c) = 100.0 * k + 10.0 * static_cast<double>(c) + static_cast<double>(i);
    chains.parameters.push_back(draws);
  }
  chains.log_density = -chains.parameters[0];
  chains.acceptance = Eigen::MatrixXd::Constant(3, 2, 0.25);
  chains.acceptance(2, 1) = 0.75;
  chains.evaluations = Eigen::MatrixXd::Constant(3, 2, 7.0);
  chains.diverged = Eigen::MatrixXd::Zero(3, 2);
  return chains;
}

/// Names of the dimensions that a variable refers to.
std::vector<std::string> dimensions_of(const hdf5::File& file, const std::string& variable) {
  const auto guard = hdf5::lock();
  const hdf5::Handle attribute(
      H5Aopen_by_name(file.get(), variable.c_str(), "DIMENSION_LIST", H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const hdf5::Handle space(H5Aget_space(attribute.get()), H5Sclose);
  const hdf5::Handle type(H5Tvlen_create(H5T_STD_REF_OBJ), H5Tclose);
  std::vector<hvl_t> axes(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
  EXPECT_GE(H5Aread(attribute.get(), type.get(), axes.data()), 0);
  std::vector<std::string> names;
  for (const hvl_t& axis : axes) {
    EXPECT_EQ(axis.len, 1U);
    const hdf5::Handle target(H5Rdereference2(attribute.get(), H5P_DEFAULT, H5R_OBJECT, axis.p), H5Oclose);
    char name[64] = {};
    H5Iget_name(target.get(), name, sizeof name);
    names.emplace_back(name);
  }
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, axes.data());
  return names;
}

TEST(ChainsFile, IsInTheLayoutOfArviz) {
  const TemporaryFolder folder;
  const std::string path = folder / "chains.nc";
  write_chains(path, numbered_chains(), {{"inference_library", "tallfit"}});
  const hdf5::File file = hdf5::File::open(path);
  EXPECT_EQ(hdf5::read_string_attribute(file, "/", "inference_library"), std::vector<std::string>{"tallfit"});
  for (const std::string dimension : {"posterior/chain", "posterior/draw", "posterior/coefficient",
                                      "sample_stats/chain", "sample_stats/draw"}) {
    EXPECT_EQ(hdf5::read_string_attribute(file, dimension, "CLASS"),
              std::vector<std::string>{"DIMENSION_SCALE"});
    EXPECT_EQ(hdf5::read_string_attribute(file, dimension, "NAME"),
              std::vector<std::string>{dimension.substr(dimension.find('/') + 1)});
  }
  EXPECT_EQ(hdf5::read_strings(file, "posterior/coefficient"), (std::vector<std::string>{"a", "long name"}));
  EXPECT_EQ(dimensions_of(file, "posterior/coefficients"),
            (std::vector<std::string>{"/posterior/chain", "/posterior/draw", "/posterior/coefficient"}));
  EXPECT_EQ(dimensions_of(file, "posterior/sigma"),
            (std::vector<std::string>{"/posterior/chain", "/posterior/draw"}));
  EXPECT_EQ(dimensions_of(file, "sample_stats/lp"),
            (std::vector<std::string>{"/sample_stats/chain", "/sample_stats/draw"}));

  const hdf5::Dataset coefficients = hdf5::Dataset::open(file, "posterior/coefficients");
  EXPECT_EQ(coefficients.shape(), (std::vector<Index>{4, 3, 2}));
  std::vector<double> values(24);
  coefficients.read_rows(0, 4, values.data());
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t k = 0; k < 2; ++k)
        EXPECT_EQ(values[(c * 3 + i) * 2 + k], static_cast<double>(100 * k + 10 * c + i));
  EXPECT_FALSE(file.has("log_likelihood"));
  std::vector<double> acceptance(12);
  hdf5::Dataset::open(file, "sample_stats/acceptance_rate").read_rows(0, 4, acceptance.data());
  EXPECT_EQ(acceptance,
            (std::vector<double>{0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.75, 0.25, 0.25, 0.75}));
}

TEST(ChainsFile, HasLikelihoodsOfParts) {
  const TemporaryFolder folder;
  infer::Chains chains = numbered_chains();
  chains.likelihood = {.name = "target", .dimension = "row_type", .labels = {"energy", "force"}};
  chains.log_likelihood = {chains.parameters[1], chains.parameters[2]};
  write_chains(folder / "chains.nc", chains, {});
  const hdf5::File file = hdf5::File::open(folder / "chains.nc");
  EXPECT_EQ(dimensions_of(file, "log_likelihood/target"),
            (std::vector<std::string>{"/log_likelihood/chain", "/log_likelihood/draw",
                                      "/log_likelihood/row_type"}));
  EXPECT_EQ(hdf5::read_strings(file, "log_likelihood/row_type"),
            (std::vector<std::string>{"energy", "force"}));
  std::vector<double> values(24);
  hdf5::Dataset::open(file, "log_likelihood/target").read_rows(0, 4, values.data());
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t k = 0; k < 2; ++k)
        EXPECT_EQ(values[(c * 3 + i) * 2 + k], static_cast<double>(100 * (k + 1) + 10 * c + i));
}

TEST(ChainsFile, SummariesLeaveUnknownNumbersEmpty) {
  const infer::ParameterSummary summary{.name = "a, b", .mean = 1.5, .sd = 0.0, .r_hat = std::nan("")};
  EXPECT_EQ(summary_csv({summary}),
            "name,mean,sd,mcse_mean,q5,q50,q95,ess_bulk,ess_tail,r_hat,autocorrelation_time\n"
            "\"a, b\",1.5,0,0,0,0,0,0,0,,0\n");
}

}  // namespace
}  // namespace tallfit::io::test
