#include "AllocationHook.h"

#include <cerrno>
#include <cstdlib>
#include <pthread.h>
#include <sys/mman.h>

static thread_local bool armed = false;
static thread_local int64_t failing = 0, seen = 0, live = 0;

/// Counts one allocation; whether it is the one that fails.
static bool fails() { return armed && ++seen == failing; }

FailingAllocation::FailingAllocation(int64_t which) {
  armed = true;
  failing = which;
  seen = 0;
}

FailingAllocation::~FailingAllocation() { armed = false; }

bool FailingAllocation::hasFailed() const {
  return failing > 0 && seen >= failing;
}

int64_t liveAllocations() { return live; }

/// NULL and ENOMEM for a failure; else what `allocate` gives, counted.
template <typename Allocate> static void *counted(Allocate allocate) {
  if (fails()) {
    errno = ENOMEM;
    return nullptr;
  }
  void *block = allocate();
  live += block != nullptr;
  return block;
}

extern "C" {
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
int __real_posix_memalign(void **, size_t, size_t);
void __real_free(void *);
void *__real_mmap(void *, size_t, int, int, int, off_t);
int __real_munmap(void *, size_t);
int __real_pthread_create(pthread_t *, const pthread_attr_t *,
                          void *(*)(void *), void *);

void *__wrap_malloc(size_t bytes) {
  return counted([=] { return __real_malloc(bytes); });
}

void *__wrap_calloc(size_t count, size_t bytes) {
  return counted([=] { return __real_calloc(count, bytes); });
}

void *__wrap_realloc(void *block, size_t bytes) {
  live -= block != nullptr;
  void *moved = counted([=] { return __real_realloc(block, bytes); });
  live += !moved && block; // a failure leaves it where it was
  return moved;
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes) {
  if (fails())
    return ENOMEM;
  int error = __real_posix_memalign(block, alignment, bytes);
  live += !error;
  return error;
}

void __wrap_free(void *block) {
  live -= block != nullptr;
  __real_free(block);
}

void *__wrap_mmap(void *where, size_t bytes, int protection, int flags,
                  int file, off_t offset) {
  void *mapped = counted([=]() -> void * {
    void *result = __real_mmap(where, bytes, protection, flags, file, offset);
    return result == MAP_FAILED ? nullptr : result;
  });
  return mapped ? mapped : MAP_FAILED;
}

int __wrap_munmap(void *where, size_t bytes) {
  int error = __real_munmap(where, bytes);
  live -= !error;
  return error;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*main)(void *), void *argument) {
  return fails() ? EAGAIN
                 : __real_pthread_create(thread, attributes, main, argument);
}
}
