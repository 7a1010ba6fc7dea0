// A growable array of plain values on malloc: what runtime/text uses instead of
// std::vector and std::string, because the runtime links into plain C programs,
// without libstdc++.
// A buffer that cannot grow notes trouble (Trouble.h) and stays as it is.
// Shared with the compiler, as the headers that use it are.
#ifndef HEDDLE_RUNTIME_TEXT_BUFFER_H
#define HEDDLE_RUNTIME_TEXT_BUFFER_H

#include "runtime/text/Trouble.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace heddle::text {

template <typename T> class Buffer {
  static_assert(std::is_trivially_copyable_v<T>,
                "elements are moved with memcpy");

public:
  Buffer() = default;
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  Buffer(Buffer &&other)
      : elements(other.elements), count(other.count), room(other.room),
        most(other.most) {
    other.elements = nullptr;
    other.count = other.room = 0;
  }
  Buffer &operator=(Buffer &&other) {
    swap(other);
    return *this;
  }
  ~Buffer() { free(elements); }

  T *data() { return elements; }
  const T *data() const { return elements; }
  size_t size() const { return count; }
  bool empty() const { return count == 0; }
  T *begin() { return elements; }
  T *end() { return elements + count; }
  const T *begin() const { return elements; }
  const T *end() const { return elements + count; }
  T &operator[](size_t index) { return elements[index]; }
  const T &operator[](size_t index) const { return elements[index]; }
  T &back() { return elements[count - 1]; }
  const T &back() const { return elements[count - 1]; }

  void clear() { count = 0; }
  void pop() { --count; }

  /// Holds no more than `elements` from now on: what would not fit is
  /// Trouble::Growth.
  void limit(size_t elements) { most = elements; }

  /// Whether there is room now; if not, trouble is noted.
  bool reserve(size_t wanted) { return wanted <= room || grow(wanted); }

  /// New elements are zero. False, and trouble noted, if there is no room.
  [[nodiscard]] bool resize(size_t wanted) {
    if (!reserve(wanted))
      return false;
    if (wanted > count)
      memset(static_cast<void *>(elements + count), 0,
             (wanted - count) * sizeof(T));
    count = wanted;
    return true;
  }

  /// Keeps the first `kept` elements, which are there.
  void shrink(size_t kept) { count = kept; }

  void push(T value) {
    if (count < room || grow(count + 1))
      elements[count++] = value;
  }

  /// All of them or none.
  void append(const T *values, size_t number) {
    if (number == 0 || !reserve(count + number))
      return;
    memcpy(static_cast<void *>(elements + count), values, number * sizeof(T));
    count += number;
  }

  void swap(Buffer &other) {
    T *theirElements = other.elements;
    size_t theirCount = other.count, theirRoom = other.room;
    size_t theirMost = other.most;
    other.elements = elements, other.count = count, other.room = room;
    other.most = most;
    elements = theirElements, count = theirCount, room = theirRoom;
    most = theirMost;
  }

private:
  bool grow(size_t wanted) {
    if (trouble != Trouble::None)
      return false;
    if (wanted > most)
      return noteTrouble(Trouble::Growth), false;
    size_t grown = room * 2 < 16 ? 16 : room * 2;
    grown = grown < wanted ? wanted : grown > most ? most : grown;
    void *moved = grown > SIZE_MAX / sizeof(T)
                      ? nullptr
                      : realloc(elements, grown * sizeof(T));
    if (!moved)
      return noteTrouble(Trouble::Memory), false;
    elements = static_cast<T *>(moved);
    room = grown;
    return true;
  }

  T *elements = nullptr;
  size_t count = 0, room = 0, most = SIZE_MAX;
};

/// UTF-8 text, or raw bytes.
class Text : public Buffer<char> {
public:
  void append(std::string_view piece) {
    Buffer::append(piece.data(), piece.size());
  }
  std::string_view view() const { return {data(), size()}; }
};

using Ids = Buffer<int32_t>;

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_BUFFER_H
