// Pictures: decoding them, and changing their size as Pillow does.
#ifndef HEDDLE_RUNTIME_MEDIA_IMAGE_H
#define HEDDLE_RUNTIME_MEDIA_IMAGE_H

#include "runtime/Error.h"
#include "runtime/Memory.h"

namespace heddle::runtime::media {

/// Red, green and blue, a byte each; row after row from the top.
struct Image {
  int64_t width = 0, height = 0;
  Array<uint8_t> pixels;

  /// Call it once. Fails for a picture of no or of too many pixels; `path` is
  /// its file.
  heddle_status allocate(const char *path, int64_t width, int64_t height);

  void swap(Image &other) {
    std::swap(width, other.width);
    std::swap(height, other.height);
    pixels.swap(other.pixels);
  }

  uint8_t *row(int64_t y) { return pixels.data() + y * 3 * width; }
  const uint8_t *row(int64_t y) const { return pixels.data() + y * 3 * width; }
};

/// What a file holds that may be a picture.
struct Encoded {
  const char *path;
  const uint8_t *bytes;
  int64_t size;
};

// A picture as Pillow opens it and converts it to RGB: without what is
// transparent, without the file's gamma. `orientation` becomes what EXIF says
// of it, 1 to 8. Each notes the reason of a failure.
heddle_status decodePng(const Encoded &file, Image &image, int &orientation);
heddle_status decodeJpeg(const Encoded &file, Image &image, int &orientation);

/// The orientation in EXIF's data (a TIFF file); 1 where it says none.
int orientationIn(const uint8_t *tiff, int64_t bytes);

/// Reads the file, PNG or JPEG, and turns the picture upright.
heddle_status readImage(const char *path, Image &image);

/// Pillow's filters, numbered as there.
enum Filter { Nearest, Lanczos, Bilinear, Bicubic, Box, Hamming };

/// Gives the picture another size, bit for bit as Pillow's Image.resize.
heddle_status resize(const char *path, Image &image, Filter filter,
                     int64_t width, int64_t height);

} // namespace heddle::runtime::media

#endif // HEDDLE_RUNTIME_MEDIA_IMAGE_H
