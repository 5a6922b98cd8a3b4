#include "rows.hpp"
#include "write_design.hpp"

#include "tallfit/app/commands.hpp"
#include "tallfit/base/log.hpp"
#include "tallfit/base/memory.hpp"
#include "tallfit/comm/collective_error.hpp"
#include "tallfit/design/matrix_source.hpp"
#include "tallfit/io/design_file.hpp"

namespace tallfit::app {

void write_design(const Config& config, design::RowSource& rows, const comm::Communicator& world,
                  std::vector<double> true_coefficients) {
  const design::DesignInfo& info = rows.info();
  io::write_design_file(
      config.output, rows, world,
      {.compression = static_cast<int>(config.generate.compression),
       .chunk_rows = 0,
       .precision = config.generate.precision == "single" ? io::Precision::f32 : io::Precision::f64,
       .true_coefficients = std::move(true_coefficients)});
  const std::string entries = info.n_entries ? fmt::format(", {} entries", *info.n_entries) : "";
  log::info("{}: {} rows x {} columns{} in {} groups", config.output, info.n_rows, info.n_cols, entries,
            info.group_names.size());
}

void run_generate(const Config& config, const comm::Communicator& world) {
  std::unique_ptr<design::RowSource> rows;
  std::vector<double> truth;
  comm::all_or_none(world, [&] {
    rows = open_generator(config, config.generate.kind);
    if (const auto* matrix = dynamic_cast<const design::MatrixSource*>(rows.get())) {
      truth.assign(matrix->true_coefficients().begin(), matrix->true_coefficients().end());
    }
  });
  write_design(config, *rows, world, std::move(truth));
}

}  // namespace tallfit::app
