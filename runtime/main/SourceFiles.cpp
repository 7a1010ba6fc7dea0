#include "runtime/main/SourceFiles.h"
#include "runtime/Error.h"
#include "runtime/Memory.h"

#include <cinttypes>

namespace heddle::runtime {

void SourceFiles::clear() {
  for (NpyArray *array : arrays)
    destroy(array);
  arrays.clear();
  numbers.clear();
}

heddle_status SourceFiles::readOne(const char *path) {
  auto *array = create<NpyArray>();
  if (!array || !arrays.reserve(arrays.size() + 1) ||
      !numbers.reserve(numbers.size() + 1)) {
    destroy(array);
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  }
  arrays.push(array);
  // Of one row: B does not multiply what it counts.
  int64_t most = 1;
  for (int32_t d = 1; d < input.rank; ++d)
    most *= input.dims[d].terms[0].numerator;
  InputFiles files;
  if (heddle_status status = files.add(path))
    return status;
  if (heddle_status status = files.read(program, input, most, *array))
    return status;
  if (array->count() != most)
    return fail(HEDDLE_BAD_FILE,
                "%s: has %" PRId64 " elements, needed: %" PRId64
                " for a row of %s[%s]",
                path, array->count(), most, input.name, input.axes);
  numbers.push(static_cast<const float *>(array->data()));
  return HEDDLE_OK;
}

heddle_status SourceFiles::read(const char *const *paths, int64_t count) {
  clear();
  for (int64_t i = 0; i < count; ++i)
    if (heddle_status status = readOne(paths[i]))
      return status;
  return HEDDLE_OK;
}

} // namespace heddle::runtime
