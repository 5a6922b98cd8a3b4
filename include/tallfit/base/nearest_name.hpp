/// "Did you mean …?": the known name that a mistyped one probably stands for.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tallfit {

/// Insertions, deletions, substitutions and swaps of neighbours that turn @p a into @p b.
/// Cost: |a| |b|.
int edit_distance(std::string_view a, std::string_view b);

/// The known name nearest to @p name by edit distance; empty when even that is more than 2 edits away, or
/// more than half of its letters would change.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

/// @return " Did you mean 'lambda'?", or nothing where no known name is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace tallfit
