// One call of one entry: the caller's sizes and pointers are checked, turned
// into a frame, and handed to the generated code.

#include "runtime/Cpu.h"
#include "runtime/Error.h"
#include "runtime/Session.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace heddle::runtime;

static bool hasBit(uint32_t mask, int32_t bit) { return mask >> bit & 1; }

static heddle_status takeRows(heddle_session &session, int64_t rows,
                              const int64_t *sessionRows,
                              const int64_t *stateRows = nullptr) {
  const heddle_program &program = session.program();
  if (program.row_size < 0) {
    if (rows != 1)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "the call has %" PRId64 " rows, the model takes 1", rows);
  } else {
    const heddle_size &size = program.sizes[program.row_size];
    if (rows < size.min || rows > size.max)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "%s is %" PRId64 ", the model takes %" PRId64 " to %" PRId64,
                  size.name, rows, size.min, size.max);
  }
  int64_t sessionSize = session.limits.rows;
  if (rows > sessionSize)
    return fail(HEDDLE_BAD_ARGUMENT,
                "the call has %" PRId64
                " rows, the session was opened for %" PRId64,
                rows, sessionSize);

  ++session.callNumber;
  for (int64_t b = 0; b < rows; ++b) {
    int64_t row = sessionRows ? sessionRows[b] : b;
    if (row < 0 || row >= sessionSize)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "session_rows[%" PRId64 "] is %" PRId64
                  ", the session has rows 0 to %" PRId64,
                  b, row, sessionSize - 1);
    if (session.rowMarks[row] == session.callNumber)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "session_rows names row %" PRId64 " twice", row);
    session.rowMarks[row] = session.callNumber;
    session.cacheRows[b] = row;
    session.stateRows[b] = stateRows ? stateRows[b] : row;
  }
  session.sizes.program = &program;
  session.sizes.rows = rows;
  return HEDDLE_OK;
}

static heddle_status checkRange(const heddle_session &session, int32_t s,
                                int64_t row, int64_t value) {
  const heddle_size &size = session.program().sizes[s];
  char where[32] = "";
  if (size.per >= 0 && session.sizes.rows > 1)
    snprintf(where, sizeof where, " of row %" PRId64, row);
  if (value < size.min || value > size.max)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s%s is %" PRId64 ", the model takes %" PRId64 " to %" PRId64,
                size.name, where, value, size.min, size.max);
  if (size.step > 1 && (value - size.min) % size.step)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s%s is %" PRId64 ", the model takes %" PRId64
                " and more in steps of %" PRId64,
                size.name, where, value, size.min, size.step);
  return HEDDLE_OK;
}

/// A size that the caller gives.
static heddle_status takeGiven(heddle_session &session, int32_t s,
                               const int64_t *values) {
  const heddle_size &size = session.program().sizes[s];
  if (!values)
    return fail(HEDDLE_BAD_ARGUMENT, "the lengths of %s are missing",
                size.name);
  if (size.per < 0) {
    session.sizes.value[s] = values[0];
    std::fill_n(&session.sizeInRow(s, 0), session.sizes.rows, values[0]);
    return checkRange(session, s, 0, values[0]);
  }
  int64_t total = 0;
  for (int64_t b = 0; b < session.sizes.rows; ++b) {
    if (heddle_status status = checkRange(session, s, b, values[b]))
      return status;
    session.sizeInRow(s, b) = values[b];
    total += values[b]; // each at most the maximum of the size
  }
  if (total > session.limits.total[s])
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s is %" PRId64
                " over all rows, the session was opened for %" PRId64 " tokens",
                size.name, total, session.limits.total[s]);
  return HEDDLE_OK;
}

/// A size that counts a state set by an earlier call.
static heddle_status takeHeld(heddle_session &session,
                              const heddle_entry &entry, int32_t s) {
  const heddle_program &program = session.program();
  for (int64_t b = 0; b < session.sizes.rows; ++b) {
    int64_t row = session.stateRows[b];
    session.sizeInRow(s, b) = session.heldBy(s, row);
    if (session.heldBy(s, row) || !hasBit(entry.reads, s))
      continue;
    const char *setter = "an entry that sets it";
    for (int32_t e = 0; e < program.entry_count; ++e)
      if (hasBit(program.entries[e].sets, s))
        setter = program.entries[e].name;
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s reads a state which row %" PRId64
                " does not have yet: call %s first",
                entry.name, row, setter);
  }
  return HEDDLE_OK;
}

