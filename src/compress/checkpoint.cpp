#include "tallfit/compress/checkpoint.hpp"

#include "tallfit/base/stop_signals.hpp"

namespace tallfit::compress {

void NumberSink::put(std::span<const double> numbers) {
  put(static_cast<Index>(numbers.size()));
  write(numbers);
}

void NumberSink::put(const Eigen::MatrixXd& matrix) {
  put(matrix.rows());
  put(matrix.cols());
  write({matrix.data(), static_cast<std::size_t>(matrix.size())});
}

double NumberSource::number() {
  double number = 0.0;
  read({&number, 1});
  return number;
}

std::vector<double> NumberSource::numbers() {
  std::vector<double> numbers(static_cast<std::size_t>(index()));
  read(numbers);
  return numbers;
}

Eigen::MatrixXd NumberSource::matrix() {
  const Index n_rows = index();
  const Index n_cols = index();
  Eigen::MatrixXd matrix(n_rows, n_cols);
  read({matrix.data(), static_cast<std::size_t>(matrix.size())});
  return matrix;
}

void stop_if(bool asked) {
  require(!asked, ErrorKind::stopped,
          "stopped by a signal; the work so far is saved. Run the same command again with --resume");
}

void save_if_due(Checkpoint* checkpoint, std::string_view stage,
                 const std::function<void(NumberSink&)>& write) {
  if (checkpoint == nullptr || !checkpoint->is_due()) return;
  checkpoint->save(stage, write);
  stop_if(stop_requested());
}

}  // namespace tallfit::compress
