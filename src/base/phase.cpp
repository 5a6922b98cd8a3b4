#include "tallfit/base/phase.hpp"

#include <algorithm>

#include "tallfit/base/error.hpp"

namespace tallfit {

namespace {

struct Record {
  std::vector<Stage> stages;
  Phase* innermost = nullptr;
};

Record& record() {
  static Record instance;
  return instance;
}

std::size_t find_or_add(const std::string& name) {
  auto& all = record().stages;
  const auto known = std::find_if(all.begin(), all.end(), [&](const Stage& s) { return s.name == name; });
  if (known != all.end()) return static_cast<std::size_t>(known - all.begin());
  all.push_back({.name = name});
  return all.size() - 1;
}

}  // namespace

Phase::Phase(std::string_view name)
    : outer_(record().innermost),
      stage_(find_or_add(outer_ != nullptr ? fmt::format("{}/{}", record().stages[outer_->stage_].name, name)
                                           : std::string(name))) {
  record().innermost = this;
}

Phase::~Phase() {
  Stage& stage = record().stages[stage_];
  stage.seconds += std::chrono::duration<double>(Clock::now() - start_).count();
  stage.flops += flops_;
  stage.bytes += bytes_;
  stage.messages += messages_;
  stage.sent += sent_;
  ++stage.calls;
  record().innermost = outer_;
  if (outer_ != nullptr) {
    outer_->add_flops(flops_);
    outer_->add_bytes(bytes_);
    outer_->add_messages(messages_, sent_);
  }
}

void count_message(double bytes) {
  if (record().innermost != nullptr) record().innermost->add_messages(1.0, bytes);
}

void count_flops(double n) {
  if (record().innermost != nullptr) record().innermost->add_flops(n);
}

std::vector<Stage> stages() { return record().stages; }

void clear_stages() {
  require(record().innermost == nullptr, ErrorKind::bug, "stages cleared inside a phase");
  record().stages.clear();
}

}  // namespace tallfit
