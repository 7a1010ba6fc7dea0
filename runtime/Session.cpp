#include "runtime/Session.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace heddle::runtime {

int64_t bytesOf(heddle_type type) {
  switch (type) {
  case HEDDLE_F32:
  case HEDDLE_I32:
    return 4;
  case HEDDLE_BF16:
  case HEDDLE_F16:
    return 2;
  case HEDDLE_I64:
    return 8;
  case HEDDLE_I8:
  case HEDDLE_BOOL:
    return 1;
  }
  return 0;
}

int64_t firstInput(const heddle_program &program, const heddle_entry *entry) {
  int64_t first = 0;
  for (const heddle_entry *e = program.entries; e != entry; ++e)
    first += e->input_count;
  return first;
}

bool countsState(const heddle_program &program, int32_t size) {
  for (int32_t c = 0; c < program.cache_count; ++c)
    if (program.caches[c].is_state && program.caches[c].size == size)
      return true;
  return false;
}

static void destroySession(heddle_session *session) {
  heddle_model *model = session->model;
  if (session->conversation)
    session->closeConversation(session->conversation);
  if (session->drafts)
    session->closeDrafts(session->drafts);
  destroy(session);
  ModelUse::release(model);
}

SessionLock::SessionLock(heddle_session *session)
    : session(session), taken(false) {
  uint32_t idle = 0;
  if (session)
    taken = session->use.compare_exchange_strong(idle, heddle_session::Busy,
                                                 std::memory_order_acquire);
}

SessionLock::~SessionLock() {
  uint32_t busy = heddle_session::Busy;
  if (taken &&
      !session->use.compare_exchange_strong(busy, 0, std::memory_order_acq_rel))
    destroySession(session); // it was closed meanwhile
}

heddle_status SessionLock::check() const {
  if (taken)
    return HEDDLE_OK;
  if (!session)
    return fail(HEDDLE_BAD_ARGUMENT, "the session is NULL: it was not opened");
  return fail(HEDDLE_BAD_ARGUMENT,
              "the session is in use by another call: it runs one at a time");
}

} // namespace heddle::runtime

using namespace heddle::runtime;

/// Buffers begin at cache lines.
static int64_t alignUp(int64_t bytes) { return (bytes + 63) / 64 * 64; }

static heddle_status tooLarge(const heddle_session &session) {
  return fail(HEDDLE_OUT_OF_MEMORY,
              "no address space for a session of %" PRId64
              " rows: open it with fewer rows, tokens or context",
              session.limits.rows);
}

/// Takes `given` if it is from 1 to `most`, and `most` if it is 0.
static heddle_status takeOption(const char *name, int64_t given, int64_t most,
                                int64_t &taken) {
  taken = given ? given : most;
  if (given < 0 || given > most)
    return fail(HEDDLE_BAD_ARGUMENT,
                "session: %s is %" PRId64 ", the model takes 1 to %" PRId64,
                name, given, most);
  return HEDDLE_OK;
}

static heddle_status setLimits(heddle_session &session,
                               const heddle_session_options &options) {
  const heddle_program &program = session.program();
  SizeLimits &limits = session.limits;
  limits.program = &program;
  int64_t mostRows =
      program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
  if (heddle_status status =
          takeOption("rows", options.rows, mostRows, limits.rows))
    return status;

  int64_t mostGiven = 1, mostHeld = 1;
  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    if (size.per < 0)
      continue;
    int64_t &most = size.grows_by >= 0 ? mostHeld : mostGiven;
    most = std::max(most, size.max);
  }
  if (__builtin_mul_overflow(mostGiven, limits.rows, &mostGiven))
    mostGiven = INT64_MAX;
  int64_t tokens, context;
  if (heddle_status status =
          takeOption("tokens", options.tokens, mostGiven, tokens))
    return status;
  if (heddle_status status =
          takeOption("context", options.context, mostHeld, context))
    return status;

  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    int64_t perRow = size.max;
    if (s == program.row_size)
      perRow = limits.rows;
    else if (size.per >= 0)
      perRow = std::min(size.max, size.grows_by >= 0 ? context : tokens);
    limits.perRow[s] = perRow;
    if (__builtin_mul_overflow(perRow, limits.rows, &limits.total[s]))
      return tooLarge(session);
    // A state may have been set row by row, in several calls.
    if (size.grows_by < 0 && !countsState(program, s))
      limits.total[s] = std::min(limits.total[s], tokens);
  }
  return HEDDLE_OK;
}

static heddle_status reserveArena(heddle_session &session) {
  const heddle_program &program = session.program();
  int64_t most = 0;
  for (int32_t e = 0; e < program.entry_count; ++e) {
    int64_t bytes;
    if (!evaluateBound(program.entries[e].arena_bytes, session.limits, bytes))
      return tooLarge(session);
    most = std::max(most, bytes);
  }
  if (!session.arena.reserve(most))
    return tooLarge(session);
  session.arena.useHugePages(); // or not: it is as right without
  return HEDDLE_OK;
}

/// Positions that a row has room for: with a window, those that a call's first
/// query reads besides what the call appends.
static int64_t capacityOf(const heddle_session &session,
                          const heddle_cache &cache) {
  if (cache.size < 0)
    return 1;
  int64_t most = session.limits.perRow[cache.size], ring;
  if (cache.window == 0)
    return most;
  int64_t call =
      session.limits.perRow[session.program().sizes[cache.size].grows_by];
  if (__builtin_add_overflow(cache.window - 1 + HEDDLE_RING_UNIT - 1, call,
                             &ring))
    return most;
  return std::min(most, ring / HEDDLE_RING_UNIT * HEDDLE_RING_UNIT);
}

