/// One HTML page that needs nothing but itself.
#pragma once

#include <string>
#include <vector>

#include "tallfit/report/gnuplot.hpp"

namespace tallfit::report {

/// A table of texts; numbers are set to the right.
struct PageTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> lines;
};

/// A page that grows from top to bottom. All texts are escaped; pictures stand in it as SVG. Local.
class Page {
public:
  explicit Page(const std::string& title);

  Page& heading(const std::string& text);
  Page& subheading(const std::string& text);
  Page& paragraph(const std::string& text);
  Page& table(const PageTable& table);
  /// Its title below it; nothing where it could not be drawn.
  Page& picture(const Picture& picture);
  /// A file's SVG, without what could fetch or run anything. @param caption  below it
  Page& svg(const std::string& text, const std::string& caption);

  /// The page as a file's text.
  std::string text() const;

private:
  std::string title_;
  std::string body_;
};

}  // namespace tallfit::report
