/// From the text of a key to its member of Config, and back.
#pragma once

#include <string>

#include "tallfit/app/config_keys.hpp"
#include "tallfit/io/toml_document.hpp"

namespace tallfit::app {

/// Stores the value of @p entry in the member that @p key is bound to.
///
/// Whole numbers may be written as 1e6; a list may be one item, or on the command line items joined by
/// commas.
/// @throws Error{input} that names place, key and value and says what is expected, for a wrong type, a word
/// that
///         is not among the choices, a number outside the rule, NaN and infinity.
void assign(const Key& key, const io::TomlEntry& entry);

/// What a value of this key must be: `a number >= 0`, `"auto" or "tall"`, `a list of integers >= 1`.
std::string expectation(const Key& key);

/// The value as TOML: `1e-06`, `"auto"`, `["group", "fold"]`.
std::string value_text(const Key& key);

}  // namespace tallfit::app
