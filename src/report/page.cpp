#include "tallfit/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tallfit/base/version.hpp"
#include "tallfit/report/markup.hpp"

namespace tallfit::report {

namespace {

constexpr const char* style = R"(
body { font-family: sans-serif; color: #1a1a1a; background: white; max-width: 62em; margin: 1.5em auto; padding: 0 1em; line-height: 1.45; }
h1 { font-size: 1.6em; } h2 { font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid #ccc; } h3 { font-size: 1.05em; }
table { border-collapse: collapse; margin: 0.8em 0; font-size: 0.92em; display: block; overflow-x: auto; }
th, td { padding: 0.25em 0.7em; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
th { border-bottom: 2px solid #888; }
figure { margin: 1em 0; } figure svg { max-width: 100%; height: auto; } figcaption { color: #444; font-size: 0.92em; }
)";

bool is_number(const std::string& text) {
  return !text.empty() && (std::isdigit(static_cast<unsigned char>(text.front())) != 0 ||
                           ((text.front() == '-' || text.front() == '+') && text.size() > 1));
}

/// Whether a picture of unknown origin only draws: what could fetch or run something is left out whole.
bool only_draws(const std::string& svg) {
  std::string lower(svg.size(), ' ');
  std::transform(svg.begin(), svg.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* mark : {"<script", "<image", "<foreignobject", "href=\"http", "href='http", "@import",
                           "url(http", " onload", " onclick"})
    if (lower.find(mark) != std::string::npos) return false;
  return lower.rfind("<svg", 0) == 0;
}

}  // namespace

Page::Page(const std::string& title) : title_(title) {}

Page& Page::heading(const std::string& text) {
  body_ += fmt::format("<h2>{}</h2>\n", markup_text(text));
  return *this;
}

Page& Page::subheading(const std::string& text) {
  body_ += fmt::format("<h3>{}</h3>\n", markup_text(text));
  return *this;
}

Page& Page::paragraph(const std::string& text) {
  body_ += fmt::format("<p>{}</p>\n", markup_text(text));
  return *this;
}

Page& Page::table(const PageTable& table) {
  body_ += "<table>\n<tr>";
  for (const std::string& name : table.head) body_ += fmt::format("<th>{}</th>", markup_text(name));
  body_ += "</tr>\n";
  for (const auto& line : table.lines) {
    body_ += "<tr>";
    for (const std::string& field : line)
      body_ += fmt::format("<td{}>{}</td>", is_number(field) ? " class=\"n\"" : "", markup_text(field));
    body_ += "</tr>\n";
  }
  body_ += "</table>\n";
  return *this;
}

Page& Page::picture(const Picture& picture) {
  if (!picture.svg.empty()) svg(picture.svg, picture.title);
  return *this;
}

Page& Page::svg(const std::string& text, const std::string& caption) {
  const auto begin = text.find("<svg");
  const std::string drawing = begin == std::string::npos ? std::string() : text.substr(begin);
  if (!only_draws(drawing)) return paragraph(caption + ": left out, for it does not only draw.");
  body_ +=
      fmt::format("<figure>\n{}\n<figcaption>{}</figcaption>\n</figure>\n", drawing, markup_text(caption));
  return *this;
}

std::string Page::text() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</"
      "h1>\n"
      "{2}<p>Written by tallfit {3}.</p>\n</body>\n</html>\n",
      markup_text(title_), style, body_, markup_text(version()));
}

}  // namespace tallfit::report
