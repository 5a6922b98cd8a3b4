/// The one exception of the program, and the check that throws it.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace tallfit {

/// Who is to blame; the value is the exit code of the program.
enum class ErrorKind : int {
  bug = 1,        ///< ours: please report
  input = 2,      ///< the user's data, configuration or command line
  numerical = 3,  ///< no answer of the promised quality exists or was found
  resource = 4,   ///< not enough memory, disk or time
  stopped = 75    ///< a signal asked to stop, and a checkpoint was written
};

/// Where in our sources an error was raised; printed for bugs only.
struct Location {
  const char* file = "";
  int line = 0;
};

/// A failure with its kind. The message says what is wrong, where, and what to do.
class Error : public std::runtime_error {
public:
  Error(ErrorKind kind, const std::string& message, Location where = {})
      : std::runtime_error(message), kind_(kind), where_(where) {}

  /// An error that every rank of the communicator throws alike, so that each may unwind on its own.
  static Error collective(ErrorKind kind, const std::string& message, Location where = {}) {
    Error error(kind, message, where);
    error.collective_ = true;
    return error;
  }

  ErrorKind kind() const noexcept { return kind_; }
  Location where() const noexcept { return where_; }
  bool is_collective() const noexcept { return collective_; }

private:
  ErrorKind kind_;
  Location where_;
  bool collective_ = false;
};

/// A format string that remembers where it was written.
template <class... Args>
struct LocatedFormat {
  fmt::format_string<Args...> text;
  Location where;
  template <class S>
  consteval LocatedFormat(const S& s, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : text(s), where{file, line} {}
};

/// Throws Error{kind} with the formatted message unless @p ok. Local: in collective code use
/// comm::all_or_none.
template <class... Args>
void require(bool ok, ErrorKind kind, LocatedFormat<std::type_identity_t<Args>...> message, Args&&... args) {
  if (!ok) [[unlikely]]
    throw Error(kind, fmt::format(message.text, std::forward<Args>(args)...), message.where);
}

/// Throws Error{kind} with the formatted message.
template <class... Args>
[[noreturn]] void fail(ErrorKind kind, LocatedFormat<std::type_identity_t<Args>...> message, Args&&... args) {
  throw Error(kind, fmt::format(message.text, std::forward<Args>(args)...), message.where);
}

}  // namespace tallfit
