// What is done to the positions that rows of a session hold: forgotten, copied.
//
// A cache with a window keeps a ring. Position p lies there until position
// p + capacity is written, even if that has been forgotten since. So a row goes
// on only where the ring still has the window before.

#include "runtime/Error.h"
#include "runtime/Session.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace heddle::runtime;

/// Carried values (of a recurrence) have no positions: only their beginning,
/// zero, can be returned to.
static heddle_status rewindCarried(heddle_session &session, int64_t row,
                                   int64_t length, int64_t held) {
  const heddle_program &program = session.program();
  for (int32_t c = 0; c < program.cache_count; ++c) {
    const heddle_cache &cache = program.caches[c];
    if (cache.size >= 0 || cache.is_state)
      continue;
    if (length > 0 && length < held)
      return fail(HEDDLE_NOT_SUPPORTED,
                  "row %" PRId64 " carries %s from step to step: it can be "
                  "rewound to 0 only, not to %" PRId64,
                  row, cache.path, length);
    if (length == 0)
      memset(session.views[c].data + row * cache.position_bytes, 0,
             cache.position_bytes);
  }
  return HEDDLE_OK;
}

/// The least length, but 0, at which a row can go on with cache `c`.
static int64_t leastLength(heddle_session &session, int32_t c, int64_t row) {
  const heddle_cache &cache = session.program().caches[c];
  int64_t kept = session.views[c].capacity,
          written = cache.window ? session.writtenBy(cache.size, row) : 0;
  int64_t least = written <= kept ? 0 : written - kept + cache.window - 1;
  return std::max(least, cache.window ? session.resumedAt[row] : 0);
}

bool heddle::runtime::goesOnAt(heddle_session &session, int64_t row,
                               int64_t length) {
  bool all = true;
  for (int32_t c = 0; c < session.program().cache_count; ++c)
    all &= length == 0 || length >= leastLength(session, c, row);
  return all;
}

static heddle_status checkRings(heddle_session &session, int64_t row,
                                int64_t length) {
  const heddle_program &program = session.program();
  for (int32_t c = 0; c < program.cache_count && length; ++c)
    if (int64_t least = leastLength(session, c, row); length < least)
      return fail(HEDDLE_NOT_SUPPORTED,
                  "row %" PRId64 " keeps no more of %s than a window needs: it "
                  "can be rewound to 0, or to %" PRId64
                  " and more, not to %" PRId64,
                  row, program.caches[c].path, least, length);
  return HEDDLE_OK;
}

heddle_status heddle::runtime::rewindRow(heddle_session &session, int64_t row,
                                         int64_t length) {
  int64_t held = heddle_session_length(&session, row);
  if (held < 0)
    return HEDDLE_BAD_ARGUMENT;
  if (length < 0 || length > held)
    return fail(HEDDLE_BAD_ARGUMENT,
                "row %" PRId64 " holds %" PRId64
                " positions, it cannot be rewound to %" PRId64,
                row, held, length);
  if (heddle_status status = checkRings(session, row, length))
    return status;
  if (heddle_status status = rewindCarried(session, row, length, held))
    return status;
  session.unread[row] = -1;
  session.resumedAt[row] = length ? session.resumedAt[row] : 0;
  const heddle_program &program = session.program();
  for (int32_t s = 0; s < program.size_count; ++s) {
    if (program.sizes[s].grows_by < 0)
      continue;
    session.heldBy(s, row) = std::min(session.heldBy(s, row), length);
    if (length == 0)
      session.writtenBy(s, row) = 0;
  }
  return HEDDLE_OK;
}

/// The first position that cache `c` still has of what a row holds.
static int64_t firstKept(heddle_session &session, int32_t c, int64_t row) {
  const heddle_cache &cache = session.program().caches[c];
  if (!cache.window)
    return 0;
  return std::max<int64_t>(
      session.writtenBy(cache.size, row) - session.views[c].capacity, 0);
}

void heddle::runtime::copyRow(heddle_session &session, int64_t from, int64_t to,
                              int64_t common, int64_t most) {
  const heddle_program &program = session.program();
  for (int32_t c = 0; c < program.cache_count; ++c) {
    const heddle_cache &cache = program.caches[c];
    if (cache.is_state)
      continue;
    int64_t first = 0, end = 1;
    if (cache.size >= 0) {
      first = std::max(common, firstKept(session, c, from));
      end = std::min(session.heldBy(cache.size, from), most);
    }
    forPieces(session, c, first, end, [&](uint8_t *at, int64_t bytes) {
      int64_t rowBytes = session.views[c].capacity * cache.position_bytes;
      memcpy(at + to * rowBytes, at + from * rowBytes, bytes);
    });
  }
  for (int32_t s = 0; s < program.size_count; ++s) {
    if (program.sizes[s].grows_by < 0)
      continue;
    session.heldBy(s, to) = std::min(session.heldBy(s, from), most);
    int64_t before = common ? session.writtenBy(s, to) : 0;
    session.writtenBy(s, to) = std::max(session.writtenBy(s, from), before);
  }
  session.resumedAt[to] =
      std::max(session.resumedAt[from], common ? session.resumedAt[to] : 0);
  session.unread[to] = session.unread[from];
}

heddle_status heddle_session_rewind(heddle_session *session, int64_t row,
                                    int64_t length) {
  SessionLock lock(session);
  if (heddle_status status = lock.check())
    return status;
  return rewindRow(*session, row, length);
}
