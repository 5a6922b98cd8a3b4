/// Text within HTML and SVG.
#pragma once

#include <string>

namespace tallfit::report {

/// Text with the marks of HTML and SVG escaped. Local.
std::string markup_text(const std::string& text);

}  // namespace tallfit::report
