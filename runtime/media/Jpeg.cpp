// JPEG, decoded by libjpeg.

#include "runtime/media/Image.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>

#include <jerror.h>

namespace heddle::runtime::media {

namespace {

/// libjpeg's state, which outlives its way out of a fault, a long jump.
struct Decoder {
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  jmp_buf fault;
  char message[JMSG_LENGTH_MAX] = "";
  Array<uint8_t> inks; // a row of cyan, magenta, yellow and black

  ~Decoder() { jpeg_destroy_decompress(&jpeg); }
};

} // namespace

static Decoder &decoderOf(j_common_ptr jpeg) {
  return *static_cast<Decoder *>(jpeg->client_data);
}

[[noreturn]] static void onFault(j_common_ptr jpeg) {
  Decoder &decoder = decoderOf(jpeg);
  jpeg->err->format_message(jpeg, decoder.message);
  longjmp(decoder.fault, 1);
}

/// libjpeg would make up what is missing. Bytes that mean nothing it skips, and
/// so does Pillow.
static void onWarning(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF) {
    snprintf(decoderOf(jpeg).message, JMSG_LENGTH_MAX, "it is cut off");
    longjmp(decoderOf(jpeg).fault, 1);
  }
}

/// A small file may ask for any number of passes over a large picture.
static void onProgress(j_common_ptr jpeg) {
  constexpr int mostScans = 500;
  Decoder &decoder = decoderOf(jpeg);
  if (decoder.jpeg.input_scan_number > mostScans) {
    snprintf(decoder.message, JMSG_LENGTH_MAX, "it has more than %d scans",
             mostScans);
    longjmp(decoder.fault, 1);
  }
}

/// The first EXIF marker's orientation.
static int orientationOf(const jpeg_decompress_struct &jpeg) {
  constexpr char name[] = "Exif\0"; // and the zero behind it
  for (auto *marker = jpeg.marker_list; marker; marker = marker->next)
    if (marker->data_length > sizeof name &&
        !memcmp(marker->data, name, sizeof name))
      return orientationIn(marker->data + sizeof name,
                           marker->data_length - sizeof name);
  return 1;
}

/// False after a long jump, which skips no destructor: there are none here.
static bool readHeader(Decoder &decoder, const Encoded &file) {
  jpeg_decompress_struct &jpeg = decoder.jpeg;
  jpeg.err = jpeg_std_error(&decoder.errors);
  jpeg.client_data = &decoder;
  decoder.errors.error_exit = onFault;
  decoder.errors.emit_message = onWarning;
  decoder.progress.progress_monitor = onProgress;
  if (setjmp(decoder.fault))
    return false;
  jpeg_create_decompress(&jpeg);
  jpeg.client_data = &decoder;
  jpeg.progress = &decoder.progress;
  jpeg_mem_src(&jpeg, file.bytes, static_cast<unsigned long>(file.size));
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&jpeg, /*require_image=*/TRUE);
  return true;
}

/// As Pillow: inks are stored the other way round, and each lets so much of the
/// light through that black has left.
static void mixInks(const uint8_t *inks, int64_t width, uint8_t *rgb) {
  for (int64_t x = 0; x < width; ++x)
    for (int colour = 0; colour < 3; ++colour) {
      int light = inks[4 * x + 3], ink = 255 - inks[4 * x + colour];
      int product = ink * light + 128;
      int taken = ((product >> 8) + product) >> 8; // ink * light / 255
      rgb[3 * x + colour] = static_cast<uint8_t>(light - taken);
    }
}

static bool readPixels(Decoder &decoder, Image &image) {
  jpeg_decompress_struct &jpeg = decoder.jpeg;
  if (setjmp(decoder.fault))
    return false;
  bool hasInks = jpeg.num_components == 4;
  jpeg.out_color_space = hasInks ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  for (int64_t y = 0; y < image.height; ++y) {
    JSAMPROW row = hasInks ? decoder.inks.data() : image.row(y);
    jpeg_read_scanlines(&jpeg, &row, 1);
    if (hasInks)
      mixInks(row, image.width, image.row(y));
  }
  return true;
}

static heddle_status damaged(const Encoded &file, const Decoder &decoder) {
  if (decoder.errors.msg_code == JERR_OUT_OF_MEMORY)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", file.path);
  return fail(HEDDLE_BAD_FILE, "%s: not a proper .jpg file: %s", file.path,
              decoder.message);
}

heddle_status decodeJpeg(const Encoded &file, Image &image, int &orientation) {
  Decoder decoder;
  if (!readHeader(decoder, file))
    return damaged(file, decoder);
  if (heddle_status status = image.allocate(file.path, decoder.jpeg.image_width,
                                            decoder.jpeg.image_height))
    return status;
  if (!decoder.inks.allocate(4 * image.width))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", file.path);
  orientation = orientationOf(decoder.jpeg);
  return readPixels(decoder, image) ? HEDDLE_OK : damaged(file, decoder);
}

} // namespace heddle::runtime::media
