#include "tallfit/io/chains_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>

#include "hdf5.hpp"
#include "hdf5_text.hpp"
#include "netcdf.hpp"

#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

namespace {

/// A group of variables and the dimensions that they share.
class ChainsGroup {
public:
  ChainsGroup(hdf5::File& file, std::string name, Index& next_dimension)
      : file_(file), name_(std::move(name)), next_dimension_(next_dimension) {
    file_.create_group(name_);
  }

  void define(const std::string& dimension, Index size) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(size));
    std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
    hdf5::Dataset set = hdf5::Dataset::create<std::int64_t>(file_, path(dimension), {size});
    set.write_rows(0, size, numbers.data());
    set.close();
    netcdf::mark_dimension(file_, path(dimension), next_dimension_++);
    sizes_[dimension] = size;
  }

  void define(const std::string& dimension, const std::vector<std::string>& labels) {
    if (sizes_.contains(dimension)) return;
    netcdf::write_labels(file_, path(dimension), labels);
    netcdf::mark_dimension(file_, path(dimension), next_dimension_++);
    sizes_[dimension] = static_cast<Index>(labels.size());
  }

  /// @param values  the last dimension the fastest
  template <class T>
  void write(const std::string& variable, const std::vector<std::string>& dimensions,
             const std::vector<T>& values) {
    std::vector<Index> shape;
    std::vector<std::string> paths;
    for (const std::string& dimension : dimensions) {
      shape.push_back(sizes_.at(dimension));
      paths.push_back(path(dimension));
    }
    hdf5::Dataset set = hdf5::Dataset::create<T>(file_, path(variable), shape);
    set.write_rows(0, shape.front(), values.data());
    set.close();
    netcdf::attach_dimensions(file_, path(variable), paths);
  }

private:
  std::string path(const std::string& name) const { return name_ + "/" + name; }

  hdf5::File& file_;
  std::string name_;
  Index& next_dimension_;
  std::map<std::string, Index> sizes_;
};

/// Chain by chain, draw by draw, of some parameters.
std::vector<double> interleaved(const std::vector<Eigen::MatrixXd>& parameters, std::size_t first,
                                std::size_t count) {
  const Index n_draws = parameters[first].rows();
  const Index n_chains = parameters[first].cols();
  std::vector<double> values;
  values.reserve(count * static_cast<std::size_t>(n_draws * n_chains));
  for (Index c = 0; c < n_chains; ++c)
    for (Index i = 0; i < n_draws; ++i)
      for (std::size_t k = first; k < first + count; ++k) values.push_back(parameters[k](i, c));
  return values;
}

/// A figure of each chain, for each of its walkers; the last dimension is the draw.
template <class T>
std::vector<T> repeated(const Eigen::MatrixXd& of_chains, Index walkers) {
  std::vector<T> values;
  for (Index c = 0; c < of_chains.cols(); ++c)
    for (Index w = 0; w < walkers; ++w)
      for (const double value : of_chains.col(c)) values.push_back(static_cast<T>(value));
  return values;
}

void write_posterior(hdf5::File& file, const infer::Chains& chains, Index& next_dimension) {
  ChainsGroup group(file, "posterior", next_dimension);
  group.define("chain", chains.log_density.cols());
  group.define("draw", chains.n_draws());
  std::size_t next = 0;
  for (const infer::ParameterBlock& block : chains.blocks) {
    const auto size = static_cast<std::size_t>(block.size());
    std::vector<std::string> dimensions = {"chain", "draw"};
    if (!block.labels.empty()) {
      group.define(block.dimension, block.labels);
      dimensions.push_back(block.dimension);
    }
    group.write(block.name, dimensions, interleaved(chains.parameters, next, size));
    next += size;
  }
}

void write_sample_stats(hdf5::File& file, const infer::Chains& chains, Index& next_dimension) {
  ChainsGroup group(file, "sample_stats", next_dimension);
  group.define("chain", chains.log_density.cols());
  group.define("draw", chains.n_draws());
  const std::vector<std::string> dimensions = {"chain", "draw"};
  group.write("lp", dimensions, repeated<double>(chains.log_density, 1));
  group.write("acceptance_rate", dimensions, repeated<double>(chains.acceptance, chains.walkers));
  group.write("n_steps", dimensions, repeated<std::int64_t>(chains.evaluations, chains.walkers));
  group.write("diverging", dimensions, repeated<std::uint8_t>(chains.diverged, chains.walkers));
}

void write_log_likelihood(hdf5::File& file, const infer::Chains& chains, Index& next_dimension) {
  ChainsGroup group(file, "log_likelihood", next_dimension);
  group.define("chain", chains.log_density.cols());
  group.define("draw", chains.n_draws());
  std::vector<std::string> dimensions = {"chain", "draw"};
  if (!chains.likelihood->labels.empty()) {
    group.define(chains.likelihood->dimension, chains.likelihood->labels);
    dimensions.push_back(chains.likelihood->dimension);
  }
  group.write(chains.likelihood->name, dimensions,
              interleaved(chains.log_likelihood, 0, chains.log_likelihood.size()));
}

}  // namespace

void write_chains(const std::string& path, const infer::Chains& chains,
                  const std::vector<std::pair<std::string, std::string>>& attributes) {
  hdf5::File file = hdf5::File::create(path);
  for (const auto& [name, text] : attributes) hdf5::write_attribute(file, "/", name, text);
  Index next_dimension = 0;
  write_posterior(file, chains, next_dimension);
  write_sample_stats(file, chains, next_dimension);
  if (chains.likelihood) write_log_likelihood(file, chains, next_dimension);
  file.close();
}

std::string summary_csv(const std::vector<infer::ParameterSummary>& summary) {
  CsvWriter csv("name,mean,sd,mcse_mean,q5,q50,q95,ess_bulk,ess_tail,r_hat,autocorrelation_time");
  for (const infer::ParameterSummary& of : summary) {
    csv.add(of.name);
    for (const double value : {of.mean, of.sd, of.mcse_mean, of.q5, of.q50, of.q95, of.ess_bulk, of.ess_tail,
                               of.r_hat, of.autocorrelation_time}) {
      if (std::isnan(value))
        csv.add("");
      else
        csv.add(value);
    }
    csv.end_row();
  }
  return csv.text();
}

}  // namespace tallfit::io
