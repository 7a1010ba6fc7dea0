//===- RoundTest.cpp - kernel.narrow rounds to the nearest ----------------===//

#include "TargetTest.h"
#include <bit>
#include <cmath>
#include <limits>
#include <random>

using namespace heddle::test;

namespace {

constexpr uint16_t untouched = 0x1234;

/// Rows of `size` floats to rows of bf16, with gaps between both.
class Rounding {
public:
  Rounding(int64_t size, const std::string &target) : size(size) {
    std::string x = matrixType(xStride(), "f32"),
                y = matrixType(yStride(), "bf16");
    program = Program::compile(
        "func.func @f(%x: " + x + ", %y: " + y +
            ") attributes {llvm.emit_c_interface} {\nkernel.narrow %x into %y "
            ": " +
            x + " into " + y + "\nreturn\n}\n",
        target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
  }

  int64_t xStride() const { return size + 3; }
  int64_t yStride() const { return size + 1; }

  std::vector<uint16_t> run(std::vector<float> &x) {
    int64_t rows = x.size() / xStride();
    std::vector<uint16_t> y(rows * yStride(), untouched);
    Buffer<2> bx = {x.data(), x.data(), 0, {rows, size}, {xStride(), 1}};
    Buffer<2, uint16_t> by = {
        y.data(), y.data(), 0, {rows, size}, {yStride(), 1}};
    function(&bx, &by);
    return y;
  }

private:
  using Function = void(Buffer<2> *, Buffer<2, uint16_t> *);

  std::string matrixType(int64_t stride, const std::string &element) const {
    return "memref<?x" + std::to_string(size) + "x" + element + ", strided<[" +
           std::to_string(stride) + ", 1]>>";
  }

  int64_t size;
  std::unique_ptr<Program> program;
  Function *function;
};

/// The definition: the nearer neighbour, of two equally near the even one.
uint16_t nearest(float x) {
  auto low = static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16);
  auto asDouble = [](uint16_t bits) -> double {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  };
  uint16_t high = low + 1; // further from zero
  double toLow = std::fabs(x - asDouble(low)),
         toHigh = std::fabs(asDouble(high) - x);
  if (toLow != toHigh)
    return toLow < toHigh ? low : high;
  return low % 2 ? high : low;
}

class RoundTest : public testing::TestWithParam<std::string> {};

TEST_P(RoundTest, EveryTail) {
  std::mt19937 random(3);
  std::normal_distribution<float> number;
  for (int64_t size : {1, 2, 7, 8, 15, 16, 17, 32, 45}) {
    Rounding rounding(size, GetParam());
    for (int64_t rows : {0, 1, 5, 16, 17, 40}) {
      std::vector<float> x(rows * rounding.xStride());
      for (float &element : x)
        element = number(random);
      std::vector<uint16_t> y = rounding.run(x);
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t k = 0; k < rounding.yStride(); ++k)
          ASSERT_EQ(y[m * rounding.yStride() + k],
                    k < size ? nearest(x[m * rounding.xStride() + k])
                             : untouched)
              << size << " elements, " << rows << " rows, at " << m << ", "
              << k;
    }
  }
}

TEST_P(RoundTest, EveryExponentTieAndSign) {
  Rounding rounding(256, GetParam());
  std::vector<float> x(rounding.xStride());
  std::mt19937 random(5);
  for (uint32_t kind = 0; kind < 4; ++kind) {
    // Normal numbers that do not round to infinity.
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t exponent = std::clamp<uint32_t>(i, 1, 253) << 23,
               sign = (random() & 1) << 31, upper = random() & 0x7f0000,
               lower = kind == 0   ? 0x8000
                       : kind == 1 ? 0x7fff
                       : kind == 2 ? 0x8001
                                   : random() & 0xffff;
      x[i] = std::bit_cast<float>(sign | exponent | upper | lower);
    }
    std::vector<uint16_t> y = rounding.run(x);
    for (int64_t i = 0; i < 256; ++i)
      ASSERT_EQ(y[i], nearest(x[i])) << "of " << x[i];
  }
}

TEST_P(RoundTest, WhatIsNoNumberStays) {
  Rounding rounding(5, GetParam());
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = {infinity, -infinity, NAN, 0, -0.f, 0, 0, 0};
  std::vector<uint16_t> y = rounding.run(x);
  EXPECT_EQ(y[0], 0x7f80);
  EXPECT_EQ(y[1], 0xff80);
  EXPECT_TRUE(
      std::isnan(std::bit_cast<float>(static_cast<uint32_t>(y[2]) << 16)));
  EXPECT_EQ(y[3], 0);
  EXPECT_EQ(y[4], 0x8000);
}

INSTANTIATE_TEST_SUITE_P(Targets, RoundTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
