#include <cstdio>

#include "tallfit/base/version.hpp"
#include "tallfit/comm/communicator.hpp"
#include "tallfit/design/row_source.hpp"

int main(int argc, char** argv) {
  const tallfit::comm::MpiSession session(&argc, &argv);
  tallfit::design::RowLabels labels;  // a class of a higher layer: its library is linked too
  labels.resize(3);
  if (labels.size() != 3) return 1;
  std::printf("tallfit %s\n", tallfit::version().c_str());
  return 0;
}
