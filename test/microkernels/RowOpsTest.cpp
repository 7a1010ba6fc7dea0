//===- RowOpsTest.cpp - kernel.rope and topk, by their formulas -----------===//

#include "Jit.h"
#include "TargetTest.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace heddle::test;

namespace {

constexpr float untouched = -77;

class RowOpsTest : public testing::TestWithParam<std::string> {
protected:
  void expectRope(int64_t depth, int64_t pairs, bool adjacent,
                  double magnitude);
  void expectTopk(int64_t size, int64_t choices, std::vector<float> x);
};

void RowOpsTest::expectRope(int64_t depth, int64_t pairs, bool adjacent,
                            double magnitude) {
  constexpr int64_t heads = 3, tokens = 5;
  std::string type = "memref<?x3x" + std::to_string(depth) + "xf32>",
              line = "memref<" + std::to_string(pairs) + "xf32>";
  auto program = Program::compile(
      "func.func @f(%x: " + type + ", %p: memref<?xi32>, %f: " + line +
          ", %y: " + type + ") attributes {llvm.emit_c_interface} {\n" +
          "kernel.rope " + (adjacent ? "adjacent " : "") +
          "%x at %p by %f into %y magnitude " + std::to_string(magnitude) +
          " : " + type + ", memref<?xi32>, " + line + " into " + type +
          "\nreturn\n}\n",
      GetParam());
  int32_t positions[tokens] = {0, 1, 17, 2047, 1000003};
  std::vector<float> bits(tokens), frequencies(pairs),
      x = numbered(tokens * heads * depth), y(x.size() + 1, untouched);
  std::memcpy(bits.data(), positions, sizeof(positions));
  for (int64_t p = 0; p < pairs; ++p)
    frequencies[p] = std::pow(10000., -2. * p / depth);
  int64_t strides[] = {heads * depth, depth, 1};
  Buffer<3> bx = {x.data(), x.data(), 0, {tokens, heads, depth}, {}}, by = bx;
  std::copy(strides, strides + 3, bx.strides);
  std::copy(strides, strides + 3, by.strides);
  by.base = by.data = y.data();
  Buffer<1> bp = {bits.data(), bits.data(), 0, {tokens}, {1}},
            bf = {frequencies.data(), frequencies.data(), 0, {pairs}, {1}};
  reinterpret_cast<void (*)(Buffer<3> *, Buffer<1> *, Buffer<1> *,
                            Buffer<3> *)>(program->find("_mlir_ciface_f"))(
      &bx, &bp, &bf, &by);
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t h = 0; h < heads; ++h) {
      const float *from = &x[(t * heads + h) * depth];
      const float *found = &y[(t * heads + h) * depth];
      for (int64_t p = 0; p < pairs; ++p) {
        // The angle is that of f32, as everywhere.
        double angle = float(positions[t]) * frequencies[p];
        int64_t a = adjacent ? 2 * p : p, c = adjacent ? a + 1 : p + pairs;
        double sine = std::sin(angle), cosine = std::cos(angle);
        ASSERT_NEAR(found[a], (from[a] * cosine - from[c] * sine) * magnitude,
                    1e-6)
            << t << ", " << h << ", " << a;
        ASSERT_NEAR(found[c], (from[c] * cosine + from[a] * sine) * magnitude,
                    1e-6)
            << t << ", " << h << ", " << c;
      }
      for (int64_t d = 2 * pairs; d < depth; ++d)
        ASSERT_EQ(found[d], from[d]);
    }
  ASSERT_EQ(y.back(), untouched);
}

TEST_P(RowOpsTest, RopeOfHalves) {
  expectRope(64, 32, false, 1);
  expectRope(6, 3, false, 1);
  expectRope(50, 20, false, 1.25);
}

TEST_P(RowOpsTest, RopeOfNeighbours) {
  expectRope(64, 32, true, 1);
  expectRope(6, 3, true, 1.25);
  expectRope(50, 20, true, 1);
}

void RowOpsTest::expectTopk(int64_t size, int64_t choices,
                            std::vector<float> x) {
  std::string n = std::to_string(size), a = std::to_string(choices);
  auto program =
      Program::compile("func.func @f(%x: memref<?x" + n +
                           "xf32>, %v: memref<?x" + a + "xf32>, %i: memref<?x" +
                           a + "xi32>) attributes {llvm.emit_c_interface} {\n" +
                           "kernel.topk %x into %v, %i : memref<?x" + n +
                           "xf32> into memref<?x" + a + "xf32>, memref<?x" + a +
                           "xi32>\nreturn\n}\n",
                       GetParam());
  int64_t lines = x.size() / size;
  std::vector<float> values(lines * choices + 1, untouched);
  std::vector<int32_t> indices(values.size(), -7);
  Buffer<2> bx = {x.data(), x.data(), 0, {lines, size}, {size, 1}},
            bv = {values.data(),
                  values.data(),
                  0,
                  {lines, choices},
                  {choices, 1}};
  Buffer<2, int32_t> bi = {
      indices.data(), indices.data(), 0, {lines, choices}, {choices, 1}};
  reinterpret_cast<void (*)(Buffer<2> *, Buffer<2> *, Buffer<2, int32_t> *)>(
      program->find("_mlir_ciface_f"))(&bx, &bv, &bi);
  for (int64_t line = 0; line < lines; ++line) {
    const float *from = &x[line * size];
    std::vector<int32_t> order;
    for (int64_t i = 0; i < size; ++i)
      if (!std::isnan(from[i]))
        order.push_back(i);
    std::sort(order.begin(), order.end(), [&](int32_t i, int32_t j) {
      return from[i] != from[j] ? from[i] > from[j] : i < j;
    });
    for (int64_t c = 0; c < choices; ++c) {
      bool any = c < static_cast<int64_t>(order.size());
      ASSERT_EQ(indices[line * choices + c], any ? order[c] : size - 1)
          << size << " elements, line " << line << ", choice " << c;
      ASSERT_EQ(values[line * choices + c], any ? from[order[c]] : -INFINITY);
    }
  }
  ASSERT_EQ(values.back(), untouched);
  ASSERT_EQ(indices.back(), -7);
}

// 101 different numbers: in long lines, many are equal.
TEST_P(RowOpsTest, TopkInOrder) {
  expectTopk(1, 1, numbered(3));
  expectTopk(5, 3, numbered(5 * 9));
  expectTopk(16, 16, numbered(16 * 2));
  expectTopk(67, 8, numbered(67 * 5));
  expectTopk(1000, 40, numbered(1000 * 2));
  expectTopk(5003, 300, numbered(5003));
}

TEST_P(RowOpsTest, TopkOfExtremes) {
  std::vector<float> x = numbered(50 * 4);
  x[3] = x[40] = INFINITY;
  x[7] = NAN;
  std::fill(x.begin() + 50, x.begin() + 100, -INFINITY);
  x[90] = -1e30f;
  std::fill(x.begin() + 100, x.begin() + 150, NAN);
  x[120] = -INFINITY;
  // 0 and −0 are equal, and so are all of these.
  for (int64_t i = 150; i < 200; ++i)
    x[i] = i % 2 ? 0.f : -0.f;
  expectTopk(50, 5, x);
}

INSTANTIATE_TEST_SUITE_P(Targets, RowOpsTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
