#include "tallfit/io/selection_file.hpp"

#include <filesystem>

#include "csv_table.hpp"

#include "tallfit/io/csv_writer.hpp"

namespace tallfit::io {

namespace {

void add_unit(CsvWriter& csv, const infer::PoolUnit& unit, const std::vector<std::string>& group_names) {
  csv.add(static_cast<Index>(unit.configuration)).add(group_names.at(unit.group)).add(unit.n_rows);
}

}  // namespace

std::string selection_csv(const infer::PoolTable& pool, const std::vector<infer::Choice>& choices,
                          const std::vector<std::string>& group_names) {
  CsvWriter csv("rank,configuration,group,rows,before,after,gain");
  Index rank = 0;
  for (const infer::Choice& choice : choices) {
    csv.add(++rank);
    add_unit(csv, pool.unit(choice.unit), group_names);
    csv.add(choice.change.before).add(choice.change.after).add(choice.gain).end_row();
  }
  return csv.text();
}

std::string scores_csv(const infer::PoolTable& pool, const std::vector<double>& scores,
                       const std::vector<std::string>& group_names) {
  CsvWriter csv("configuration,group,rows,score");
  for (Index i = 0; i < pool.size(); ++i) {
    add_unit(csv, pool.unit(i), group_names);
    csv.add(scores.at(static_cast<std::size_t>(i))).end_row();
  }
  return csv.text();
}

std::vector<std::uint64_t> read_selection(const std::string& path) {
  CsvTable table(
      std::filesystem::is_directory(path) ? (std::filesystem::path(path) / "selection.csv").string() : path);
  const std::size_t column = table.column("configuration");
  std::vector<std::uint64_t> configurations;
  while (table.next()) configurations.push_back(static_cast<std::uint64_t>(table.integer(column)));
  return configurations;
}

}  // namespace tallfit::io
