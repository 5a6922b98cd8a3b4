/// Errors on which all ranks agree before any of them throws.
#pragma once

#include <functional>

#include "tallfit/base/error.hpp"
#include "tallfit/comm/communicator.hpp"

namespace tallfit::comm {

/// Runs @p local_work, which must not communicate, and throws on every rank, or on none.
///
/// If it threw on some ranks, all ranks throw Error::collective with the kind and message of the lowest such
/// rank. std::bad_alloc counts as ErrorKind::resource, any other exception as ErrorKind::bug.
/// Cost: one Allreduce of an int; after a failure one broadcast of the message.
/// @collective over comm
void all_or_none(const Communicator& comm, const std::function<void()>& local_work);

/// Throws the same collective error on every rank unless @p ok. The caller answers for @p ok being the same
/// on all ranks (options, shapes); builds with assertions verify it with one Allreduce.
template <class... Args>
void require_replicated(const Communicator& comm, bool ok, ErrorKind kind,
                        LocatedFormat<std::type_identity_t<Args>...> message, Args&&... args);

namespace detail {
void assert_replicated([[maybe_unused]] const Communicator& comm, [[maybe_unused]] bool ok);
}

template <class... Args>
void require_replicated(const Communicator& comm, bool ok, ErrorKind kind,
                        LocatedFormat<std::type_identity_t<Args>...> message, Args&&... args) {
  detail::assert_replicated(comm, ok);
  if (!ok) [[unlikely]]
    throw Error::collective(kind, fmt::format(message.text, std::forward<Args>(args)...), message.where);
}

}  // namespace tallfit::comm
