//===- ElementwiseTest.cpp - parallel loops of linalg as vector code ------===//
//
// Compiling fails where a loop is left to scalar code, since nothing after
// kernel-to-vector knows linalg.
//
//===----------------------------------------------------------------------===//

#include "Jit.h"
#include "TargetTest.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

using namespace heddle::test;

namespace {

constexpr float untouched = -77;

Buffer<2> matrix(std::vector<float> &data, int64_t rows, int64_t columns,
                 int64_t rowStride, int64_t columnStride = 1) {
  return {
      data.data(), data.data(), 0, {rows, columns}, {rowStride, columnStride}};
}

Buffer<1> line(std::vector<float> &data) {
  return {
      data.data(), data.data(), 0, {static_cast<int64_t>(data.size())}, {1}};
}

class ElementwiseTest : public testing::TestWithParam<std::string> {
protected:
  /// Code for a function f of some memrefs, whose body is one loop of linalg.
  void compile(const char *text) {
    program = Program::compile(text, GetParam());
  }

  template <typename... Arguments> void run(Arguments *...arguments) {
    reinterpret_cast<void (*)(Arguments *...)>(program->find("_mlir_ciface_f"))(
        arguments...);
  }

private:
  std::unique_ptr<Program> program;
};

TEST_P(ElementwiseTest, RepeatsWhatLacksAnAxis) {
  compile(R"(
    #all = affine_map<(m, n) -> (m, n)>
    func.func @f(%x: memref<?x?xf32>, %b: memref<?xf32>, %r: memref<?xf32>,
                 %y: memref<?x?xf32, strided<[?, 1]>>)
        attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [#all, affine_map<(m, n) -> (n)>,
                                       affine_map<(m, n) -> (m)>, #all],
                      iterator_types = ["parallel", "parallel"]}
          ins(%x, %b, %r : memref<?x?xf32>, memref<?xf32>, memref<?xf32>)
          outs(%y : memref<?x?xf32, strided<[?, 1]>>) {
      ^bb0(%a: f32, %c: f32, %d: f32, %old: f32):
        %e = arith.mulf %a, %c : f32
        %g = arith.subf %e, %d : f32
        linalg.yield %g : f32
      }
      return
    })");
  for (int64_t rows : {1, 3})
    for (int64_t columns : {1, 4, 15, 16, 17, 50}) {
      int64_t stride = columns + 2;
      std::vector<float> x = numbered(rows * columns), b = numbered(columns),
                         r = numbered(rows), y(rows * stride, untouched);
      auto bx = matrix(x, rows, columns, columns);
      auto by = matrix(y, rows, columns, stride);
      auto bb = line(b), br = line(r);
      run(&bx, &bb, &br, &by);
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < stride; ++n)
          ASSERT_EQ(y[m * stride + n],
                    n < columns ? x[m * columns + n] * b[n] - r[m] : untouched)
              << rows << " x " << columns << " at " << m << ", " << n;
    }
}

TEST_P(ElementwiseTest, ReadsAcrossLines) {
  compile(R"(
    func.func @f(%x: memref<?x?xf32>, %y: memref<?x?xf32>)
        attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(m, n) -> (n, m)>,
                                       affine_map<(m, n) -> (m, n)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>) {
      ^bb0(%a: f32, %old: f32):
        linalg.yield %a : f32
      }
      return
    })");
  int64_t rows = 5, columns = 37;
  std::vector<float> x = numbered(rows * columns), y(rows * columns, untouched);
  auto bx = matrix(x, columns, rows, rows),
       by = matrix(y, rows, columns, columns);
  run(&bx, &by);
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t n = 0; n < columns; ++n)
      ASSERT_EQ(y[m * columns + n], x[n * rows + m]);
}