static heddle_status reserveCaches(heddle_session &session) {
  const heddle_program &program = session.program();
  int64_t total = 0;
  for (int32_t c = 0; c < program.cache_count; ++c) {
    const heddle_cache &cache = program.caches[c];
    heddle_cache_view &view = session.views[c];
    view.capacity = capacityOf(session, cache);
    // Offsets for now; the region is not there yet.
    view.data = reinterpret_cast<uint8_t *>(total);
    int64_t bytes;
    if (__builtin_mul_overflow(view.capacity, cache.position_bytes, &bytes) ||
        __builtin_mul_overflow(bytes, session.limits.rows, &bytes) ||
        __builtin_add_overflow(total, bytes, &total) || total > INT64_MAX - 64)
      return tooLarge(session);
    total = alignUp(total);
  }
  if (!session.cacheMemory.reserve(total))
    return tooLarge(session);
  for (int32_t c = 0; c < program.cache_count; ++c) {
    heddle_cache_view &view = session.views[c];
    view.data =
        session.cacheMemory.data() + reinterpret_cast<intptr_t>(view.data);
    view.rows =
        (program.caches[c].is_state ? session.stateRows : session.cacheRows)
            .data();
  }
  for (int32_t i = 0; i < program.cache_slot_count; ++i)
    session.slots[i] = session.views[program.cache_slots[i]];
  return HEDDLE_OK;
}

static heddle_status reserveDefaults(heddle_session &session) {
  const heddle_program &program = session.program();
  int64_t total = 0, number = 0;
  for (int32_t e = 0; e < program.entry_count; ++e) {
    const heddle_entry &entry = program.entries[e];
    for (int32_t i = 0; i < entry.input_count; ++i, ++number) {
      const heddle_value &input = entry.inputs[i];
      if (!input.has_default)
        continue;
      session.defaultOffsets[number] = total;
      int64_t elements, bytes;
      if (!evaluateBound(input.elements, session.limits, elements) ||
          __builtin_mul_overflow(elements, bytesOf(input.type), &bytes) ||
          __builtin_add_overflow(total, bytes, &total) ||
          total > INT64_MAX - 64)
        return tooLarge(session);
      total = alignUp(total);
    }
  }
  return session.defaultMemory.reserve(total) ? HEDDLE_OK : tooLarge(session);
}

static heddle_status open(heddle_session &session,
                          const heddle_session_options &options) {
  const heddle_program &program = session.program();
  if (heddle_status status = setLimits(session, options))
    return status;
  int64_t rows = session.limits.rows, mostInputs = 0;
  int64_t allInputs =
      firstInput(program, program.entries + program.entry_count);
  for (int32_t e = 0; e < program.entry_count; ++e)
    mostInputs = std::max<int64_t>(mostInputs, program.entries[e].input_count);
  if (!session.views.allocate(program.cache_count) ||
      !session.slots.allocate(program.cache_slot_count) ||
      !session.defaultOffsets.allocate(allInputs) ||
      !session.held.allocate(program.size_count * rows) ||
      !session.written.allocate(program.size_count * rows) ||
      !session.rowSizes.allocate(program.size_count * rows) ||
      !session.extents.allocate(program.monomial_count) ||
      !session.extentRows.allocate(program.monomial_count * (rows + 1)) ||
      !session.resumedAt.allocate(rows) || !session.unread.allocate(rows) ||
      !session.cacheRows.allocate(rows) || !session.stateRows.allocate(rows) ||
      !session.rowMarks.allocate(rows) || !session.inputs.allocate(mostInputs))
    return tooLarge(session);
  std::fill(session.unread.begin(), session.unread.end(), -1);
  if (heddle_status status = reserveArena(session))
    return status;
  if (heddle_status status = reserveCaches(session))
    return status;
  return reserveDefaults(session);
}

heddle_session *heddle_session_open(heddle_model *model,
                                    const heddle_session_options *options) {
  ModelUse use(model);
  if (use.check())
    return nullptr;
  auto *session = create<heddle_session>();
  if (!session) {
    fail(HEDDLE_OUT_OF_MEMORY, "no memory to open a session");
    return nullptr;
  }
  session->model = use.take();
  if (open(*session, options ? *options : heddle_session_options{})) {
    heddle_session_close(session);
    return nullptr;
  }
  return session;
}

void heddle_session_close(heddle_session *session) {
  if (session && session->use.fetch_or(heddle_session::Closed,
                                       std::memory_order_acq_rel) == 0)
    destroySession(session);
}

int64_t heddle_session_length(const heddle_session *session, int64_t row) {
  if (!session)
    return fail(HEDDLE_BAD_ARGUMENT, "the session is NULL: it was not opened"),
           -1;
  if (row < 0 || row >= session->limits.rows)
    return fail(HEDDLE_BAD_ARGUMENT,
                "row is %" PRId64 ", the session has %" PRId64 " rows", row,
                session->limits.rows),
           -1;
  const heddle_program &program = session->program();
  int64_t length = 0;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (program.sizes[s].grows_by >= 0)
      length = std::max(length, session->held[s * session->limits.rows + row]);
  return length;
}
