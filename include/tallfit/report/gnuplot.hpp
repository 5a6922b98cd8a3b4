/// Pictures drawn by gnuplot.
#pragma once

#include <string>

namespace tallfit::report {

/// One picture as the texts of its files; empty where it could not be drawn.
struct Picture {
  std::string name;  ///< of its files, without ending
  std::string title;
  std::string svg;  ///< begins with "<svg"
  std::string png;
};

/// Size of a picture in pixels.
struct PictureSize {
  int width = 820;
  int height = 540;
};

/// A folder for scripts and pictures, removed with all in it. Local: rank 0 alone draws.
class Gnuplot {
public:
  /// @throws Error{resource} where there is no place for temporary files.
  Gnuplot();
  Gnuplot(const Gnuplot&) = delete;
  Gnuplot& operator=(const Gnuplot&) = delete;
  ~Gnuplot();

  /// Runs a script, once as SVG and once as PNG. @param script  without terminal and output
  Picture draw(const std::string& name, const std::string& title, const std::string& script,
               PictureSize size = {});

  /// Why the last picture could not be drawn, and what to do; empty where all were.
  const std::string& problem() const noexcept { return problem_; }

private:
  std::string folder_;
  std::string problem_;
};

/// A text as gnuplot reads it between double quotes, without marks of its enhanced mode. Local.
std::string gnuplot_text(const std::string& text);

}  // namespace tallfit::report
