//===- ImageOpsTest.cpp - kernel.windows and depthwise, by their formulas -===//

#include "Jit.h"
#include "TargetTest.h"
#include <algorithm>
#include <cmath>

using namespace heddle::test;

namespace {

constexpr float untouched = -77;

/// Windows along one axis.
struct Axis {
  int64_t size, window, stride = 1, pad = 0, dilation = 1;

  int64_t places() const {
    return (size + 2 * pad - dilation * (window - 1) - 1) / stride + 1;
  }
  int64_t at(int64_t place, int64_t offset) const {
    return place * stride + offset * dilation - pad;
  }
  bool has(int64_t at) const { return at >= 0 && at < size; }
};

std::string both(int64_t lines, int64_t columns) {
  return "[" + std::to_string(lines) + ", " + std::to_string(columns) + "]";
}

std::string geometry(const Axis &lines, const Axis &columns) {
  return "stride " + both(lines.stride, columns.stride) + " pad " +
         both(lines.pad, columns.pad) + " dilation " +
         both(lines.dilation, columns.dilation);
}

class ImageOpsTest : public testing::TestWithParam<std::string> {
protected:
  void expectWindows(Axis lines, Axis columns);
  void expectDepthwise(Axis lines, Axis columns);
};

void ImageOpsTest::expectWindows(Axis lines, Axis columns) {
  constexpr int64_t channels = 2, panelColumns = 32;
  int64_t rows = channels * lines.window * columns.window;
  std::string image = "memref<2x?x?xf32>",
              panel = "memref<1x" + std::to_string(rows) + "x32xf32>";
  auto program = Program::compile(
      "func.func @f(%x: " + image +
          ", %first: index, %lines: index, %columns: index, %y: " + panel +
          ") attributes {llvm.emit_c_interface} {\n" +
          "kernel.windows %x at %first of %lines, %columns into %y window " +
          both(lines.window, columns.window) + " " + geometry(lines, columns) +
          " : " + image + " into " + panel + "\nreturn\n}\n",
      GetParam());
  auto function =
      reinterpret_cast<void (*)(Buffer<3> *, int64_t, int64_t, int64_t,
                                Buffer<3> *)>(program->find("_mlir_ciface_f"));
  std::vector<float> x = numbered(channels * lines.size * columns.size);
  Buffer<3> bx = {x.data(),
                  x.data(),
                  0,
                  {channels, lines.size, columns.size},
                  {lines.size * columns.size, columns.size, 1}};
  int64_t places = lines.places() * columns.places();
  for (int64_t first = 0; first < places; first += panelColumns) {
    std::vector<float> y(rows * panelColumns + 1, untouched);
    Buffer<3> by = {y.data(),
                    y.data(),
                    0,
                    {1, rows, panelColumns},
                    {rows * panelColumns, panelColumns, 1}};
    function(&bx, first, lines.places(), columns.places(), &by);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t n = first; n < std::min(first + panelColumns, places); ++n) {
        int64_t c = row / (lines.window * columns.window);
        int64_t p =
            lines.at(n / columns.places(), row / columns.window % lines.window);
        int64_t q = columns.at(n % columns.places(), row % columns.window);
        bool inside = lines.has(p) && columns.has(q);
        ASSERT_EQ(y[row * panelColumns + n - first],
                  inside ? x[(c * lines.size + p) * columns.size + q] : 0.f)
            << "row " << row << ", place " << n;
      }
    ASSERT_EQ(y.back(), untouched);
  }
}

TEST_P(ImageOpsTest, WindowsInOneLineAndAcrossLines) {
  expectWindows({5, 3, 1, 1}, {40, 3, 1, 1});
  expectWindows({7, 3, 1, 1}, {5, 3, 1, 1});
  expectWindows({4, 1}, {32, 1});
}

TEST_P(ImageOpsTest, WindowsApart) {
  expectWindows({12, 4, 4}, {20, 4, 4});
  expectWindows({9, 3, 2, 1}, {37, 2, 3, 1});
  expectWindows({9, 3, 2, 1}, {77, 7, 2, 3});
}

TEST_P(ImageOpsTest, WindowsOfDistantElements) {
  expectWindows({9, 3, 1, 2, 2}, {37, 2, 2, 1, 3});
}

