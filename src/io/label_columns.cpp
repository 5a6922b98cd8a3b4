#include "label_columns.hpp"

#include <type_traits>

#include "design_layout.hpp"

namespace tallfit::io {

using hdf5::Dataset;

static_assert(std::is_same_v<std::underlying_type_t<design::RowType>, std::uint8_t>);

LabelColumns::LabelColumns(hdf5::File& file, Index n_rows)
    : target_(Dataset::create<double>(file, layout::target, {n_rows})),
      weight_(Dataset::create<double>(file, layout::weight, {n_rows})),
      row_type_(Dataset::create<std::uint8_t>(file, layout::row_type, {n_rows})),
      configuration_(Dataset::create<std::uint64_t>(file, layout::configuration, {n_rows})),
      group_(Dataset::create<std::uint32_t>(file, layout::group, {n_rows})),
      testing_(Dataset::create<std::uint8_t>(file, layout::testing, {n_rows})) {}

void LabelColumns::write(Index begin, const design::RowLabels& labels) {
  const Index n = labels.size();
  target_.write_rows(begin, n, labels.target.data());
  weight_.write_rows(begin, n, labels.scale.data());
  row_type_.write_rows(begin, n, reinterpret_cast<const std::uint8_t*>(labels.type.data()));
  configuration_.write_rows(begin, n, labels.configuration.data());
  group_.write_rows(begin, n, labels.group.data());
  testing_.write_rows(begin, n, labels.testing.data());
}

void LabelColumns::close() {
  for (Dataset* column : {&target_, &weight_, &row_type_, &configuration_, &group_, &testing_})
    column->close();
}

}  // namespace tallfit::io
