// How much a call would write, before it is made.

#include "runtime/Error.h"
#include "runtime/Session.h"

#include <cinttypes>

using namespace heddle::runtime;

static heddle_status tooLarge(const heddle_entry &entry) {
  return fail(HEDDLE_BAD_ARGUMENT, "%s: the sizes of the call are too large",
              entry.name);
}

static heddle_status checkOutput(const heddle_entry &entry, int32_t output) {
  if (output >= 0 && output < entry.output_count)
    return HEDDLE_OK;
  return fail(HEDDLE_BAD_ARGUMENT, "%s has %d outputs, not number %d",
              entry.name, entry.output_count, output);
}

int64_t heddle_output_elements(heddle_session *session,
                               const heddle_entry *entry, int64_t rows,
                               const int64_t *const *lengths,
                               const int64_t *session_rows, int32_t output) {
  SessionLock lock(session);
  if (lock.check() || takeShape(*session, entry, rows, lengths, session_rows) ||
      checkOutput(*entry, output))
    return -1;
  int64_t elements;
  if (!evaluate(entry->outputs[output].elements, session->sizes, elements))
    return tooLarge(*entry), -1;
  return elements;
}

heddle_status heddle_output_shape(heddle_session *session,
                                  const heddle_entry *entry, int64_t rows,
                                  const int64_t *const *lengths,
                                  const int64_t *session_rows, int32_t output,
                                  int64_t row, int64_t *shape) {
  SessionLock lock(session);
  heddle_status status = lock.check();
  if (!status)
    status = takeShape(*session, entry, rows, lengths, session_rows);
  if (!status)
    status = checkOutput(*entry, output);
  if (status)
    return status;
  if (row < 0 || row >= rows)
    return fail(HEDDLE_BAD_ARGUMENT,
                "row is %" PRId64 ", the call has %" PRId64 " rows", row, rows);
  if (!shape)
    return fail(HEDDLE_BAD_ARGUMENT, "shape is NULL, needed: a place for it");
  const heddle_value &value = entry->outputs[output];
  for (int32_t d = 0; d < value.rank; ++d)
    if (!evaluateRow(value.dims[d], session->sizes, row, shape[d]))
      return tooLarge(*entry);
  return HEDDLE_OK;
}
