// Stockham's Fourier transform with factors 4, 5, 3 and 2: each step takes one
// factor r off the rest n = r m, for the s products of the factors before it:
//
//   y[r p + k][q] = sum over j of x[m j + p][q] w(s k (p + m j))
//
// for p < m, k < r, q < s, with w(i) = exp(-2 pi i / (n s)). In the end y is in
// order.

#include "runtime/media/Sound.h"

#include <cmath>
#include <cstring>

namespace heddle::runtime::media {

bool FourierTransform::prepare(int64_t wanted) {
  size = wanted;
  if (!cosines.allocate(size) || !sines.allocate(size) ||
      !buffers.allocate(4 * size * lanes))
    return false;
  for (int64_t i = 0; i < size; ++i) {
    double angle =
        -2 * M_PI * static_cast<double>(i) / static_cast<double>(size);
    cosines[i] = std::cos(angle), sines[i] = std::sin(angle);
  }
  return true;
}

/// From the first pair of buffers to the second, and back.
template <int radix> void FourierTransform::step(int64_t rest, int64_t done) {
  int64_t m = rest / radix, width = done * lanes;
  const double *fromReal = real(), *fromImaginary = imaginary();
  double *toReal = buffers.data() + 2 * size * lanes;
  double *toImaginary = toReal + size * lanes;
  for (int64_t p = 0; p < m; ++p)
    for (int64_t k = 0; k < radix; ++k) {
      double c[radix], s[radix];
      for (int j = 0; j < radix; ++j) {
        int64_t turn = done * k * (p + m * j) % size;
        c[j] = cosines[turn], s[j] = sines[turn];
      }
      double *outReal = toReal + (radix * p + k) * width;
      double *outImaginary = toImaginary + (radix * p + k) * width;
      for (int64_t q = 0; q < width; ++q) {
        double sumReal = 0, sumImaginary = 0;
        for (int j = 0; j < radix; ++j) {
          double re = fromReal[(m * j + p) * width + q];
          double im = fromImaginary[(m * j + p) * width + q];
          sumReal += re * c[j] - im * s[j];
          sumImaginary += re * s[j] + im * c[j];
        }
        outReal[q] = sumReal, outImaginary[q] = sumImaginary;
      }
    }
  memcpy(buffers.data(), toReal, 2 * size * lanes * sizeof(double));
}

void FourierTransform::run() {
  for (int64_t rest = size, done = 1; rest > 1;) {
    int64_t radix = rest % 4 == 0   ? 4
                    : rest % 5 == 0 ? 5
                    : rest % 3 == 0 ? 3
                                    : 2;
    radix == 4   ? step<4>(rest, done)
    : radix == 5 ? step<5>(rest, done)
    : radix == 3 ? step<3>(rest, done)
                 : step<2>(rest, done);
    rest /= radix, done *= radix;
  }
}

} // namespace heddle::runtime::media
