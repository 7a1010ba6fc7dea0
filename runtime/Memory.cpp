#include "runtime/Memory.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::runtime {

static constexpr int64_t hugePage = 2 << 20;

Region::~Region() { release(); }

void Region::release() {
  if (mapped)
    munmap(mapped, mappedBytes);
  start = mapped = nullptr;
  bytes = mappedBytes = 0;
}

bool Region::reserve(int64_t wanted) {
  // mmap refuses a length of zero.
  bytes = wanted > 0 ? wanted : 1;
  int64_t slack = bytes >= hugePage ? hugePage : 0;
  if (__builtin_add_overflow(bytes, slack, &mappedBytes))
    return false;
  void *where = mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (where == MAP_FAILED)
    return false;
  start = mapped = static_cast<uint8_t *>(where);
  if (slack)
    start += -reinterpret_cast<uintptr_t>(mapped) % hugePage;
  return true;
}

bool Region::useHugePages() { return !madvise(start, bytes, MADV_HUGEPAGE); }

void Region::interleave() {
  // The system takes of these what it has; where it has one, or knows nothing
  // of them, it is as right without.
  unsigned long nodes = ~0ul;
  syscall(SYS_mbind, start, bytes, MPOL_INTERLEAVE, &nodes,
          8 * sizeof nodes + 1, 0);
}

FileMapping::~FileMapping() {
  if (start)
    munmap(const_cast<uint8_t *>(start), bytes);
}

bool FileMapping::map(int file, int64_t offset, int64_t length) {
  void *where = mmap(nullptr, length, PROT_READ, MAP_SHARED, file, offset);
  if (where == MAP_FAILED)
    return false;
  start = static_cast<const uint8_t *>(where);
  bytes = length;
  return true;
}

FileDescriptor::~FileDescriptor() {
  if (number >= 0)
    close(number);
}

} // namespace heddle::runtime
