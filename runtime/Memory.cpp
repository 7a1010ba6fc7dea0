#include "runtime/Memory.h"

#include <sys/mman.h>
#include <unistd.h>

namespace heddle::runtime {

Region::~Region() {
  if (start)
    munmap(start, bytes);
}

bool Region::reserve(int64_t wanted) {
  // mmap refuses a length of zero.
  int64_t length = wanted > 0 ? wanted : 1;
  void *where = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (where == MAP_FAILED)
    return false;
  start = static_cast<uint8_t *>(where);
  bytes = length;
  return true;
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
