/// Factors of nodes in a checkpoint.
#pragma once

#include <functional>
#include <string_view>

#include "tallfit/compress/checkpoint.hpp"
#include "tallfit/compress/factor_tree.hpp"

namespace tallfit::compress {

/// Name of the stage in which rows are compressed.
inline constexpr std::string_view saved_stage = "compress";

/// All pieces, larger nodes first, so that one that is part of another comes after it.
void put_pieces(NumberSink& sink, const TreePieces& pieces);

/// Shows them again. @throws Error{input} as NumberSource
void read_pieces(NumberSource& source, Index n_cols,
                 const std::function<void(const TreeNode& node, Factor factor)>& take);

}  // namespace tallfit::compress