/// A size that grows by another one from call to call.
static heddle_status takeGrowing(heddle_session &session,
                                 const heddle_entry &entry, int32_t s) {
  const heddle_size &size = session.program().sizes[s];
  bool grows = hasBit(entry.grows, s);
  for (int64_t b = 0; b < session.sizes.rows; ++b) {
    int64_t row = session.cacheRows[b];
    int64_t added = session.sizeInRow(size.grows_by, b);
    int64_t held = grows ? session.heldBy(s, row) : 0;
    session.sizeInRow(s, b) = held + added;
    if (grows && held + added > session.limits.perRow[s])
      return fail(HEDDLE_CONTEXT_FULL,
                  "row %" PRId64 " holds %" PRId64 " positions, %" PRId64
                  " more do not fit: the session has room for %" PRId64,
                  row, held, added, session.limits.perRow[s]);
  }
  if (size.per >= 0)
    return HEDDLE_OK;
  session.sizes.value[s] = session.sizeInRow(s, 0);
  for (int64_t b = 1; b < session.sizes.rows; ++b)
    if (session.sizeInRow(s, b) != session.sizes.value[s])
      return fail(HEDDLE_BAD_ARGUMENT,
                  "%s is %" PRId64 " in row %" PRId64 " and %" PRId64
                  " in row 0, the model takes rows of equal length",
                  size.name, session.sizeInRow(s, b), b,
                  session.sizes.value[s]);
  return HEDDLE_OK;
}

/// Fills in session.sizes: first the given ones, then those that grow by them.
static heddle_status takeSizes(heddle_session &session,
                               const heddle_entry &entry,
                               const int64_t *const *lengths) {
  const heddle_program &program = session.program();
  uint32_t given = session.model->given(entry);
  int32_t next = 0;
  for (bool growing : {false, true})
    for (int32_t s = 0; s < program.size_count; ++s) {
      const heddle_size &size = program.sizes[s];
      if ((size.grows_by >= 0) != growing)
        continue;
      heddle_status status = HEDDLE_OK;
      if (s == program.row_size)
        session.sizes.value[s] = session.sizes.rows;
      else if (growing)
        status = takeGrowing(session, entry, s);
      else if (hasBit(given, s))
        status = takeGiven(session, s, lengths ? lengths[next++] : nullptr);
      else if (size.per >= 0)
        status = takeHeld(session, entry, s);
      else
        session.sizes.value[s] = size.min; // the entry does not depend on it
      if (status)
        return status;
    }
  for (int32_t s = 0; s < program.size_count; ++s) {
    session.sizes.perRow[s] = nullptr;
    if (program.sizes[s].per < 0)
      continue;
    const int64_t *values = &session.sizeInRow(s, 0);
    session.sizes.perRow[s] = values;
    session.sizes.value[s] =
        *std::max_element(values, values + session.sizes.rows);
  }
  return HEDDLE_OK;
}

static heddle_status tooLarge(const heddle_entry &entry) {
  return fail(HEDDLE_BAD_ARGUMENT, "%s: the sizes of the call are too large",
              entry.name);
}

static heddle_status takeExtents(heddle_session &session,
                                 const heddle_entry &entry) {
  const heddle_program &program = session.program();
  for (int32_t m = 0; m < program.monomial_count; ++m) {
    const heddle_term &monomial = program.monomials[m];
    heddle_extent &extent = session.extents[m];
    if (!isRagged(program, monomial)) {
      extent.rows = nullptr;
      if (!monomialOfRow(monomial, session.sizes, 0, extent.total))
        return tooLarge(entry);
      continue;
    }
    int64_t *rows = &session.extentRows[m * (session.limits.rows + 1)];
    int64_t sum = 0, share;
    for (int64_t b = 0; b < session.sizes.rows; ++b) {
      rows[b] = sum;
      if (!monomialOfRow(monomial, session.sizes, b, share) ||
          __builtin_add_overflow(sum, share, &sum))
        return tooLarge(entry);
    }
    rows[session.sizes.rows] = extent.total = sum;
    extent.rows = rows;
  }
  int64_t arena;
  if (!evaluate(entry.arena_bytes, session.sizes, arena) ||
      arena > session.arena.size())
    return tooLarge(entry);
  return HEDDLE_OK;
}

