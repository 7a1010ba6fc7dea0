#include "runtime/main/InputFiles.h"
#include "runtime/Error.h"
#include "runtime/RegularFile.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <strings.h>
#include <sys/stat.h>

namespace heddle::runtime {

InputFiles::~InputFiles() {
  for (char *path : owned)
    free(path);
}

static heddle_status noMemory(const char *path) {
  return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
}

heddle_status InputFiles::add(const char *path) {
  struct stat about;
  if (!stat(path, &about) && S_ISDIR(about.st_mode))
    return addFolder(path);
  if (!paths.reserve(paths.size() + 1))
    return noMemory(path);
  paths.push(path);
  return HEDDLE_OK;
}

static int isMedia(const dirent *file) {
  const char *ending = strrchr(file->d_name, '.');
  if (!ending || ending == file->d_name)
    return 0;
  return !strcasecmp(ending, ".png") || !strcasecmp(ending, ".jpg") ||
         !strcasecmp(ending, ".jpeg") || !strcasecmp(ending, ".wav");
}

heddle_status InputFiles::addFolder(const char *path) {
  dirent **names = nullptr;
  int count = scandir(path, &names, isMedia, alphasort);
  if (count < 0)
    return fail(errno == ENOMEM ? HEDDLE_OUT_OF_MEMORY : HEDDLE_BAD_FILE,
                "%s: %s", path, strerror(errno));
  bool complete = paths.reserve(paths.size() + count) &&
                  owned.reserve(owned.size() + count);
  for (int i = 0; i < count; ++i) {
    char *file = nullptr;
    if (complete && asprintf(&file, "%s/%s", path, names[i]->d_name) >= 0) {
      owned.push(file);
      paths.push(file);
    } else {
      complete = false;
    }
    free(names[i]);
  }
  free(names);
  if (!complete)
    return noMemory(path);
  return count
             ? HEDDLE_OK
             : fail(HEDDLE_BAD_FILE,
                    "%s: is a folder without .png, .jpg and .wav files", path);
}

/// The number that a dimension is; 0 if it is known when the program runs.
static int64_t constantOf(const heddle_polynomial &dimension) {
  if (dimension.count != 1)
    return 0;
  for (int8_t power : dimension.terms[0].power)
    if (power)
      return 0;
  return dimension.terms[0].numerator / dimension.terms[0].denominator;
}

namespace {

/// What was read from one file.
struct Reading : heddle_reading {
  Reading() : heddle_reading{} {}
  Reading(const Reading &) = delete;
  Reading &operator=(const Reading &) = delete;
  ~Reading() { free(elements); }

  int64_t count() const {
    int64_t count = 1;
    for (int32_t d = 0; d < rank; ++d)
      count *= shape[d];
    return count;
  }
};

/// `3 x 224 x 224`.
struct ShapeText {
  char text[80];

  explicit ShapeText(const heddle_reading &reading) {
    int length = 0;
    for (int32_t d = 0; d < reading.rank; ++d)
      length += snprintf(text + length, sizeof text - length, "%s%" PRId64,
                         d ? " x " : "", reading.shape[d]);
  }
};

} // namespace

/// One file is one row, or all of an input that has none.
static heddle_status checkFits(const char *path, const heddle_value &input,
                               const Reading &reading) {
  int32_t skipped = input.rank - reading.rank;
  bool fits = skipped == 0 || skipped == 1;
  for (int32_t d = 0; d < reading.rank && fits; ++d) {
    int64_t needed = constantOf(input.dims[skipped + d]);
    if (needed && needed != reading.shape[d])
      return fail(HEDDLE_BAD_FILE,
                  "%s: becomes %s, needed: %" PRId64 " in place of %" PRId64
                  " for %s[%s]",
                  path, ShapeText(reading).text, needed, reading.shape[d],
                  input.name, input.axes);
  }
  return fits ? HEDDLE_OK
              : fail(HEDDLE_NOT_SUPPORTED, "%s: becomes %s, needed: %s[%s]",
                     path, ShapeText(reading).text, input.name, input.axes);
}

/// For `rows` files like the first.
static heddle_status makeArray(const char *path, const heddle_value &input,
                               const Reading &first, int64_t rows,
                               int64_t mostElements, NpyArray &array) {
  bool hasRows = input.rank > first.rank;
  int64_t most = hasRows ? mostElements / first.count() : 1;
  if (rows > most)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s: found %" PRId64 " files, needed: at most %" PRId64
                " in one call",
                input.name, rows, most);
  int64_t shape[4] = {rows};
  memcpy(shape + hasRows, first.shape, sizeof first.shape);
  return array.create(path, HEDDLE_F32, shape, input.rank);
}

heddle_status InputFiles::readEach(heddle_reader reader, const void *steps,
                                   const heddle_value &input,
                                   int64_t mostElements,
                                   NpyArray &array) const {
  auto rows = static_cast<int64_t>(paths.size());
  for (int64_t row = 0; row < rows; ++row) {
    Reading reading;
    if (heddle_status status = reader(paths[row], steps, &reading))
      return status;
    if (heddle_status status = checkFits(paths[row], input, reading))
      return status;
    if (row == 0)
      if (heddle_status status =
              makeArray(paths[0], input, reading, rows, mostElements, array))
        return status;
    int64_t count = reading.count();
    for (int32_t d = 0; d < reading.rank; ++d)
      if (reading.shape[d] != array.dimension(input.rank - reading.rank + d))
        return fail(HEDDLE_BAD_FILE,
                    "%s: becomes %s, needed: the shape of %s for the same call",
                    paths[row], ShapeText(reading).text, paths[0]);
    memcpy(static_cast<float *>(array.data()) + row * count, reading.elements,
           count * sizeof(float));
  }
  return HEDDLE_OK;
}

heddle_status InputFiles::read(const heddle_program &program,
                               const heddle_value &input, int64_t mostElements,
                               NpyArray &array) const {
  bool isMedia = input.content != HEDDLE_NUMBERS;
  if (paths.size() == 1 && (!isMedia || isNpy(paths[0])))
    return array.read(paths[0], input.type, mostElements);
  bool isImage = input.content == HEDDLE_IMAGE;
  heddle_reader reader = isImage ? program.read_image : program.read_audio;
  if (!reader)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s takes one .npy file: the model was compiled without a "
                "preprocessor_config.json that says what becomes of %s",
                input.name, isImage ? "pictures" : "sound");
  const void *steps = program.audio_steps;
  return readEach(reader, isImage ? program.image_steps : steps, input,
                  mostElements, array);
}

} // namespace heddle::runtime
