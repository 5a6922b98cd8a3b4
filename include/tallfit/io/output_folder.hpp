/// Results that appear under their names only when they are complete.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallfit::io {

/// @throws Error{input} when no file can get the name @p path: it is a folder, or its folder is not writable.
/// For asking before a long computation. Local.
void require_writable_file(const std::string& path);

/// One output file: written beside its place under a hidden name, renamed by commit(), removed otherwise.
/// Local: one process uses it.
class OutputFile {
public:
  /// @throws Error{input} when the folder is missing or not writable.
  explicit OutputFile(const std::string& path);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  /// Where it will be.
  const std::string& path() const noexcept { return path_; }
  /// Where it is now: for writers that open files themselves, such as HDF5, before commit().
  const std::string& partial_path() const noexcept { return partial_; }

  /// Appends. @throws Error{resource} when the disk does not take it all.
  void write(std::string_view text);
  /// Brings the data to the disk and the file to its name. @throws Error{resource}
  void commit();

private:
  friend class OutputFolder;
  struct Closer {
    void operator()(std::FILE* file) const noexcept;
  };
  void flush();

  std::string path_;
  std::string partial_;
  std::unique_ptr<std::FILE, Closer> stream_;
};

/// A folder of results: files are written aside and all renamed together by commit(); without it none
/// appears. Local: one process uses it.
class OutputFolder {
public:
  /// Creates the folder if it is not there. @throws Error{input} naming it when that fails or it is not
  /// writable.
  explicit OutputFolder(const std::string& folder);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  /// Removes what was not committed, and the folders that were made for it.
  ~OutputFolder();

  const std::string& path() const noexcept { return folder_; }
  /// A new file in the folder. The reference is valid until commit().
  /// @throws Error{resource} when it cannot be created, Error{bug} when the name was taken before.
  OutputFile& add(const std::string& name);
  /// add() and write() at once.
  void write(const std::string& name, const std::string& text) { add(name).write(text); }
  /// Brings all files to the disk, under names of their own: what may fail does so here, and commit() has
  /// only to rename. For folders with results of other writers, which are committed in between. @throws
  /// Error{resource}
  void flush();
  /// flush(), then gives all files their names. @throws Error{resource}
  void commit();

private:
  void remove_made() noexcept;

  std::string folder_;
  std::vector<std::string> made_;  ///< folders made by us, outer first, while nothing is committed in them
  std::vector<std::unique_ptr<OutputFile>> files_;
};

}  // namespace tallfit::io
