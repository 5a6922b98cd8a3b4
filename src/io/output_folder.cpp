#include "tallfit/io/output_folder.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "disk.hpp"

#include "tallfit/base/error.hpp"

namespace tallfit::io {

namespace {

std::string hidden_name(const std::string& path) {
  return folder_of(path) + "/." + std::filesystem::path(path).filename().string() + ".partial";
}

[[noreturn]] void fail_write(const std::string& path) {
  fail(ErrorKind::resource, "{}: cannot be written: {}", path, std::strerror(errno));
}

}  // namespace

void OutputFile::Closer::operator()(std::FILE* file) const noexcept { std::fclose(file); }

OutputFile::OutputFile(const std::string& path) : path_(path), partial_(hidden_name(path)) {
  require_writable_file(path);
  stream_.reset(std::fopen(partial_.c_str(), "wb"));
  const bool disk_full = errno == ENOSPC || errno == EDQUOT;
  if (!stream_ && disk_full) fail_write(path_);
  require(stream_ != nullptr, ErrorKind::input, "folder '{}' is not writable: {}", folder_of(path),
          std::strerror(errno));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::exchange(other.partial_, "")),
      stream_(std::move(other.stream_)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(partial_, other.partial_);
  std::swap(stream_, other.stream_);
  return *this;
}

OutputFile::~OutputFile() {
  stream_.reset();
  if (!partial_.empty()) remove_quietly(partial_);
}

void OutputFile::write(std::string_view text) {
  require(stream_ != nullptr, ErrorKind::bug, "{}: written after it was closed", path_);
  if (text.empty()) return;  // of which there may be no address
  if (std::fwrite(text.data(), 1, text.size(), stream_.get()) != text.size()) fail_write(path_);
}

/// Each step is checked: on a full disk the error may come from any of them, and only from one.
void OutputFile::flush() {
  if (!stream_) return;
  if (std::fflush(stream_.get()) != 0 || ::fsync(::fileno(stream_.get())) != 0) fail_write(path_);
  if (std::fclose(stream_.release()) != 0) fail_write(path_);
}

void OutputFile::commit() {
  if (partial_.empty()) return;
  flush();
  rename_file(partial_, path_);
  partial_.clear();
}

OutputFolder::OutputFolder(const std::string& folder) : folder_(folder) {
  // One level after the other, so that those made here are known, and removed again should a later one fail.
  std::filesystem::path level;
  for (const std::filesystem::path& part : std::filesystem::path(folder)) {
    level /= part;
    std::error_code code;
    if (std::filesystem::create_directory(level, code)) made_.push_back(level.string());
    if (!code) continue;
    remove_made();
    fail(ErrorKind::input, "folder '{}' cannot be created: {}", folder, code.message());
  }
  try {
    require_writable_folder(folder);
  } catch (...) {
    remove_made();
    throw;
  }
}

OutputFolder::~OutputFolder() {
  files_.clear();
  remove_made();
}

void OutputFolder::remove_made() noexcept {
  for (; !made_.empty(); made_.pop_back()) remove_quietly(made_.back());  // only where it is empty
}

OutputFile& OutputFolder::add(const std::string& name) {
  const std::string path = folder_ + "/" + name;
  const bool taken =
      std::any_of(files_.begin(), files_.end(), [&](const auto& f) { return f->path() == path; });
  require(!taken, ErrorKind::bug, "{}: two results have the same name", path);
  return *files_.emplace_back(std::make_unique<OutputFile>(path));
}

void OutputFolder::flush() {
  for (const auto& file : files_) file->flush();
}

void OutputFolder::commit() {
  flush();
  for (const auto& file : files_) file->commit();
  files_.clear();
  made_.clear();
}

}  // namespace tallfit::io
