#include "tallfit/infer/log_density.hpp"

#include <fmt/format.h>

namespace tallfit::infer {

std::vector<std::string> parameter_names(const std::vector<ParameterBlock>& blocks) {
  std::vector<std::string> names;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const ParameterBlock& block = blocks[b];
    if (block.labels.empty()) names.push_back(block.name);
    for (const std::string& label : block.labels)
      names.push_back(b == 0 ? label : fmt::format("{}[{}]", block.name, label));
  }
  return names;
}

}  // namespace tallfit::infer