template <typename T> static void fill(void *to, int64_t count, double value) {
  std::fill_n(static_cast<T *>(to), count, static_cast<T>(value));
}

/// Fills an input that the caller left out. Checked programs have defaults of
/// these types only.
static heddle_status fillDefault(const heddle_value &input, void *to,
                                 int64_t count) {
  switch (input.type) {
  case HEDDLE_F32:
    fill<float>(to, count, input.default_value);
    return HEDDLE_OK;
  case HEDDLE_I32:
    fill<int32_t>(to, count, input.default_value);
    return HEDDLE_OK;
  case HEDDLE_I64:
    fill<int64_t>(to, count, input.default_value);
    return HEDDLE_OK;
  case HEDDLE_I8:
  case HEDDLE_BOOL:
    fill<int8_t>(to, count, input.default_value);
    return HEDDLE_OK;
  case HEDDLE_BF16:
  case HEDDLE_F16:
    break;
  }
  return fail(HEDDLE_NOT_SUPPORTED, "input %s has no default of its type",
              input.name);
}

static heddle_status checkIndices(const heddle_value &input,
                                  const int32_t *indices, int64_t count) {
  auto bound = static_cast<uint32_t>(input.index_bound);
  // The common case without a branch in the loop.
  bool bad = false;
  for (int64_t i = 0; i < count; ++i)
    bad |= static_cast<uint32_t>(indices[i]) >= bound;
  if (!bad)
    return HEDDLE_OK;
  int64_t i = 0;
  while (static_cast<uint32_t>(indices[i]) < bound)
    ++i;
  return fail(HEDDLE_BAD_ARGUMENT,
              "%s[%" PRId64 "] is %" PRId32 ", needed: 0 to %" PRId32,
              input.name, i, indices[i], input.index_bound - 1);
}

static heddle_status takeInputs(heddle_session &session,
                                const heddle_entry &entry,
                                const void *const *inputs) {
  int64_t first = firstInput(session.program(), &entry);
  for (int32_t i = 0; i < entry.input_count; ++i) {
    const heddle_value &input = entry.inputs[i];
    int64_t count;
    if (!evaluate(input.elements, session.sizes, count))
      return tooLarge(entry);
    const void *given = inputs ? inputs[i] : nullptr;
    if (given) {
      session.inputs[i] = const_cast<void *>(given);
      if (input.index_bound > 0)
        if (heddle_status status =
                checkIndices(input, static_cast<const int32_t *>(given), count))
          return status;
      continue;
    }
    if (!input.has_default)
      return fail(HEDDLE_BAD_ARGUMENT, "%s: input %s is missing", entry.name,
                  input.name);
    session.inputs[i] =
        session.defaultMemory.data() + session.defaultOffsets[first + i];
    if (heddle_status status = fillDefault(input, session.inputs[i], count))
      return status;
  }
  return HEDDLE_OK;
}

static heddle_status checkOutputs(const heddle_entry &entry,
                                  void *const *outputs) {
  for (int32_t i = 0; i < entry.output_count; ++i)
    if (!outputs || !outputs[i])
      return fail(HEDDLE_BAD_ARGUMENT, "%s: output %s is missing", entry.name,
                  entry.outputs[i].name);
  return HEDDLE_OK;
}

static heddle_status checkEntry(const heddle_session &session,
                                const heddle_entry *entry) {
  if (entry && session.model->owns(entry))
    return HEDDLE_OK;
  return fail(HEDDLE_BAD_ARGUMENT, "the entry is not one of %s",
              session.program().name);
}

/// Generated code does not look where its stack ends: a frame of hundreds of
/// KiB would step over the guard behind it.
static heddle_status checkStack(const heddle_program &program,
                                const heddle_entry &entry) {
  constexpr int64_t around = 16 << 10; // the code's callers and what it calls
  int64_t left = stackLeft(), needed = program.stack_bytes + around;
  if (left >= needed)
    return HEDDLE_OK;
  return fail(HEDDLE_OUT_OF_MEMORY,
              "%s: the thread has %" PRId64
              " KiB of stack left, needed: %" PRId64,
              entry.name, left >> 10, (needed + 1023) >> 10);
}

