// Memory that the runtime gets from the system: owned arrays on calloc, lazily
// committed regions, read-only file mappings. None throws; a null pointer or
// false says that the system refused.
#ifndef HEDDLE_RUNTIME_MEMORY_H
#define HEDDLE_RUNTIME_MEMORY_H

#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

namespace heddle::runtime {

/// An owned array of plain values, zero at first, of a size fixed once.
template <typename T> class Array {
  static_assert(std::is_trivially_copyable_v<T>,
                "elements are never constructed");

public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { free(elements); }

  /// False if there is no memory. Call it once.
  [[nodiscard]] bool allocate(int64_t wanted) {
    // At least one element, so that null always means failure.
    elements = static_cast<T *>(calloc(wanted ? wanted : 1, sizeof(T)));
    count = elements ? wanted : 0;
    return elements != nullptr;
  }

  void swap(Array &other) {
    std::swap(elements, other.elements);
    std::swap(count, other.count);
  }

  /// Hands the elements over, to be freed with free().
  T *release() {
    count = 0;
    return std::exchange(elements, nullptr);
  }

  T *data() { return elements; }
  const T *data() const { return elements; }
  int64_t size() const { return count; }
  T *begin() { return elements; }
  T *end() { return elements + count; }
  T &operator[](int64_t index) { return elements[index]; }
  const T &operator[](int64_t index) const { return elements[index]; }

private:
  T *elements = nullptr;
  int64_t count = 0;
};

/// `new T(arguments…)`, or null if there is no memory.
template <typename T, typename... Arguments>
T *create(Arguments &&...arguments) {
  void *memory = nullptr;
  constexpr size_t alignment =
      alignof(T) > sizeof(void *) ? alignof(T) : sizeof(void *);
  if (posix_memalign(&memory, alignment, sizeof(T)))
    return nullptr;
  return new (memory) T(static_cast<Arguments &&>(arguments)...);
}

/// What was created; null is allowed.
template <typename T> void destroy(T *object) {
  if (!object)
    return;
  object->~T();
  free(object);
}

/// Address space that reads as zero and costs memory only where it is touched.
class Region {
public:
  Region() = default;
  Region(const Region &) = delete;
  Region &operator=(const Region &) = delete;
  ~Region();

  /// False if the system has not that much address space. Call it once, or
  /// again after release(). The
  /// start is aligned to a huge page if there is room for one.
  [[nodiscard]] bool reserve(int64_t bytes);
  /// Gives the address space back.
  void release();
  /// Asks for pages of 2 MiB, which cost fewer faults and translations. False
  /// if the system has none.
  bool useHugePages();
  /// Asks for pages from the memory of all processors in turn, so that threads
  /// everywhere reach as much of it as fast. Done where there are several.
  void interleave();
  uint8_t *data() const { return start; }
  int64_t size() const { return bytes; }

private:
  uint8_t *start = nullptr;
  int64_t bytes = 0;
  uint8_t *mapped = nullptr; // what to give back: start is aligned within it
  int64_t mappedBytes = 0;
};

/// A file, or the part of it from `offset` on, mapped read-only and shared with
/// every other process that maps it.
class FileMapping {
public:
  FileMapping() = default;
  FileMapping(const FileMapping &) = delete;
  FileMapping &operator=(const FileMapping &) = delete;
  ~FileMapping();

  /// Maps `length` bytes at `offset`, which must be a multiple of the page
  /// size. False and errno if the system refuses.
  [[nodiscard]] bool map(int file, int64_t offset, int64_t length);
  const uint8_t *data() const { return start; }
  int64_t size() const { return bytes; }

private:
  const uint8_t *start = nullptr;
  int64_t bytes = 0;
};

/// Closes a file descriptor at the end of its scope.
class FileDescriptor {
public:
  explicit FileDescriptor(int number) : number(number) {}
  FileDescriptor(const FileDescriptor &) = delete;
  FileDescriptor &operator=(const FileDescriptor &) = delete;
  ~FileDescriptor();
  int get() const { return number; }

private:
  int number;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MEMORY_H
