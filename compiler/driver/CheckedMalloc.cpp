//===- CheckedMalloc.cpp - memory is there, or the process ends -----------===//
//
// MLIR puts the interfaces of dialects where malloc says without a look at
// whether it says anything, and the libraries below are not ours to mend. So
// within heddle no allocation comes back empty: these functions take the place
// of the C library's, which they call.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Process.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <dlfcn.h>

using heddle::driver::RunsProgram;
using heddle::driver::stopWithoutMemory;

static std::atomic<bool> mayBeEmpty = false;

RunsProgram::RunsProgram() { mayBeEmpty = true; }
RunsProgram::~RunsProgram() { mayBeEmpty = false; }

// Sanitizers have allocators of their own.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

/// The function of this name in the libraries behind this program.
template <typename Function> static Function *next(const char *name) {
  return reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
}

static void *checked(void *memory, size_t bytes) {
  if (!memory && bytes > 0 && !mayBeEmpty)
    stopWithoutMemory();
  return memory;
}

extern "C" {

void *malloc(size_t bytes) {
  static auto *allocate = next<void *(size_t)>("malloc");
  return checked(allocate(bytes), bytes);
}

void *calloc(size_t count, size_t bytes) {
  static auto *allocate = next<void *(size_t, size_t)>("calloc");
  return checked(allocate(count, bytes), count && bytes);
}

void *realloc(void *old, size_t bytes) {
  static auto *allocate = next<void *(void *, size_t)>("realloc");
  return checked(allocate(old, bytes), bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  static auto *allocate = next<void *(size_t, size_t)>("aligned_alloc");
  return checked(allocate(alignment, bytes), bytes);
}

int posix_memalign(void **to, size_t alignment, size_t bytes) {
  static auto *allocate = next<int(void **, size_t, size_t)>("posix_memalign");
  int code = allocate(to, alignment, bytes);
  if (code == ENOMEM && !mayBeEmpty)
    stopWithoutMemory();
  return code;
}

} // extern "C"

#endif
