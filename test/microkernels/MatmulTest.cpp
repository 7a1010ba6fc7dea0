//===- MatmulTest.cpp - kernel.matmul computes the product, to the bit ----===//

#include "Jit.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace heddle::test;

namespace {

struct Shape {
  int64_t inputs, outputs;
  bool bias = false;
  const char *activation = "none";
  int64_t xStride = 0, yStride = 0; // 0: dense
};

constexpr int64_t panel = 32;

/// One kernel.matmul with its operands.
class Product {
public:
  Product(Shape shape, const std::string &target) : shape(shape) {
    if (!shape.xStride)
      this->shape.xStride = shape.inputs;
    if (!shape.yStride)
      this->shape.yStride = shape.outputs;
    program = Program::compile(moduleText(), target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
    fill();
  }

  /// y = act(x W + b), `rows` rows.
  std::vector<float> run(int64_t rows, const float *x) {
    std::vector<float> y(rows * shape.yStride, -77.f);
    int64_t panels = (shape.outputs + panel - 1) / panel;
    Buffer<2> bx =
        matrix(const_cast<float *>(x), rows, shape.inputs, shape.xStride);
    Buffer<2> by = matrix(y.data(), rows, shape.outputs, shape.yStride);
    Buffer<3> bw = {packed,
                    packed,
                    0,
                    {panels, shape.inputs, panel},
                    {shape.inputs * panel, panel, 1}};
    Buffer<1> bb = {bias.data(), bias.data(), 0, {shape.outputs}, {1}};
    function(&bx, &bw, &bb, &by);
    return y;
  }

  double expected(const float *x, int64_t n) const {
    double sum = shape.bias ? bias[n] : 0;
    for (int64_t k = 0; k < shape.inputs; ++k)
      sum += static_cast<double>(x[k]) * plain[n * shape.inputs + k];
    return activate(sum);
  }

  /// What rounding may do to the sum.
  double bound(const float *x, int64_t n) const {
    double sum = 1e-2;
    for (int64_t k = 0; k < shape.inputs; ++k)
      sum += std::fabs(x[k] * plain[n * shape.inputs + k]);
    return sum * 2e-7 * std::sqrt(static_cast<double>(shape.inputs));
  }

  Shape shape;

private:
  using Function = void(Buffer<2> *, Buffer<3> *, Buffer<1> *, Buffer<2> *);

  static Buffer<2> matrix(float *data, int64_t rows, int64_t columns,
                          int64_t stride) {
    return {data, data, 0, {rows, columns}, {stride, 1}};
  }

  double activate(double x) const {
    std::string name = shape.activation;
    if (name == "relu")
      return std::max(x, 0.0);
    if (name == "gelu")
      return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    if (name == "gelu_tanh")
      return x / 2 *
             (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    if (name == "silu")
      return x / (1 + std::exp(-x));
    if (name == "tanh")
      return std::tanh(x);
    if (name == "sigmoid")
      return 1 / (1 + std::exp(-x));
    return x;
  }

  std::string moduleText() const {
    auto matrixType = [](int64_t columns, int64_t stride) {
      return "memref<?x" + std::to_string(columns) + "xf32, strided<[" +
             std::to_string(stride) + ", 1]>>";
    };
    std::string x = matrixType(shape.inputs, shape.xStride),
                y = matrixType(shape.outputs, shape.yStride),
                w = "memref<" +
                    std::to_string((shape.outputs + panel - 1) / panel) + "x" +
                    std::to_string(shape.inputs) + "x32xf32>",
                b = "memref<" + std::to_string(shape.outputs) + "xf32>";
    return "func.func @f(%x: " + x + ", %w: " + w + ", %b: " + b +
           ", %y: " + y + ") attributes {llvm.emit_c_interface} {\n" +
           "kernel.matmul %x, %w " + (shape.bias ? "bias %b " : "") +
           "into %y activation " + shape.activation + " : " + x + ", " + w +
           (shape.bias ? " bias " + b : "") + " into " + y + "\nreturn\n}\n";
  }

  void fill() {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> number(-1, 1);
    int64_t panels = (shape.outputs + panel - 1) / panel;
    plain.resize(shape.outputs * shape.inputs);
    bias.resize(shape.outputs);
    for (float &w : plain)
      w = number(random) / std::sqrt(static_cast<float>(shape.inputs));
    for (float &b : bias)
      b = number(random);
    storage.assign(panels * panel * shape.inputs + 16, 0.f);
    packed = storage.data();
    while (reinterpret_cast<uintptr_t>(packed) % 64)
      ++packed;
    for (int64_t n = 0; n < shape.outputs; ++n)
      for (int64_t k = 0; k < shape.inputs; ++k)
        packed[(n / panel * shape.inputs + k) * panel + n % panel] =
            plain[n * shape.inputs + k];
  }

  std::unique_ptr<Program> program;
  Function *function;
  std::vector<float> plain, bias, storage;
  float *packed;
};

std::vector<float> randomRows(const Shape &shape, int64_t rows, float scale) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> number(-scale, scale);
  std::vector<float> x(rows * shape.xStride);
  for (float &element : x)
    element = number(random);
  return x;
}

class MatmulTest : public testing::TestWithParam<std::string> {
protected:
  /// Every result of `rows` rows is right; what lies between the rows of y is
  /// left alone.
  void expectProduct(Shape shape, std::initializer_list<int64_t> rowCounts) {
    Product product(shape, GetParam());
    for (int64_t rows : rowCounts) {
      std::vector<float> x = randomRows(product.shape, rows, 3);
      std::vector<float> y = product.run(rows, x.data());
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < product.shape.yStride; ++n) {
          const float *row = &x[m * product.shape.xStride];
          float found = y[m * product.shape.yStride + n];
          if (n >= shape.outputs)
            ASSERT_EQ(found, -77.f) << "wrote beside y at " << m << ", " << n;
          else
            ASSERT_NEAR(found, product.expected(row, n), product.bound(row, n))
                << shape.inputs << "x" << shape.outputs << " " << rows
                << " rows, at " << m << ", " << n;
        }
    }
  }
};

TEST_P(MatmulTest, EveryNumberOfRows) {
  expectProduct({37, 70, true}, {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                 13, 14, 15, 17, 23, 24, 25, 36, 37, 49, 100});
}

TEST_P(MatmulTest, EveryTailOfColumns) {
  for (int64_t outputs : {1, 7, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 130})
    expectProduct({5, outputs, true, "relu"}, {1, 4, 13});
}

TEST_P(MatmulTest, EveryActivation) {
  for (const char *activation :
       {"none", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"}) {
    expectProduct({19, 35, true, activation}, {2, 7, 24});
    expectProduct({19, 35, false, activation}, {3});
  }
}

TEST_P(MatmulTest, RowsApart) {
  expectProduct({9, 21, true, "none", 14, 40}, {1, 5, 20});
}

TEST_P(MatmulTest, OneInput) { expectProduct({1, 33}, {1, 12}); }

TEST_P(MatmulTest, SeveralBlocksOfRows) {
  // 512 KiB / (4 · 2048) = 64 rows a block.
  expectProduct({2048, 40, true}, {64, 65, 150});
}

TEST_P(MatmulTest, NoRows) {
  Product product({8, 8}, GetParam());
  float x = 0;
  EXPECT_TRUE(product.run(0, &x).empty());
}

/// A row alone, among others, at the end: the same bits.
TEST_P(MatmulTest, SameBitsInEveryBatch) {
  Product product({301, 77, true, "gelu"}, GetParam());
  constexpr int64_t all = 61;
  std::vector<float> x = randomRows(product.shape, all, 3);
  std::vector<float> whole = product.run(all, x.data());
  for (int64_t first : {0, 5, 24, 60})
    for (int64_t rows = 1; first + rows <= all; rows += rows < 14 ? 1 : 7) {
      std::vector<float> part =
          product.run(rows, &x[first * product.shape.xStride]);
      ASSERT_EQ(0,
                std::memcmp(part.data(), &whole[first * product.shape.yStride],
                            part.size() * sizeof(float)))
          << rows << " rows from " << first;
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, MatmulTest,
                         testing::ValuesIn(runnableTargets()),
                         [](const auto &info) { return info.param; });

} // namespace
