// NumPy's array files (.npy, versions 1 to 3), as input and output of entries.
#ifndef HEDDLE_RUNTIME_MAIN_NPY_H
#define HEDDLE_RUNTIME_MAIN_NPY_H

#include "runtime/Memory.h"
#include "runtime/abi.h"

#include <cstdio>

namespace heddle::runtime {

constexpr int32_t mostDimensions = 16;

/// An array read from a file, in C order.
class NpyArray {
public:
  /// Reads the file and converts its elements to `type` (HEDDLE_F32,
  /// HEDDLE_I32, HEDDLE_I64, HEDDLE_I8 or HEDDLE_BOOL). Numbers that do not fit
  /// are an error, never rounded or wrapped. HEDDLE_BAD_FILE notes the reason.
  heddle_status read(const char *path, heddle_type type);

  const void *data() const { return elements.data(); }
  int64_t count() const { return elementCount; }
  int32_t rank() const { return dimensions; }
  int64_t dimension(int32_t index) const { return shape[index]; }

private:
  heddle_status parseHeader(const char *path, const char *header,
                            int64_t length);
  heddle_status convert(const char *path, const uint8_t *bytes,
                        heddle_type type);

  char element[8] = ""; // as in the file: "<f4"
  int32_t dimensions = 0;
  int64_t shape[mostDimensions] = {};
  int64_t elementCount = 0;
  Array<uint8_t> elements;
};

/// Writes an array in C order.
void writeNpy(FILE *file, heddle_type type, const int64_t *shape, int32_t rank,
              const void *data);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_NPY_H
