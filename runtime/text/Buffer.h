// A growable array of plain values on malloc: what runtime/text uses instead of
// std::vector and std::string, because the runtime links into plain C programs,
// without libstdc++.
//
// Running out of memory ends the process with a message: the buffers here hold
// text and token ids, a few times the size of the prompt, so there is no caller
// that could do anything sensible about it.
#ifndef HEDDLE_RUNTIME_TEXT_BUFFER_H
#define HEDDLE_RUNTIME_TEXT_BUFFER_H

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
      : elements(other.elements), count(other.count), room(other.room) {
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

  void reserve(size_t wanted) {
    if (wanted <= room)
      return;
    size_t grown = room * 2 < 16 ? 16 : room * 2;
    if (grown < wanted)
      grown = wanted;
    void *moved = grown > SIZE_MAX / sizeof(T)
                      ? nullptr
                      : realloc(elements, grown * sizeof(T));
    if (!moved) {
      fputs("error: out of memory\n", stderr);
      abort();
    }
    elements = static_cast<T *>(moved);
    room = grown;
  }

  /// New elements are zero.
  void resize(size_t wanted) {
    reserve(wanted);
    if (wanted > count)
      memset(static_cast<void *>(elements + count), 0,
             (wanted - count) * sizeof(T));
    count = wanted;
  }

  void push(T value) {
    if (count == room)
      reserve(count + 1);
    elements[count++] = value;
  }

  void append(const T *values, size_t number) {
    if (number == 0)
      return;
    reserve(count + number);
    memcpy(static_cast<void *>(elements + count), values, number * sizeof(T));
    count += number;
  }

  void swap(Buffer &other) {
    T *theirElements = other.elements;
    size_t theirCount = other.count, theirRoom = other.room;
    other.elements = elements, other.count = count, other.room = room;
    elements = theirElements, count = theirCount, room = theirRoom;
  }

private:
  T *elements = nullptr;
  size_t count = 0, room = 0;
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
