//===- ReductionTest.cpp - linalg's reductions as vector code -------------===//
//
// Compiling fails where a loop is left to scalar code, since nothing after
// kernel-to-vector knows linalg.
//
//===----------------------------------------------------------------------===//

#include "Jit.h"
#include "TargetTest.h"
#include "gtest/gtest.h"
#include <cmath>
#include <limits>

using namespace heddle::test;

namespace {

constexpr float untouched = -77;

/// A dense tensor of three axes.
Buffer<3> tensor(std::vector<float> &data, int64_t a, int64_t b, int64_t c) {
  return {data.data(), data.data(), 0, {a, b, c}, {b * c, c, 1}};
}

class ReductionTest : public testing::TestWithParam<std::string> {
protected:
  /// y[l, m] += Σₙ x[…]², where `map` says of (l, m, n) how they lie in x.
  void compileSquares(const std::string &map) {
    program = Program::compile(R"(
    func.func @f(%x: memref<?x?x?xf32>, %y: memref<?x?xf32>)
        attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<)" +
                                   map + R"(>, affine_map<(l, m, n) -> (l, m)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x : memref<?x?x?xf32>) outs(%y : memref<?x?xf32>) {
      ^bb0(%a: f32, %sum: f32):
        %b = arith.mulf %a, %a : f32
        %c = arith.addf %sum, %b : f32
        linalg.yield %c : f32
      }
      return
    })",
                               GetParam());
  }
  template <typename... Arguments> void run(Arguments *...arguments) {
    reinterpret_cast<void (*)(Arguments *...)>(program->find("_mlir_ciface_f"))(
        arguments...);
  }
  std::vector<float> sumOfSquares(std::vector<float> x, int64_t a, int64_t b,
                                  int64_t c, int64_t left);

  std::unique_ptr<Program> program;
};

/// y [a, left] from x [a, b, c], begun with 1; nothing behind y is written.
std::vector<float> ReductionTest::sumOfSquares(std::vector<float> x, int64_t a,
                                               int64_t b, int64_t c,
                                               int64_t left) {
  std::vector<float> y(a * left + 1, 1);
  y.back() = untouched;
  Buffer<3> bx = tensor(x, a, b, c);
  Buffer<2> by = {y.data(), y.data(), 0, {a, left}, {left, 1}};
  run(&bx, &by);
  EXPECT_EQ(y.back(), untouched);
  y.pop_back();
  return y;
}

TEST_P(ReductionTest, SumsAcross) {
  compileSquares("(i, k, j) -> (i, j, k)");
  for (int64_t a : {1, 3})
    for (int64_t b : {0, 1, 7})
      for (int64_t c : {1, 4, 16, 17, 63, 64, 150}) {
        std::vector<float> x = numbered(a * b * c),
                           y = sumOfSquares(x, a, b, c, c);
        for (int64_t i = 0; i < a; ++i)
          for (int64_t k = 0; k < c; ++k) {
            double sum = 1;
            for (int64_t j = 0; j < b; ++j)
              sum += std::pow(x[(i * b + j) * c + k], 2);
            ASSERT_NEAR(y[i * c + k], sum, 1e-5)
                << a << " " << b << " " << c << " at " << i << ", " << k;
          }
      }
}

TEST_P(ReductionTest, SumsAlong) {
  compileSquares("(i, j, k) -> (i, j, k)");
  for (int64_t a : {1, 3})
    for (int64_t b : {1, 5})
      for (int64_t c : {0, 1, 4, 15, 16, 17, 63, 64, 65, 150, 1000}) {
        std::vector<float> x = numbered(a * b * c),
                           y = sumOfSquares(x, a, b, c, b);
        for (int64_t i = 0; i < a * b; ++i) {
          double sum = 1;
          for (int64_t k = 0; k < c; ++k)
            sum += std::pow(x[i * c + k], 2);
          ASSERT_NEAR(y[i], sum, 3e-7 * sum) << a << " " << b << " " << c;
        }
      }
}

// A line's sum has the same bits wherever the line lies and however many there
// are.
TEST_P(ReductionTest, SameBitsWhateverElse) {
  compileSquares("(i, j, k) -> (i, j, k)");
  for (int64_t c : {5, 37, 200}) {
    std::vector<float> line = numbered(c), lines;
    for (int64_t i = 0; i < 40; ++i)
      lines.insert(lines.end(), line.begin(), line.end());
    float alone = sumOfSquares(line, 1, 1, c, 1)[0];
    for (float sum : sumOfSquares(lines, 8, 5, c, 5))
      ASSERT_EQ(sum, alone);
  }
}

