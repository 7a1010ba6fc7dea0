// Pillow's resampling (libImaging/Resample.c). An output pixel is a weighted
// mean of those below it, over as many of them as it covers:
//
//   out[x] = sum over i of w((i - c + 1/2) / s) in[i] / sum over i of w(...)
//   c = (x + 1/2) in / out       s = max(1, in / out)
//
// in whole numbers: weights have 22 bits behind the point, and each of the two
// passes, along rows and down columns, rounds to 8 bits.

#include "runtime/media/Image.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime::media {

static constexpr int fractionBits = 22;

namespace {

struct Kernel {
  double support; // beyond which the weight is zero
  double (*weight)(double x);
};

/// The inputs of an output: `count` of them from `first` on.
struct Window {
  int64_t first, count;
};

/// The windows of one pass, and their weights.
class Weights {
public:
  /// False if there is no memory.
  bool prepare(Filter filter, int64_t in, int64_t out);

  const Window &window(int64_t x) const { return windows[x]; }
  const int32_t *weights(int64_t x) const { return all.data() + x * most; }

private:
  void prepareNearest(int64_t in, int64_t out);
  void prepareWindow(const Kernel &kernel, int64_t in, double center,
                     double stretch, int64_t x, double *scratch);

  Array<Window> windows;
  Array<int32_t> all;
  int64_t most = 1; // of a window
};

} // namespace

static double sinc(double x) {
  return x == 0 ? 1 : std::sin(x * M_PI) / (x * M_PI);
}

static constexpr Kernel kernels[] = {
    /*Nearest*/ {0, nullptr},
    /*Lanczos*/
    {3, [](double x) { return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0; }},
    /*Bilinear*/ {1, [](double x) { return std::max(0.0, 1 - std::abs(x)); }},
    /*Bicubic*/
    {2,
     [](double x) {
       constexpr double a = -0.5;
       x = std::abs(x);
       return x < 1   ? ((a + 2) * x - (a + 3)) * x * x + 1
              : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
                      : 0;
     }},
    /*Box*/ {0.5, [](double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }},
    /*Hamming*/ {1, [](double x) {
                   x = std::abs(x);
                   return x < 1 ? sinc(x) * (0.54 + 0.46 * std::cos(x * M_PI))
                                : 0;
                 }}};

void Weights::prepareNearest(int64_t in, int64_t out) {
  // A sum, as there: its last bits count where the quotient is whole.
  double step = static_cast<double>(in) / static_cast<double>(out);
  double at = step * 0.5;
  for (int64_t x = 0; x < out; ++x, at += step) {
    windows[x] = {std::min(static_cast<int64_t>(at), in - 1), 1};
    all[x] = 1 << fractionBits;
  }
}

void Weights::prepareWindow(const Kernel &kernel, int64_t in, double center,
                            double stretch, int64_t x, double *scratch) {
  double support = kernel.support * stretch;
  int64_t first =
      std::max(static_cast<int64_t>(center - support + 0.5), int64_t{0});
  int64_t end = std::min(static_cast<int64_t>(center + support + 0.5), in);
  double sum = 0, shrink = 1 / stretch;
  for (int64_t i = 0; i < end - first; ++i) {
    scratch[i] =
        kernel.weight((static_cast<double>(i + first) - center + 0.5) * shrink);
    sum += scratch[i];
  }
  windows[x] = {first, end - first};
  for (int64_t i = 0; i < end - first; ++i) {
    double weight = sum != 0 ? scratch[i] / sum : scratch[i];
    all[x * most + i] = static_cast<int32_t>(weight * (1 << fractionBits) +
                                             (weight < 0 ? -0.5 : 0.5));
  }
}

