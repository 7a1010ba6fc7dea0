// PNG, decoded by libpng.

#include "runtime/media/Image.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <png.h>

namespace heddle::runtime::media {

namespace {

/// libpng's state, which outlives its way out of a fault, a long jump.
struct Decoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const uint8_t *at;
  int64_t left;
  char fault[96] = "";

  Decoder(const Encoded &file) : at(file.bytes), left(file.size) {}
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

} // namespace

[[noreturn]] static void onFault(png_structp png, const char *message) {
  auto *decoder = static_cast<Decoder *>(png_get_error_ptr(png));
  snprintf(decoder->fault, sizeof decoder->fault, "%s", message);
  png_longjmp(png, 1);
}

static void onWarning(png_structp, const char *) {}

static void takeBytes(png_structp png, uint8_t *to, size_t wanted) {
  auto *decoder = static_cast<Decoder *>(png_get_io_ptr(png));
  if (static_cast<int64_t>(wanted) > decoder->left)
    png_error(png, "it is cut off");
  memcpy(to, decoder->at, wanted);
  decoder->at += wanted, decoder->left -= static_cast<int64_t>(wanted);
}

/// Whatever the file has becomes RGB, 8 bits each. Of 16 bits Pillow keeps the
/// upper ones.
static void askForRgb(png_structp png, png_infop info) {
  int type = png_get_color_type(png, info),
      depth = png_get_bit_depth(png, info);
  png_set_strip_16(png);
  if (type == PNG_COLOR_TYPE_PALETTE)
    png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY && depth < 8)
    png_set_expand_gray_1_2_4_to_8(png);
  if (!(type & PNG_COLOR_MASK_COLOR))
    png_set_gray_to_rgb(png);
  png_set_strip_alpha(png);
}

/// False after a long jump, which skips no destructor: there are none here.
static bool readHeader(Decoder &decoder) {
  if (setjmp(png_jmpbuf(decoder.png)))
    return false;
  png_set_read_fn(decoder.png, &decoder, takeBytes);
  png_read_info(decoder.png, decoder.info);
  return true;
}

static bool readPixels(Decoder &decoder, Image &image, int &orientation) {
  png_structp png = decoder.png;
  if (setjmp(png_jmpbuf(png)))
    return false;
  askForRgb(png, decoder.info);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, decoder.info);
  if (static_cast<int64_t>(png_get_rowbytes(png, decoder.info)) !=
      3 * image.width)
    png_error(png, "its rows have an odd length");
  for (int pass = 0; pass < passes; ++pass)
    for (int64_t y = 0; y < image.height; ++y)
      png_read_row(png, image.row(y), nullptr);
  png_read_end(png, decoder.info);
  png_uint_32 bytes;
  png_bytep exif;
  if (png_get_eXIf_1(png, decoder.info, &bytes, &exif))
    orientation = orientationIn(exif, bytes);
  return true;
}

static heddle_status damaged(const Encoded &file, const Decoder &decoder) {
  if (strstr(decoder.fault, "memory")) // libpng has no number for it
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", file.path);
  return fail(HEDDLE_BAD_FILE, "%s: not a proper .png file: %s", file.path,
              decoder.fault);
}

heddle_status decodePng(const Encoded &file, Image &image, int &orientation) {
  Decoder decoder(file);
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, onFault,
                                       onWarning);
  decoder.info = decoder.png ? png_create_info_struct(decoder.png) : nullptr;
  if (!decoder.info)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", file.path);
  if (!readHeader(decoder))
    return damaged(file, decoder);
  if (png_get_color_type(decoder.png, decoder.info) == PNG_COLOR_TYPE_GRAY &&
      png_get_bit_depth(decoder.png, decoder.info) == 16)
    return fail(HEDDLE_BAD_FILE,
                "%s: has 16 bits of grey a pixel, needed: 8 at most",
                file.path);
  if (heddle_status status = image.allocate(
          file.path, png_get_image_width(decoder.png, decoder.info),
          png_get_image_height(decoder.png, decoder.info)))
    return status;
  return readPixels(decoder, image, orientation) ? HEDDLE_OK
                                                 : damaged(file, decoder);
}

} // namespace heddle::runtime::media
