#include "tallfit/io/coverage_table.hpp"

#include <fmt/format.h>

#include <cmath>

#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

std::string coverage_csv(const std::vector<infer::CoverageRow>& rows) {
  CsvWriter csv("group,row_type,split,uncertainty,level,count,coverage,mean_squared_standardised");
  for (const infer::CoverageRow& row : rows)
    csv.add(row.group)
        .add(row.row_type)
        .add(row.split)
        .add(row.uncertainty)
        .add(fmt::format("{}", row.level))
        .add(row.count)
        .add(row.coverage)
        .add(std::isnan(row.mean_squared_standardised) ? std::string()
                                                       : format_number(row.mean_squared_standardised))
        .end_row();
  return csv.text();
}

}  // namespace tallfit::io