// The row is looked up once a line; its elements are neighbours, or, in the
// other table, a line apart.
TEST_P(ElementwiseTest, LooksUpRowsOfATable) {
  compile(R"(
    func.func @f(%ids: memref<?xi32>, %t: memref<7x?xf32>, %u: memref<?x7xf32>,
                 %y: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(m, n) -> (m)>,
                                       affine_map<(m, n) -> (m, n)>],
                      iterator_types = ["parallel", "parallel"]}
          ins(%ids : memref<?xi32>) outs(%y : memref<?x?xf32>) {
      ^bb0(%id: i32, %old: f32):
        %i = arith.index_cast %id : i32 to index
        %n = linalg.index 1 : index
        %a = memref.load %t[%i, %n] : memref<7x?xf32>
        %b = memref.load %u[%n, %i] : memref<?x7xf32>
        %c = arith.addf %a, %b : f32
        linalg.yield %c : f32
      }
      return
    })");
  std::vector<int32_t> ids = {6, 0, 3};
  std::vector<float> bits(ids.size());
  std::memcpy(bits.data(), ids.data(), 4 * ids.size());
  for (int64_t columns : {3, 16, 45}) {
    std::vector<float> t = numbered(7 * columns), u = numbered(7 * columns),
                       y(3 * columns, untouched);
    auto bi = line(bits);
    auto bt = matrix(t, 7, columns, columns), bu = matrix(u, columns, 7, 7),
         by = matrix(y, 3, columns, columns);
    run(&bi, &bt, &bu, &by);
    for (int64_t m = 0; m < 3; ++m)
      for (int64_t n = 0; n < columns; ++n)
        ASSERT_EQ(y[m * columns + n],
                  t[ids[m] * columns + n] + u[n * 7 + ids[m]])
            << m << ", " << n;
  }
}

TEST_P(ElementwiseTest, CountsAndCompares) {
  compile(R"(
    func.func @f(%y: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      %three = arith.constant 3 : index
      linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>],
                      iterator_types = ["parallel", "parallel"]}
          outs(%y : memref<?x?xf32>) {
      ^bb0(%old: f32):
        %m = linalg.index 0 : index
        %n = linalg.index 1 : index
        %d = arith.subi %m, %n : index
        %e = arith.muli %d, %three : index
        %w = arith.index_cast %e : index to i64
        %f = arith.sitofp %w : i64 to f32
        %late = arith.cmpi sgt, %n, %m : index
        %g = arith.select %late, %old, %f : f32
        linalg.yield %g : f32
      }
      return
    })");
  int64_t rows = 4, columns = 21;
  std::vector<float> y(rows * columns, untouched);
  auto by = matrix(y, rows, columns, columns);
  run(&by);
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t n = 0; n < columns; ++n)
      ASSERT_EQ(y[m * columns + n], n > m ? untouched : 3.f * (m - n));
}

TEST_P(ElementwiseTest, ElementaryFunctionsInPlace) {
  compile(R"(
    func.func @f(%y: memref<?xf32>) attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(n) -> (n)>,
                                       affine_map<(n) -> (n)>],
                      iterator_types = ["parallel"]}
          ins(%y : memref<?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%x: f32, %old: f32):
        %a = math.exp %x : f32
        %b = math.tanh %x : f32
        %c = math.erf %x : f32
        %d = math.absf %x : f32
        %e = math.log %d : f32
        %g = math.sqrt %d : f32
        %s = arith.addf %a, %b : f32
        %t = arith.addf %s, %c : f32
        %u = arith.addf %t, %e : f32
        %v = arith.addf %u, %g : f32
        linalg.yield %v : f32
      }
      return
    })");
  std::vector<float> x = numbered(101), y = x;
  auto by = line(y);
  run(&by);
  for (size_t i = 0; i < x.size(); ++i) {
    double a = x[i];
    double expected = std::exp(a) + std::tanh(a) + std::erf(a) +
                      std::log(std::fabs(a)) + std::sqrt(std::fabs(a));
    if (std::isinf(expected))
      ASSERT_EQ(y[i], static_cast<float>(expected));
    else
      ASSERT_NEAR(y[i], expected, 3e-7 * (2 + std::exp(a)));
  }
}

TEST_P(ElementwiseTest, Fills) {
  compile(R"(
    func.func @f(%y: memref<?x?xf32>) attributes {llvm.emit_c_interface} {
      %c = arith.constant 2.5 : f32
      linalg.fill ins(%c : f32) outs(%y : memref<?x?xf32>)
      return
    })");
  std::vector<float> y(3 * 15 + 1, untouched);
  auto by = matrix(y, 3, 15, 15);
  run(&by);
  for (int64_t i = 0; i < 3 * 15; ++i)
    ASSERT_EQ(y[i], 2.5f);
  ASSERT_EQ(y.back(), untouched);
}

INSTANTIATE_TEST_SUITE_P(Targets, ElementwiseTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
