#include "runtime/Error.h"

#include <cstdarg>
#include <cstdio>

static thread_local char lastError[1024];

namespace heddle::runtime {

heddle_status fail(heddle_status status, const char *format, ...) {
  // A message may quote the previous one, so it is composed apart.
  char message[sizeof lastError];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  snprintf(lastError, sizeof lastError, "%s", message);
  return status;
}

void clearError() { lastError[0] = '\0'; }

} // namespace heddle::runtime

const char *heddle_last_error(void) { return lastError; }