// Of a phase of a transposed convolution: what is in front is left out.
TEST_P(ImageOpsTest, WindowsFromWithin) {
  expectWindows({9, 2, 1, -1}, {37, 3, 1, -2});
}

/// All lines at once, and in two parts, which have the same bits.
void ImageOpsTest::expectDepthwise(Axis lines, Axis columns) {
  std::string filter = "memref<" + std::to_string(lines.window) + "x" +
                       std::to_string(columns.window) + "xf32>",
              any = "memref<?x?xf32>";
  auto program = Program::compile(
      "func.func @f(%x: " + any + ", %w: " + filter +
          ", %first: index, %last: index, %y: " + any +
          ") attributes {llvm.emit_c_interface} {\n" +
          "kernel.depthwise %x, %w into %y from %first to %last " +
          geometry(lines, columns) + " : " + any + ", " + filter + " into " +
          any + "\nreturn\n}\n",
      GetParam());
  auto function =
      reinterpret_cast<void (*)(Buffer<2> *, Buffer<2> *, int64_t, int64_t,
                                Buffer<2> *)>(program->find("_mlir_ciface_f"));
  std::vector<float> x = numbered(lines.size * columns.size),
                     w = numbered(lines.window * columns.window);
  int64_t height = lines.places(), width = columns.places();
  std::vector<float> y(height * width + 1, untouched), parts = y;
  auto matrix = [](std::vector<float> &data, int64_t rows, int64_t length) {
    return Buffer<2>{data.data(), data.data(), 0, {rows, length}, {length, 1}};
  };
  Buffer<2> bx = matrix(x, lines.size, columns.size),
            bw = matrix(w, lines.window, columns.window),
            by = matrix(y, height, width), bp = matrix(parts, height, width);
  function(&bx, &bw, 0, height, &by);
  function(&bx, &bw, height / 3, height, &bp);
  function(&bx, &bw, 0, height / 3, &bp);
  ASSERT_EQ(y, parts);
  ASSERT_EQ(y.back(), untouched);
  for (int64_t p = 0; p < height; ++p)
    for (int64_t q = 0; q < width; ++q) {
      double sum = 0, most = 1;
      for (int64_t k = 0; k < lines.window; ++k)
        for (int64_t l = 0; l < columns.window; ++l) {
          int64_t i = lines.at(p, k), j = columns.at(q, l);
          if (!lines.has(i) || !columns.has(j))
            continue;
          double term = static_cast<double>(x[i * columns.size + j]) *
                        w[k * columns.window + l];
          sum += term;
          most += std::fabs(term);
        }
      ASSERT_NEAR(y[p * width + q], sum, 1e-6 * most) << p << ", " << q;
    }
}

TEST_P(ImageOpsTest, DepthwiseOfSmallAndLargeImages) {
  expectDepthwise({5, 3, 1, 1}, {7, 3, 1, 1});
  expectDepthwise({56, 7, 1, 3}, {56, 7, 1, 3});
  expectDepthwise({9, 7, 1, 3}, {131, 5, 1, 2});
  expectDepthwise({4, 1}, {33, 1});
}

TEST_P(ImageOpsTest, DepthwiseApart) {
  expectDepthwise({23, 3, 2, 1}, {67, 3, 2, 1});
  expectDepthwise({12, 2, 3, 1}, {90, 4, 3, 2});
  expectDepthwise({12, 3, 1, 1}, {40, 5, 4, 0});
}

TEST_P(ImageOpsTest, DepthwiseOfDistantElements) {
  expectDepthwise({23, 3, 1, 4, 4}, {67, 3, 1, 2, 2});
  expectDepthwise({23, 3, 2, 1, 3}, {67, 4, 3, 2, 2});
}

// One line, as of a convolution along one axis, and a filter so tall that its
// tiles have one.
TEST_P(ImageOpsTest, DepthwiseOfOneLine) {
  expectDepthwise({1, 1}, {500, 31, 1, 15});
  expectDepthwise({150, 140, 1, 3}, {20, 2});
}

INSTANTIATE_TEST_SUITE_P(Targets, ImageOpsTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
