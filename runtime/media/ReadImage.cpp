// From a picture's file to the numbers that a model reads, by the steps of its
// checkpoint's preprocessor_config.json.

#include "runtime/abi.h"
#include "runtime/media/Image.h"

#include <algorithm>

namespace heddle::runtime::media {

/// The size that the picture gets first.
static void sizeOf(const heddle_image_steps &steps, const Image &image,
                   int64_t &width, int64_t &height) {
  width = image.width, height = image.height;
  if (steps.resize == HEDDLE_RESIZE_TO_SIZE)
    width = steps.width, height = steps.height;
  if (steps.resize != HEDDLE_RESIZE_SHORTER_EDGE)
    return;
  // Whole numbers, as there: what is behind the point is cut off.
  int64_t &shorter = width <= height ? width : height;
  int64_t &longer = width <= height ? height : width;
  longer = static_cast<int64_t>(static_cast<double>(steps.width * longer) /
                                static_cast<double>(shorter));
  shorter = steps.width;
}

/// What each value of a byte becomes.
static void tabulate(const heddle_image_steps &steps, int colour,
                     float (&values)[256]) {
  for (int byte = 0; byte < 256; ++byte) {
    auto scaled = static_cast<float>(byte * steps.scale);
    values[byte] = (scaled - steps.mean[colour]) / steps.deviation[colour];
  }
}

/// The picture's middle, with black around it where it is too small; plane by
/// plane.
static void takeNumbers(const heddle_image_steps &steps, const Image &image,
                        int64_t width, int64_t height, float *to) {
  // Down, for negative numbers as well.
  int64_t left = (image.width - width) >> 1, top = (image.height - height) >> 1;
  int64_t begin = std::max(-left, int64_t{0});
  int64_t end = std::min(image.width - left, width);
  for (int colour = 0; colour < 3; ++colour) {
    float values[256];
    tabulate(steps, colour, values);
    for (int64_t y = 0; y < height; ++y, to += width) {
      std::fill(to, to + width, values[0]);
      if (y + top < 0 || y + top >= image.height)
        continue;
      const uint8_t *row = image.row(y + top) + colour;
      for (int64_t x = begin; x < end; ++x)
        to[x] = values[row[3 * (x + left)]];
    }
  }
}

static heddle_status read(const char *path, const heddle_image_steps &steps,
                          heddle_reading &reading) {
  Image image;
  if (heddle_status status = readImage(path, image))
    return status;
  int64_t width, height;
  sizeOf(steps, image, width, height);
  if (heddle_status status =
          resize(path, image, static_cast<Filter>(steps.filter), width, height))
    return status;
  if (steps.crop_width)
    width = steps.crop_width, height = steps.crop_height;
  Array<float> numbers;
  if (!numbers.allocate(3 * width * height))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  takeNumbers(steps, image, width, height, numbers.data());
  reading = {3, {3, height, width}, numbers.release()};
  return HEDDLE_OK;
}

} // namespace heddle::runtime::media

heddle_status heddle_read_image(const char *path, const void *steps,
                                heddle_reading *reading) {
  return heddle::runtime::media::read(
      path, *static_cast<const heddle_image_steps *>(steps), *reading);
}