// Two axes at once, into nothing but a number.
TEST_P(ReductionTest, SumsOfSeveralAxes) {
  program = Program::compile(R"(
    func.func @f(%x: memref<?x?xf32, strided<[?, 1]>>, %w: memref<?xf32>,
                 %y: memref<f32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
                                       affine_map<(i, j) -> (i)>,
                                       affine_map<(i, j) -> ()>],
                      iterator_types = ["reduction", "reduction"]}
          ins(%x, %w : memref<?x?xf32, strided<[?, 1]>>, memref<?xf32>)
          outs(%y : memref<f32>) {
      ^bb0(%a: f32, %b: f32, %sum: f32):
        %c = arith.mulf %a, %b : f32
        %d = arith.addf %c, %sum : f32
        linalg.yield %d : f32
      }
      return
    })",
                             GetParam());
  for (int64_t columns : {3, 40, 77}) {
    int64_t rows = 6, stride = columns + 3;
    std::vector<float> x = numbered(rows * stride), w = numbered(rows), y = {2};
    Buffer<2> bx = {x.data(), x.data(), 0, {rows, columns}, {stride, 1}};
    Buffer<1> bw = {w.data(), w.data(), 0, {rows}, {1}};
    struct {
      float *base, *data;
      int64_t offset;
    } by = {y.data(), y.data(), 0};
    run(&bx, &bw, &by);
    double sum = 2;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        sum += double(x[i * stride + j]) * w[i];
    ASSERT_NEAR(y[0], sum, 1e-4);
  }
}

// Every pair of a row of one matrix and a row of the other; short ones too.
TEST_P(ReductionTest, DotProducts) {
  for (int64_t depth : {3, 16, 40, 64}) {
    std::string size = std::to_string(depth);
    program = Program::compile(R"(
      func.func @f(%q: memref<?x)" +
                                   size + R"(xf32>, %k: memref<?x)" + size +
                                   R"(xf32>, %y: memref<?x?xf32>)
          attributes {llvm.emit_c_interface} {
        linalg.generic {indexing_maps = [affine_map<(i, j, d) -> (i, d)>,
                                         affine_map<(i, j, d) -> (j, d)>,
                                         affine_map<(i, j, d) -> (i, j)>],
                        iterator_types = ["parallel", "parallel", "reduction"]}
            ins(%q, %k : memref<?x)" +
                                   size + R"(xf32>, memref<?x)" + size +
                                   R"(xf32>) outs(%y : memref<?x?xf32>) {
        ^bb0(%a: f32, %b: f32, %sum: f32):
          %c = arith.mulf %a, %b : f32
          %d = arith.addf %sum, %c : f32
          linalg.yield %d : f32
        }
        return
      })",
                               GetParam());
    int64_t queries = 5, keys = 21;
    std::vector<float> q = numbered(queries * depth),
                       k = numbered(keys * depth), y(queries * keys, 0);
    Buffer<2> bq = {q.data(), q.data(), 0, {queries, depth}, {depth, 1}},
              bk = {k.data(), k.data(), 0, {keys, depth}, {depth, 1}},
              by = {y.data(), y.data(), 0, {queries, keys}, {keys, 1}};
    run(&bq, &bk, &by);
    for (int64_t i = 0; i < queries; ++i)
      for (int64_t j = 0; j < keys; ++j) {
        double sum = 0;
        for (int64_t d = 0; d < depth; ++d)
          sum += double(q[i * depth + d]) * k[j * depth + d];
        ASSERT_NEAR(y[i * keys + j], sum, 1e-4) << depth;
      }
  }
}

TEST_P(ReductionTest, Maxima) {
  program = Program::compile(R"(
    func.func @f(%x: memref<?x?xf32>, %y: memref<?xf32>)
        attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
                                       affine_map<(i, j) -> (i)>],
                      iterator_types = ["parallel", "reduction"]}
          ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%a: f32, %most: f32):
        %b = arith.maximumf %most, %a : f32
        linalg.yield %b : f32
      }
      return
    })",
                             GetParam());
  float infinity = std::numeric_limits<float>::infinity();
  for (int64_t columns : {1, 15, 16, 64, 83}) {
    // All below zero, an infinity, no number.
    std::vector<float> x(4 * columns, -3), y(4, -infinity);
    for (int64_t j = 0; j < columns; ++j)
      x[columns + j] = x[2 * columns + j] = -5.f - j;
    x[2 * columns - 1] = infinity;
    x[3 * columns - 1] = std::nanf("");
    std::fill(x.begin() + 3 * columns, x.end(), -infinity);
    Buffer<2> bx = {x.data(), x.data(), 0, {4, columns}, {columns, 1}};
    Buffer<1> by = {y.data(), y.data(), 0, {4}, {1}};
    run(&bx, &by);
    ASSERT_EQ(y[0], -3);
    ASSERT_EQ(y[1], infinity);
    ASSERT_TRUE(std::isnan(y[2]));
    ASSERT_EQ(y[3], -infinity);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, ReductionTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
