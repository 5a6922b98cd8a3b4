/// How much memory this process uses and this node still has, and sizes written for people.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tallfit/base/numeric.hpp"

namespace tallfit {

inline constexpr Index double_bytes = sizeof(double);

/// The most memory this process ever had resident (VmHWM of /proc/self/status); 0 where that is not told.
Index peak_rss_bytes();

/// The memory this process has resident now (VmRSS of /proc/self/status); 0 where that is not told.
Index current_rss_bytes();

/// What a process of this node may still take: the kernel's MemAvailable, or what the tightest cgroup limit
/// (v1 or v2; batch systems and containers set one) leaves, whichever is less. Shared by all ranks of the
/// node.
/// @param root  where /proc and /sys are found; tests put their own there.
/// @return the largest Index where nothing is told.
Index available_memory_bytes(const std::filesystem::path& root = "/");

/// Reads "512MiB", "1.5 GiB", "4GB" or "1000" (bytes). Units: B, KiB MiB GiB TiB (1024), kB MB GB TB (1000).
/// @throws Error{input} for anything else, negative numbers, and sizes of 8 EiB or more.
Index parse_bytes(std::string_view text);

/// @return "33.3 GiB": three or four digits and the largest 1024-unit that keeps the number at 1 or more.
std::string format_bytes(Index bytes);

}  // namespace tallfit
