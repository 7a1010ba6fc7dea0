// From the bytes of a file to an upright picture.

#include "runtime/media/Image.h"
#include "runtime/RegularFile.h"

#include <cinttypes>
#include <cstring>
#include <utility>

namespace heddle::runtime::media {

/// As Pillow, which takes larger ones for an attack.
static constexpr int64_t mostPixels = 178956970;
static constexpr int64_t mostFileBytes = int64_t{1} << 30;

heddle_status Image::allocate(const char *path, int64_t wide, int64_t high) {
  if (wide < 1 || high < 1 || wide > mostPixels || high > mostPixels ||
      wide * high > mostPixels)
    return fail(HEDDLE_BAD_FILE,
                "%s: has %" PRId64 " x %" PRId64
                " pixels, needed: 1 to %" PRId64 " in all",
                path, wide, high, mostPixels);
  width = wide, height = high;
  if (!pixels.allocate(3 * width * height))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  return HEDDLE_OK;
}

namespace {

/// A TIFF file: numbers in the order of bytes that its first two name.
class Tiff {
public:
  Tiff(const uint8_t *bytes, int64_t size)
      : bytes(bytes), size(size),
        bigEnds(size >= 2 && bytes[0] == 'M' && bytes[1] == 'M') {}

  bool isOne() const {
    return size >= 8 && (bigEnds || (bytes[0] == 'I' && bytes[1] == 'I')) &&
           number(2, 2) == 42;
  }

  /// An unsigned number of 2 or 4 bytes; 0 where the file has ended.
  int64_t number(int64_t at, int count) const {
    if (at < 0 || at > size - count)
      return 0;
    int64_t value = 0;
    for (int i = 0; i < count; ++i)
      value = value << 8 | bytes[at + (bigEnds ? i : count - 1 - i)];
    return value;
  }

private:
  const uint8_t *bytes;
  int64_t size;
  bool bigEnds;
};

} // namespace

int orientationIn(const uint8_t *tiff, int64_t bytes) {
  constexpr int64_t orientationTag = 0x112, shortType = 3, entryBytes = 12;
  Tiff file(tiff, bytes);
  if (!file.isOne())
    return 1;
  int64_t directory = file.number(4, 4), entries = file.number(directory, 2);
  for (int64_t i = 0; i < entries; ++i) {
    int64_t entry = directory + 2 + i * entryBytes;
    if (file.number(entry, 2) != orientationTag)
      continue;
    int width = file.number(entry + 2, 2) == shortType ? 2 : 4;
    int64_t value = file.number(entry + 8, width);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

/// The picture of which a camera says that it was held in another way.
static heddle_status turnUpright(const char *path, const Image &from,
                                 int orientation, Image &to) {
  bool transposed = orientation >= 5;
  bool fromRight = orientation == 2 || orientation == 3 || orientation >= 7;
  bool fromBottom = orientation == 3 || orientation == 4 || orientation == 6 ||
                    orientation == 7;
  if (heddle_status status =
          to.allocate(path, transposed ? from.height : from.width,
                      transposed ? from.width : from.height))
    return status;
  for (int64_t y = 0; y < to.height; ++y)
    for (int64_t x = 0; x < to.width; ++x) {
      int64_t fromX = transposed ? y : x, fromY = transposed ? x : y;
      if (fromRight)
        fromX = from.width - 1 - fromX;
      if (fromBottom)
        fromY = from.height - 1 - fromY;
      memcpy(to.row(y) + 3 * x, from.row(fromY) + 3 * fromX, 3);
    }
  return HEDDLE_OK;
}

heddle_status readImage(const char *path, Image &image) {
  constexpr uint8_t png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xff, 0xd8, 0xff};
  constexpr const char *needed = "a .png, .jpg or .npy file";
  RegularFile file(path);
  if (heddle_status status = file.check(needed))
    return status;
  Array<uint8_t> bytes;
  if (heddle_status status = file.readAll(mostFileBytes, bytes))
    return status;
  auto begins = [&](const auto &magic) {
    return bytes.size() >= static_cast<int64_t>(sizeof magic) &&
           !memcmp(bytes.data(), magic, sizeof magic);
  };
  if (!begins(png) && !begins(jpeg))
    return fail(HEDDLE_BAD_FILE, "%s: does not begin as a picture, needed: %s",
                path, needed);
  auto decode = begins(png) ? decodePng : decodeJpeg;
  int orientation = 1;
  Image stored;
  if (heddle_status status =
          decode({path, bytes.data(), bytes.size()}, stored, orientation))
    return status;
  if (orientation != 1)
    return turnUpright(path, stored, orientation, image);
  image.swap(stored);
  return HEDDLE_OK;
}

} // namespace heddle::runtime::media
