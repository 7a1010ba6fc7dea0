// Why a function of the C interface failed: one line for each host thread.
#ifndef HEDDLE_RUNTIME_ERROR_H
#define HEDDLE_RUNTIME_ERROR_H

#include "runtime/heddle.h"

namespace heddle::runtime {

/// Notes the message for heddle_last_error() and returns `status`, so that a
/// refusal reads `return fail(HEDDLE_BAD_ARGUMENT, "…", …)`. Lower case, no
/// full stop, what was found and what was needed. Overlong messages are cut.
[[gnu::format(printf, 2, 3)]] heddle_status fail(heddle_status status,
                                                 const char *format, ...);

/// Clears the message, so that a later reader can tell whether one was given.
void clearError();

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_ERROR_H