static void ignoreSite(heddle_frame *, int32_t) {}

static void markSite(heddle_frame *frame, int32_t site) {
  static_cast<Profile *>(frame->profile)->mark(site);
}

static heddle_status execute(heddle_session &session, const heddle_entry &entry,
                             void *const *outputs) {
  heddle_frame frame = {};
  frame.inputs = session.inputs.data();
  frame.outputs = outputs;
  frame.arena = session.arena.data();
  frame.arena_bytes = session.arena.size();
  frame.weights = session.model->weights.slots();
  frame.caches = session.slots.data();
  frame.extents = session.extents.data();
  frame.sizes = session.sizes.value;
  frame.pool = session.model->pool;
  frame.parallel_for = ThreadPool::parallelFor;
  clearError();
  StandardArithmetic arithmetic;
  Profile *profile = session.model->profile.load(std::memory_order_acquire);
  if (profile && !profile->beginCall(session.program()))
    profile = nullptr;
  frame.profile = profile;
  frame.mark = profile ? markSite : ignoreSite;
  auto status = static_cast<heddle_status>(session.model->run(entry, &frame));
  if (profile)
    profile->endCall(static_cast<int32_t>(&entry - session.program().entries),
                     session.sizes);
  if (status && !*heddle_last_error())
    fail(status, "%s failed", entry.name);
  return status;
}

/// What rings will have lost, whatever becomes of the call.
static void noteWritten(heddle_session &session, const heddle_entry &entry) {
  for (int32_t s = 0; s < session.program().size_count; ++s)
    for (int64_t b = 0; b < session.sizes.rows && hasBit(entry.grows, s); ++b) {
      int64_t &written = session.writtenBy(s, session.cacheRows[b]);
      written = std::max(written, session.sizeInRow(s, b));
    }
}

/// What the session's rows hold after a call.
static void keepLengths(heddle_session &session, const heddle_entry &entry) {
  if (entry.grows)
    for (int64_t b = 0; b < session.sizes.rows; ++b)
      session.unread[session.cacheRows[b]] = -1;
  for (int32_t s = 0; s < session.program().size_count; ++s)
    for (int64_t b = 0; b < session.sizes.rows; ++b) {
      if (hasBit(entry.grows, s))
        session.heldBy(s, session.cacheRows[b]) = session.sizeInRow(s, b);
      if (hasBit(entry.sets, s))
        session.heldBy(s, session.stateRows[b]) = session.sizeInRow(s, b);
    }
}

heddle_status
heddle::runtime::runCall(heddle_session &session, const heddle_entry *entry,
                         int64_t rows, const int64_t *const *lengths,
                         const int64_t *sessionRows, const void *const *inputs,
                         void *const *outputs, const int64_t *stateRows) {
  heddle_status status = checkEntry(session, entry);
  if (!status)
    status = takeRows(session, rows, sessionRows, stateRows);
  if (!status)
    status = takeSizes(session, *entry, lengths);
  if (!status)
    status = takeExtents(session, *entry);
  if (!status)
    status = takeInputs(session, *entry, inputs);
  if (!status)
    status = checkOutputs(*entry, outputs);
  if (!status)
    status = checkStack(session.program(), *entry);
  if (!status)
    noteWritten(session, *entry);
  if (!status)
    status = execute(session, *entry, outputs);
  if (!status)
    keepLengths(session, *entry);
  return status;
}

heddle_status heddle_call(heddle_session *session, const heddle_entry *entry,
                          int64_t rows, const int64_t *const *lengths,
                          const int64_t *session_rows,
                          const void *const *inputs, void *const *outputs) {
  SessionLock lock(session);
  if (heddle_status status = lock.check())
    return status;
  return runCall(*session, entry, rows, lengths, session_rows, inputs, outputs);
}

heddle_status heddle::runtime::takeShape(heddle_session &session,
                                         const heddle_entry *entry,
                                         int64_t rows,
                                         const int64_t *const *lengths,
                                         const int64_t *sessionRows) {
  heddle_status status = checkEntry(session, entry);
  if (!status)
    status = takeRows(session, rows, sessionRows);
  return status ? status : takeSizes(session, *entry, lengths);
}
