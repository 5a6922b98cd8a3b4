/// The registry of keys: what reads a configuration, explains it in --help and writes docs/reference.md.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tallfit/app/command.hpp"
#include "tallfit/app/config.hpp"

namespace tallfit::app {

/// Where a key's value goes: a member of one Config. std::optional<Index> holds a size in bytes and
/// std::optional<double> a number, empty for "auto".
using Target =
    std::variant<bool*, int*, Index*, double*, std::string*, std::optional<Index>*, std::optional<double>*,
                 std::vector<int>*, std::vector<Index>*, std::vector<double>*, std::vector<std::string>*,
                 std::map<std::string, double>*, Sweep*, NumberRange*>;

/// What every number, every item of a list and every value of a table must satisfy.
struct Rule {
  std::string expected;  ///< continues "a number ", as ">= 1"
  std::function<bool(double)> holds;
};

/// One key of the configuration, bound to the Config it was listed for.
struct Key {
  std::string name;  ///< "fit.lambda"
  Target target;
  std::string doc;  ///< one sentence
  std::vector<Command> used_by;
  std::string unit;                  ///< empty for counts, words and switches
  std::vector<std::string> choices;  ///< the words allowed; empty: any
  std::optional<Rule> rule;

  std::string section() const { return name.substr(0, name.find('.')); }
  std::string short_name() const { return name.substr(name.find('.') + 1); }
  bool is_used_by(Command command) const;
};

/// Every key, bound to @p config, section by section in the order of INTERFACE.md.
std::vector<Key> keys_of(Config& config);

/// Every key with its value, for fit.json.
std::vector<std::pair<std::string, std::string>> resolved(const Config& config);

}  // namespace tallfit::app
