#include "tallfit/compress/checkpoint.hpp"

#include "tallfit/base/stop_signals.hpp"
#include "tallfit/comm/collective_error.hpp"

namespace tallfit::compress {

void NumberSink::put(std::span<const double> numbers) {
  put(static_cast<Index>(numbers.size()));
  write(numbers);
}

void NumberSink::put(std::span<const Index> whole_numbers) {
  const std::vector<double> numbers(whole_numbers.begin(), whole_numbers.end());
  put(std::span<const double>(numbers));
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

std::vector<Index> NumberSource::indices() {
  const std::vector<double> found = numbers();
  return {found.begin(), found.end()};
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

void take_over(Checkpoint* checkpoint, std::string_view stage, const comm::Communicator& comm,
               const StageWork& work) {
  if (checkpoint == nullptr) return;
  comm::all_or_none(comm, [&] {
    bool any = false;
    checkpoint->restore(stage, [&](NumberSource& source) {
      any = true;
      work.read(source);
    });
    if (any) checkpoint->save(stage, work.write);
  });
  comm::all_or_none(comm, [&] {
    if (comm.is_root()) checkpoint->forget_earlier(stage);
  });
}

}  // namespace tallfit::compress
