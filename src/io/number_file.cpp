#include "number_file.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "row_checksum.hpp"

#include "tallfit/io/output_folder.hpp"

namespace tallfit::io {

namespace {

/// What a file ends with: how many numbers it has, and their checksum. What is not an end was cut off.
struct Ending {
  std::array<char, 8> mark = {'t', 'a', 'l', 'l', 'f', 'i', 't', '1'};
  std::uint64_t count = 0;
  RowChecksum checksum;
  bool operator==(const Ending&) const = default;
};

class FileSink final : public compress::NumberSink {
public:
  explicit FileSink(OutputFile& file) : file_(file) {}
  void write(std::span<const double> numbers) override {
    file_.write(std::string_view(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()));
    ending_.count += numbers.size();
    ending_.checksum.add(numbers);
  }
  void finish() { file_.write(std::string_view(reinterpret_cast<const char*>(&ending_), sizeof ending_)); }

private:
  OutputFile& file_;
  Ending ending_;
};

struct FileCloser {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

class FileSource final : public compress::NumberSource {
public:
  explicit FileSource(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
    require(file_ != nullptr, ErrorKind::input, "{}: cannot be opened: {}", path, std::strerror(errno));
  }
  void read(std::span<double> numbers) override {
    if (std::fread(numbers.data(), sizeof(double), numbers.size(), file_.get()) != numbers.size())
      refuse("it ends too early");
  }
  /// The checksum of all numbers is that of the ending.
  void verify() {
    std::fseek(file_.get(), 0, SEEK_END);
    const long size = std::ftell(file_.get());
    const long numbers_bytes = size - static_cast<long>(sizeof(Ending));
    if (numbers_bytes < 0 || numbers_bytes % static_cast<long>(sizeof(double)) != 0) refuse("it was cut off");
    std::rewind(file_.get());
    Ending found;
    std::vector<double> some(std::size_t{1} << 16U);
    for (std::size_t left = static_cast<std::size_t>(numbers_bytes) / sizeof(double); left > 0;) {
      const auto now = std::span(some).first(std::min(left, some.size()));
      read(now);
      found.checksum.add(now);
      found.count += now.size();
      left -= now.size();
    }
    Ending expected;
    if (std::fread(&expected, sizeof expected, 1, file_.get()) != 1 || !(expected == found))
      refuse("its checksum is not that of its numbers");
    std::rewind(file_.get());
  }

private:
  [[noreturn]] void refuse(std::string_view why) const {
    fail(ErrorKind::input,
         "{}: this part of a checkpoint is damaged: {}. Remove it: what it held is computed again", path_,
         why);
  }

  std::string path_;
  std::unique_ptr<std::FILE, FileCloser> file_;
};

}  // namespace

void write_number_file(const std::string& path, const std::function<void(compress::NumberSink&)>& write) {
  OutputFile file(path);
  FileSink sink(file);
  write(sink);
  sink.finish();
  file.commit();
}

void read_number_file(const std::string& path, const std::function<void(compress::NumberSource&)>& read) {
  FileSource source(path);
  source.verify();
  read(source);
}

}  // namespace tallfit::io
