// NumPy's array files (.npy, versions 1 to 3), as input and output of entries.
#ifndef HEDDLE_RUNTIME_MAIN_NPY_H
#define HEDDLE_RUNTIME_MAIN_NPY_H

#include "runtime/Memory.h"
#include "runtime/abi.h"
#include "runtime/main/NpyHeader.h"

#include <cstdio>

namespace heddle::runtime {

/// An array read from a file, in C order.
class NpyArray {
public:
  /// Reads the file and converts its elements to `type` (HEDDLE_F32,
  /// HEDDLE_I32, HEDDLE_I64, HEDDLE_I8 or HEDDLE_BOOL). Numbers that do not fit
  /// are an error, never rounded or wrapped. More elements than `mostElements`
  /// are refused before they are read. HEDDLE_BAD_FILE notes the reason.
  heddle_status read(const char *path, heddle_type type, int64_t mostElements);

  /// Makes an array of zeros, for what is read from `path`.
  heddle_status create(const char *path, heddle_type type, const int64_t *shape,
                       int32_t rank);

  void *data() { return elements.data(); }
  const void *data() const { return elements.data(); }
  int64_t count() const { return header.count; }
  int32_t rank() const { return header.rank; }
  int64_t dimension(int32_t index) const { return header.shape[index]; }

private:
  heddle_status convert(const char *path, const uint8_t *bytes,
                        heddle_type type);

  NpyHeader header;
  Array<uint8_t> elements;
};

/// The rows of a matrix of f32 in C order, where they lie in a mapped file.
class NpyRows {
public:
  /// Notes the reason of a failure; `width`: numbers that a row has to have.
  heddle_status open(const char *path, int64_t width);

  int64_t count() const { return rows; }
  /// Not aligned.
  const uint8_t *row(int64_t index) const {
    return file.data() + begin + index * rowBytes;
  }

private:
  FileMapping file;
  int64_t begin = 0, rows = 0, rowBytes = 0;
};

/// Whether a file begins as a .npy file does.
bool isNpy(const char *path);

/// Writes an array in C order.
void writeNpy(FILE *file, heddle_type type, const int64_t *shape, int32_t rank,
              const void *data);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_NPY_H