bool Weights::prepare(Filter filter, int64_t in, int64_t out) {
  const Kernel &kernel = kernels[filter];
  double scale = static_cast<double>(in) / static_cast<double>(out);
  double stretch = std::max(scale, 1.0);
  most = static_cast<int64_t>(std::ceil(kernel.support * stretch)) * 2 + 1;
  Array<double> scratch;
  if (!windows.allocate(out) || !all.allocate(out * most) ||
      !scratch.allocate(most))
    return false;
  if (filter == Nearest) {
    prepareNearest(in, out);
    return true;
  }
  for (int64_t x = 0; x < out; ++x)
    prepareWindow(kernel, in, (static_cast<double>(x) + 0.5) * scale, stretch,
                  x, scratch.data());
  return true;
}

static uint8_t roundToByte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> fractionBits, 0, 255));
}

static void resizeRow(const Weights &weights, const uint8_t *from,
                      int64_t width, uint8_t *to) {
  constexpr int32_t half = 1 << (fractionBits - 1);
  for (int64_t x = 0; x < width; ++x) {
    const Window &window = weights.window(x);
    const int32_t *weight = weights.weights(x);
    const uint8_t *in = from + 3 * window.first;
    int32_t red = half, green = half, blue = half;
    for (int64_t i = 0; i < window.count; ++i, in += 3) {
      red += weight[i] * in[0];
      green += weight[i] * in[1];
      blue += weight[i] * in[2];
    }
    to[3 * x] = roundToByte(red);
    to[3 * x + 1] = roundToByte(green);
    to[3 * x + 2] = roundToByte(blue);
  }
}

/// One row of the result: `sums` has an element a byte of it.
static void mixRows(const Window &window, const int32_t *weight,
                    const Image &from, int32_t *sums, uint8_t *to) {
  int64_t bytes = 3 * from.width;
  std::fill(sums, sums + bytes, 1 << (fractionBits - 1));
  for (int64_t i = 0; i < window.count; ++i) {
    const uint8_t *in = from.row(window.first + i);
    for (int64_t x = 0; x < bytes; ++x)
      sums[x] += weight[i] * in[x];
  }
  for (int64_t x = 0; x < bytes; ++x)
    to[x] = roundToByte(sums[x]);
}

static heddle_status noMemory(const char *path) {
  return fail(HEDDLE_OUT_OF_MEMORY, "no memory to resize %s", path);
}

static heddle_status changeWidth(const char *path, const Image &from,
                                 Filter filter, int64_t width, Image &to) {
  Weights weights;
  if (!weights.prepare(filter, from.width, width))
    return noMemory(path);
  if (heddle_status status = to.allocate(path, width, from.height))
    return status;
  for (int64_t y = 0; y < to.height; ++y)
    resizeRow(weights, from.row(y), width, to.row(y));
  return HEDDLE_OK;
}

static heddle_status changeHeight(const char *path, const Image &from,
                                  Filter filter, int64_t height, Image &to) {
  Weights weights;
  Array<int32_t> sums;
  if (!weights.prepare(filter, from.height, height) ||
      !sums.allocate(3 * from.width))
    return noMemory(path);
  if (heddle_status status = to.allocate(path, from.width, height))
    return status;
  for (int64_t y = 0; y < height; ++y)
    mixRows(weights.window(y), weights.weights(y), from, sums.data(),
            to.row(y));
  return HEDDLE_OK;
}

/// Along rows first, unless the height falls by more than twice what the width
/// does: Pillow's rule since its version 13.
heddle_status resize(const char *path, Image &image, Filter filter,
                     int64_t width, int64_t height) {
  int64_t fall = image.height - height;
  bool rowsFirst = fall <= 0 || fall <= 2 * (image.width - width);
  for (bool alongRows : {rowsFirst, !rowsFirst}) {
    if (alongRows ? image.width == width : image.height == height)
      continue;
    Image changed;
    if (heddle_status status =
            alongRows ? changeWidth(path, image, filter, width, changed)
                      : changeHeight(path, image, filter, height, changed))
      return status;
    image.swap(changed);
  }
  return HEDDLE_OK;
}

} // namespace heddle::runtime::media
