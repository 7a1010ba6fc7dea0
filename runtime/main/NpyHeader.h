// What stands before the elements of a .npy file.
#ifndef HEDDLE_RUNTIME_MAIN_NPYHEADER_H
#define HEDDLE_RUNTIME_MAIN_NPYHEADER_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heddle::runtime {

constexpr int32_t mostDimensions = 16;

struct NpyHeader {
  char element[8] = ""; ///< "<f4"
  bool fortranOrder = false;
  int32_t rank = 0;
  int64_t shape[mostDimensions] = {};
  int64_t count = 1; ///< of elements

  /// Bytes of an element; 0 if its type says none.
  int64_t elementBytes() const;

  /// Reads a Python dictionary of just descr, fortran_order and shape:
  ///   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
  /// Returns what is wrong with it, or nullptr.
  const char *parse(std::string_view text);
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_NPYHEADER_H
