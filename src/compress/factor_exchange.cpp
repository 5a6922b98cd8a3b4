#include "factor_exchange.hpp"

#include "tallfit/comm/exchange.hpp"

namespace tallfit::compress {

namespace {

constexpr int factor_tag = 71;

}  // namespace

void FactorSends::post(const std::optional<Factor>& factor, int to) {
  headers_.push_back(std::make_unique<Header>());
  if (factor) {
    values_.push_back(factor->values());
    *headers_.back() = {static_cast<Index>(values_.back()->size()), factor->n_cols(),
                        factor->is_triangular()};
  }
  sends_.post(std::as_bytes(std::span(headers_.back().get(), 1)), to, factor_tag);
  if (headers_.back()->n_values > 0) sends_.post(std::as_bytes(std::span(*values_.back())), to, factor_tag);
}

std::optional<Factor> receive_factor(const comm::Communicator& comm, int from) {
  FactorSends::Header header;
  comm::receive(comm, std::span(&header, 1), from, factor_tag);
  if (header.n_values == 0) return std::nullopt;
  std::vector<double> values(static_cast<std::size_t>(header.n_values));
  comm::receive(comm, std::span(values), from, factor_tag);
  return header.is_triangular ? Factor::of_triangle(header.n_cols, std::move(values))
                              : Factor::of_rows(header.n_cols, std::move(values));
}

Factor move_factor(const comm::Communicator& comm, Factor factor, int from, int to) {
  if (from == to) return factor;
  const Index n_cols = factor.n_cols();
  if (comm.rank() == from) {
    FactorSends sends(comm);
    sends.post(factor, to);
    sends.wait();
  }
  if (comm.rank() != to) return Factor(n_cols);
  return receive_factor(comm, from).value_or(Factor(n_cols));
}

}  // namespace tallfit::compress
