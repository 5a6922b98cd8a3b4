#include "tallfit/report/gnuplot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tallfit/base/error.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace tallfit::report {

namespace {

std::string whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Runs gnuplot on a script in a folder. @return its exit status; 127 where it is not installed
int run_gnuplot(const std::string& script, const std::string& said) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::string program = "gnuplot";
  std::string argument = script;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  // No fork of our own: a copy of a process of MPI must not run its code.
  const int error = posix_spawnp(&child, "gnuplot", &files, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return 127;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

/// From the first tag on: a picture within a page has no prologue of its own.
std::string without_prologue(const std::string& svg) {
  const auto begin = svg.find("<svg");
  return begin == std::string::npos ? std::string() : svg.substr(begin);
}

}  // namespace

Gnuplot::Gnuplot() {
  std::string folder = (std::filesystem::temp_directory_path() / "tallfit_gnuplot_XXXXXX").string();
  require(::mkdtemp(folder.data()) != nullptr, ErrorKind::resource,
          "no folder {} can be made for pictures: {}. Set TMPDIR to a folder with space", folder,
          std::strerror(errno));
  folder_ = folder;
}

Gnuplot::~Gnuplot() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Picture Gnuplot::draw(const std::string& name, const std::string& title, const std::string& script,
                      PictureSize size) {
  const std::string place = folder_ + "/" + name;
  {
    std::ofstream file(place + ".gp");
    file
        << "set encoding utf8\n"
        << fmt::format(
               "set terminal svg size {0},{1} dynamic font 'sans-serif,15' linewidth 1.2 background 'white'\n"
               "set output '{2}.svg'\n{3}\nunset output\nreset\n"
               "set terminal pngcairo size {0},{1} font 'sans,12' linewidth 1.2 background 'white'\n"
               "set output '{2}.png'\n{3}\nunset output\n",
               size.width, size.height, place, script);
  }
  const int status = run_gnuplot(place + ".gp", place + ".txt");
  Picture picture{.name = name, .title = title, .svg = {}, .png = {}};
  if (status == 127) {
    problem_ =
        "gnuplot was not found, so pictures are left out. Install it (Debian: gnuplot-nox) and run the "
        "report "
        "again";
    return picture;
  }
  picture.svg = without_prologue(whole_file(place + ".svg"));
  picture.png = whole_file(place + ".png");
  if (status != 0 || picture.svg.empty() || picture.png.empty()) {
    problem_ =
        fmt::format("gnuplot could not draw '{}' (status {}): {}", name, status, whole_file(place + ".txt"));
    picture.svg.clear();
    picture.png.clear();
  }
  return picture;
}

std::string gnuplot_text(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '`') continue;
    if (std::strchr("_^@&{}~", c) != nullptr) safe += "\\\\";
    safe += c;
  }
  return safe;
}

}  // namespace tallfit::report
