#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <unordered_set>

#include "csv_table.hpp"
#include "row_labeler.hpp"
#include "row_pattern.hpp"
#include "text_fields.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

struct Configuration {
  Index first_row = 0;
  Index n_rows = 0;
  Index n_atoms = 0;
  std::uint64_t id = 0;
  std::uint32_t group = 0;
  std::uint8_t testing = 0;
};

/// One entry per configuration, in the order of the rows.
struct ConfigurationTable {
  std::vector<Configuration> entries;
  std::vector<std::string> group_names;  ///< in order of first appearance
};

/// Reads the lines of the labels file and checks each against the one before.
class TableReader {
public:
  explicit TableReader(const std::string& path) : csv_(path) {}

  ConfigurationTable read() {
    ConfigurationTable table;
    while (csv_.next()) {
      table.entries.push_back(read_line(table));
      next_row_ += table.entries.back().n_rows;
    }
    require(!table.entries.empty(), ErrorKind::input, "{}: has no configurations", csv_.path());
    return table;
  }

private:
  Configuration read_line(ConfigurationTable& table) {
    Configuration entry;
    entry.first_row = csv_.integer(row_start_);
    entry.n_rows = csv_.integer(nrows_);
    entry.n_atoms = csv_.integer(natoms_);
    require(entry.n_rows > 0 && entry.n_atoms > 0, ErrorKind::input,
            "{}:{}: nrows is {} and natoms {}; both must be positive", csv_.path(), csv_.line_number(),
            entry.n_rows, entry.n_atoms);
    require(entry.first_row == next_row_, ErrorKind::input,
            "{}:{}: row_start is {}, but the configurations before end at row {}.\n"
            "  List the configurations in the order of the rows, without gaps.",
            csv_.path(), csv_.line_number(), entry.first_row, next_row_);
    entry.id = read_id(table.entries.size());
    entry.group = find_group(csv_.text(group_), table);
    entry.testing = read_testing();
    return entry;
  }

  /// Integers are kept; where ids are names, a configuration is known by its place.
  std::uint64_t read_id(std::size_t place) {
    const std::string& text = csv_.text(config_id_);
    require(ids_.insert(text).second, ErrorKind::input, "{}:{}: config_id '{}' comes a second time",
            csv_.path(), csv_.line_number(), text);
    const auto number = parse_integer(text);
    if (place == 0) numbered_ = number.has_value();
    require(!numbered_ || (number && *number >= 0), ErrorKind::input,
            "{}:{}: config_id is '{}'; expected an integer >= 0, as in the lines before", csv_.path(),
            csv_.line_number(), text);
    return numbered_ ? static_cast<std::uint64_t>(*number) : place;
  }

  std::uint32_t find_group(const std::string& name, ConfigurationTable& table) {
    const auto [at, is_new] = groups_.try_emplace(name, static_cast<std::uint32_t>(table.group_names.size()));
    if (is_new) table.group_names.push_back(name);
    return at->second;
  }

  std::uint8_t read_testing() const {
    if (!csv_.has_column("testing")) return 0;
    const std::string& text = csv_.text(csv_.column("testing"));
    if (text == "1" || text == "True" || text == "true") return 1;
    require(text == "0" || text == "False" || text == "false", ErrorKind::input,
            "{}:{}: testing is '{}'; expected 0 or 1", csv_.path(), csv_.line_number(), text);
    return 0;
  }

  CsvTable csv_;
  std::size_t config_id_ = csv_.column("config_id");
  std::size_t group_ = csv_.column("group");
  std::size_t natoms_ = csv_.column("natoms");
  std::size_t row_start_ = csv_.column("row_start");
  std::size_t nrows_ = csv_.column("nrows");
  std::unordered_set<std::string> ids_;
  std::map<std::string, std::uint32_t> groups_;
  bool numbered_ = true;
  Index next_row_ = 0;
};

void require_pattern_fits(const ConfigurationTable& table, const RowPattern& pattern,
                          const std::string& path) {
  if (pattern.other) return;
  for (const Configuration& c : table.entries) {
    const Index expected = pattern.rows_of(c.n_atoms);
    require(c.n_rows == expected, ErrorKind::input,
            "{}: configuration {} has {} rows and {} atoms, but import.row_types = \"{}\" makes {} rows",
            path, c.id, c.n_rows, c.n_atoms, pattern.to_string(), expected);
  }
}

RowPattern deduce_pattern(const ConfigurationTable& table, const std::string& path) {
  std::vector<RowPattern> fitting = all_row_patterns();
  for (const Configuration& c : table.entries) {
    std::erase_if(fitting, [&](const RowPattern& p) { return p.rows_of(c.n_atoms) != c.n_rows; });
    require(!fitting.empty(), ErrorKind::input,
            "{}: configuration {} has {} rows and {} atoms; no choice of energy (1 row), force (3 per atom) "
            "and stress "
            "(6) rows explains this together with the configurations before.\n"
            "  Set import.row_types = \"energy,force,stress\" or a part of it, or \"other\".",
            path, c.id, c.n_rows, c.n_atoms);
  }
  std::vector<std::string> names;
  names.reserve(fitting.size());
  for (const RowPattern& p : fitting) names.push_back(fmt::format("\"{}\"", p.to_string()));
  require(fitting.size() == 1, ErrorKind::input,
          "{}: nrows and natoms do not tell which rows a configuration has: {} all fit.\n"
          "  Set import.row_types = \"energy,force,stress\" or a part of it.",
          path, fmt::join(names, ", "));
  return fitting.front();
}

class FitsnapLabeler final : public RowLabeler {
public:
  FitsnapLabeler(ConfigurationTable table, RowPattern pattern)
      : table_(std::move(table)), pattern_(pattern) {}

  const std::vector<std::string>& group_names() const override { return table_.group_names; }

  void label(Index begin, design::RowLabels& labels) const override {
    const auto& entries = table_.entries;
    auto at = std::upper_bound(entries.begin(), entries.end(), begin,
                               [](Index row, const Configuration& c) { return row < c.first_row; }) -
              1;
    for (std::size_t i = 0; i < labels.target.size(); ++i) {
      const Index row = begin + static_cast<Index>(i);
      if (row >= at->first_row + at->n_rows) ++at;
      labels.type[i] = pattern_.type_of(row - at->first_row, at->n_atoms);
      labels.configuration[i] = at->id;
      labels.group[i] = at->group;
      labels.testing[i] = at->testing;
    }
  }

private:
  ConfigurationTable table_;
  RowPattern pattern_;
};

}  // namespace

std::unique_ptr<RowLabeler> read_fitsnap_labels(const std::string& path, const std::string& row_types,
                                                Index n_rows) {
  ConfigurationTable table = TableReader(path).read();
  const Index total = table.entries.back().first_row + table.entries.back().n_rows;
  require(total == n_rows, ErrorKind::input,
          "{}: its configurations add up to {} rows, but the features have {}", path, total, n_rows);
  const RowPattern pattern = row_types.empty() ? deduce_pattern(table, path) : parse_row_pattern(row_types);
  require_pattern_fits(table, pattern, path);
  return std::make_unique<FitsnapLabeler>(std::move(table), pattern);
}

}  // namespace tallfit::io
