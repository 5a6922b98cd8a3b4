#include "tallfit/io/posterior_table.hpp"

#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

namespace {

void add_line(CsvWriter& csv, const std::string& name, const infer::Marginal& of) {
  csv.add(name).add(of.mean).add(of.sd()).add(of.scale).add(of.dof);
  for (const double p : {0.05, 0.5, 0.95}) csv.add(of.quantile(p));
  csv.end_row();
}

}  // namespace

std::string posterior_csv(const std::vector<std::string>& names, const infer::GaussianPosterior& posterior,
                          bool has_intercept) {
  CsvWriter csv("name,mean,sd,scale,dof,q5,q50,q95");
  const auto n = static_cast<Index>(names.size());
  for (Index j = 0; j < n; ++j) add_line(csv, names[static_cast<std::size_t>(j)], posterior.marginal(j));
  if (has_intercept) add_line(csv, "intercept", posterior.marginal(n));
  return csv.text();
}

}  // namespace tallfit::io
