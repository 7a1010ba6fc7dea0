//===- Bounds.cpp - what code with checks of its bounds calls -------------===//

#include "runtime/abi.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

/// Memory beyond a buffer is a mistake of the compiler: nothing of the call can
/// be trusted any more.
void heddle_check_bounds(int64_t index, int64_t length, const char *where) {
  if (static_cast<uint64_t>(index) < static_cast<uint64_t>(length))
    return;
  fprintf(stderr,
          "error: %s: index %" PRId64 " is outside of %" PRId64 " elements\n",
          where, index, length);
  abort();
}
