#include "tallfit/base/memory.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

#include "tallfit/base/error.hpp"

namespace tallfit {

namespace fs = std::filesystem;

namespace {

constexpr Index unlimited = std::numeric_limits<Index>::max();

/// The number after "NAME" on the line that begins with it, as in /proc/meminfo and memory.stat.
std::optional<Index> number_after(const fs::path& file, std::string_view name) {
  std::ifstream in(file);
  for (std::string word; in >> word; in.ignore(unlimited, '\n')) {
    Index value = 0;
    if (word == name && in >> value) return value;
  }
  return std::nullopt;
}

/// The number a file of one line holds; nothing for "max".
std::optional<Index> only_number(const fs::path& file) {
  std::ifstream in(file);
  Index value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

/// File names of the two generations of cgroups.
struct CgroupFiles {
  const char* limit;
  const char* usage;
  const char* reclaimable;  ///< in memory.stat: file pages, which the kernel drops before it refuses memory
};
constexpr CgroupFiles cgroup_v2 = {"memory.max", "memory.current", "inactive_file"};
constexpr CgroupFiles cgroup_v1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};

Index headroom(const fs::path& folder, const CgroupFiles& files) {
  const auto limit = only_number(folder / files.limit);
  const auto usage = only_number(folder / files.usage);
  if (!limit || !usage) return unlimited;
  const Index reclaimable = number_after(folder / "memory.stat", files.reclaimable).value_or(0);
  return std::max<Index>(0, *limit - std::max<Index>(0, *usage - reclaimable));
}

/// The least headroom of a cgroup and its ancestors: any of them may hold the limit.
Index tightest_headroom(const fs::path& mount, const fs::path& group, const CgroupFiles& files) {
  Index least = headroom(mount, files);
  fs::path folder = mount;
  for (const fs::path& part : group.relative_path()) {
    folder /= part;
    least = std::min(least, headroom(folder, files));
  }
  return least;
}

/// Lines of /proc/self/cgroup are "0::/path" (v2) and "4:memory:/path" (v1).
Index cgroup_headroom(const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  Index least = unlimited;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string number, controllers, group;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, group);
    if (controllers.empty()) least = std::min(least, tightest_headroom(mount, group, cgroup_v2));
    if (controllers == "memory")
      least = std::min(least, tightest_headroom(mount / "memory", group, cgroup_v1));
  }
  return least;
}

Index kibibytes(const fs::path& file, std::string_view name, Index otherwise) {
  const auto value = number_after(file, name);
  return value ? *value * 1024 : otherwise;
}

struct Unit {
  std::string_view name;
  double bytes;
};
constexpr std::array<Unit, 10> units = {{{"", 1.0},
                                         {"B", 1.0},
                                         {"KiB", 0x1p10},
                                         {"MiB", 0x1p20},
                                         {"GiB", 0x1p30},
                                         {"TiB", 0x1p40},
                                         {"kB", 1e3},
                                         {"MB", 1e6},
                                         {"GB", 1e9},
                                         {"TB", 1e12}}};

std::string_view without_leading_spaces(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

}  // namespace

Index peak_rss_bytes() { return kibibytes("/proc/self/status", "VmHWM:", 0); }

Index current_rss_bytes() { return kibibytes("/proc/self/status", "VmRSS:", 0); }

Index available_memory_bytes(const fs::path& root) {
  return std::min(kibibytes(root / "proc/meminfo", "MemAvailable:", unlimited), cgroup_headroom(root));
}

Index parse_bytes(std::string_view text) {
  const std::string_view trimmed = without_leading_spaces(text);
  double number = 0.0;
  const auto [end, code] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), number);
  const std::string_view suffix =
      without_leading_spaces(trimmed.substr(static_cast<std::size_t>(end - trimmed.data())));
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == suffix; });
  require(code == std::errc{} && unit != units.end() && number >= 0.0, ErrorKind::input,
          "'{}' is not a size. Write a number and a unit (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB), as in "
          "\"4GiB\".",
          text);
  const double bytes = std::floor(number * unit->bytes);
  require(bytes < 0x1p63, ErrorKind::input, "'{}' is more memory than any machine has.", text);
  return static_cast<Index>(bytes);
}

std::string format_bytes(Index bytes) {
  constexpr std::array<const char*, 7> names = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double number = static_cast<double>(bytes);
  std::size_t power = 0;
  while (std::abs(number) >= 1024.0 && power + 1 < names.size()) {
    number /= 1024.0;
    ++power;
  }
  return power == 0 || std::abs(number) >= 100.0 ? fmt::format("{:.0f} {}", number, names[power])
                                                 : fmt::format("{:.1f} {}", number, names[power]);
}

}  // namespace tallfit
