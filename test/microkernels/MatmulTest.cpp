//===- MatmulTest.cpp - kernel.matmul computes the product, to the bit ----===//

#include "TargetTest.h"
#include "llvm/ADT/APFloat.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace heddle::test;

namespace {

struct Shape {
  int64_t inputs, outputs;
  bool bias = false;
  std::string activation = "none";
  int64_t xStride = 0, yStride = 0; // 0: dense
  bool bf16 = false, gated = false;
  enum { None, Apart, InPlace } residual = None;
  /// Numbers of 16 bits that the weight has, with x of f32, and whether they
  /// are stored as such, not as f32.
  enum { F32, BF16, F16 } numbers = F32;
  bool stored = false;
};

constexpr int64_t panel = 32, paired = 16;
constexpr float untouched = -77;

/// The nearest bf16, ties to even, of a number.
uint16_t toBf16(float number) {
  auto bits = std::bit_cast<uint32_t>(number);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float fromBf16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

float fromF16(uint16_t bits) {
  llvm::APInt pattern(16, bits);
  return llvm::APFloat(llvm::APFloat::IEEEhalf(), pattern).convertToFloat();
}

double activate(const std::string &name, double x) {
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

/// One kernel.matmul with its operands. Numbers of a bf16 product are bf16
/// numbers, so that all products of two elements are exact in double precision.
class Product {
public:
  Product(Shape shape, const std::string &target) : shape(shape) {
    if (!shape.xStride)
      this->shape.xStride = shape.inputs;
    if (!shape.yStride)
      this->shape.yStride = shape.outputs;
    columns = shape.gated ? 2 * shape.outputs : shape.outputs;
    program = Program::compile(moduleText(), target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
    fill();
  }

  /// Random rows of x.
  std::vector<float> rows(int64_t count) const {
    std::mt19937 random(11);
    std::uniform_real_distribution<float> number(-3, 3);
    std::vector<float> x(count * shape.xStride);
    for (float &element : x)
      element = shape.bf16 ? fromBf16(toBf16(number(random))) : number(random);
    return x;
  }

  /// What is added to row m and column n of y.
  float residual(int64_t m, int64_t n) const {
    return shape.residual == Shape::None ? 0 : 0.25f * (m % 7) - 0.5f * (n % 5);
  }

  /// y for the rows of `x` from row `first` of all.
  std::vector<float> run(const std::vector<float> &x, int64_t first = 0) {
    int64_t rows = x.size() / shape.xStride;
    std::vector<float> y(rows * shape.yStride, untouched),
        residuals(rows * residualStride(), untouched);
    auto &added = shape.residual == Shape::InPlace ? y : residuals;
    for (int64_t m = 0; m < rows && shape.residual; ++m)
      for (int64_t n = 0; n < shape.outputs; ++n)
        added[m * residualStride() + n] = residual(first + m, n);
    // A page of its own for rows of bf16: what lies behind the last is not
    // zero.
    std::vector<uint16_t> narrow(x.size() + 1, toBf16(NAN));
    for (size_t i = 0; i < x.size(); ++i)
      narrow[i] = toBf16(x[i]);
    void *input = shape.bf16 ? static_cast<void *>(narrow.data())
                             : const_cast<float *>(x.data());
    Buffer<2, void> bx = matrix(input, rows, shape.inputs, shape.xStride);
    Buffer<2, void> by = matrix(y.data(), rows, shape.outputs, shape.yStride);
    Buffer<2, void> br =
        matrix(added.data(), rows, shape.outputs, residualStride());
    // The weight's shape is static: only where it begins is read of it.
    Buffer<4, void> bw = {packed, packed, 0, {}, {}};
    Buffer<1> bb = {bias.data(), bias.data(), 0, {columns}, {1}};
    function(&bx, &bw, &bb, &br, &by);
    return y;
  }

  double expected(const float *x, int64_t m, int64_t n) const {
    double y = activate(shape.activation, sum(x, n, false));
    if (shape.gated)
      y *= sum(x, shape.outputs + n, false);
    return residual(m, n) + y;
  }

  /// What rounding may do to the result.
  double bound(const float *x, int64_t n) const {
    double relative = 2e-7 * std::sqrt(static_cast<double>(shape.inputs));
    double error = (sum(x, n, true) + 0.1) * relative;
    if (shape.gated) { // of a product, that of either times the other
      double other = sum(x, shape.outputs + n, true) + 0.1;
      error = error * other + other * relative * (sum(x, n, true) + 0.1);
    }
    return error + 2e-7 * 4;
  }

  Shape shape;

private:
  using Function = void(Buffer<2, void> *, Buffer<4, void> *, Buffer<1> *,
                        Buffer<2, void> *, Buffer<2, void> *);

  int64_t residualStride() const {
    return shape.residual == Shape::Apart ? shape.outputs + 3 : shape.yStride;
  }

  static Buffer<2, void> matrix(void *data, int64_t rows, int64_t columns,
                                int64_t stride) {
    return {data, data, 0, {rows, columns}, {stride, 1}};
  }

  double sum(const float *x, int64_t column, bool ofMagnitudes) const {
    double sum = shape.bias ? bias[column] : 0;
    for (int64_t k = 0; k < shape.inputs; ++k) {
      double term =
          static_cast<double>(x[k]) * plain[column * shape.inputs + k];
      sum += ofMagnitudes ? std::fabs(term) : term;
    }
    return ofMagnitudes ? std::fabs(sum) : sum;
  }

  int64_t packedColumns() const {
    return shape.gated ? (shape.outputs + paired - 1) / paired * paired * 2
                       : shape.outputs;
  }
  int64_t panels() const { return (packedColumns() + panel - 1) / panel; }
  std::string weightElement() const {
    if (!shape.bf16 && !shape.stored)
      return "f32";
    return shape.numbers == Shape::F16 ? "f16" : "bf16";
  }
  int64_t elementBytes() const { return weightElement() == "f32" ? 4 : 2; }
  /// Successive k that lie side by side.
  int64_t interleave() const { return weightElement() == "bf16" ? 2 : 1; }
  int64_t steps() const {
    return (shape.inputs + interleave() - 1) / interleave();
  }

  std::string moduleText() const {
    std::string element = shape.bf16 ? "bf16" : "f32";
    auto matrixType = [](int64_t columns, int64_t stride,
                         const std::string &element) {
      return "memref<?x" + std::to_string(columns) + "x" + element +
             ", strided<[" + std::to_string(stride) + ", 1]>>";
    };
    std::string x = matrixType(shape.inputs, shape.xStride, element),
                y = matrixType(shape.outputs, shape.yStride, "f32"),
                r = matrixType(shape.outputs, residualStride(), "f32"),
                w = "memref<" + std::to_string(panels()) + "x" +
                    std::to_string(steps()) + "x32x" +
                    (interleave() == 2 ? "2x" : "") + weightElement() + ">",
                b = "memref<" + std::to_string(columns) + "xf32>";
    return "func.func @f(%x: " + x + ", %w: " + w + ", %b: " + b +
           ", %r: " + r + ", %y: " + y +
           ") attributes {llvm.emit_c_interface} {\n" + "kernel.matmul " +
           (shape.gated ? "paired " : "") + "%x, %w " +
           (shape.bias ? "bias %b " : "") + (shape.residual ? "with %r " : "") +
           "into %y" +
           epilogueText(shape.activation, shape.gated, shape.residual) + " : " +
           x + ", " + w + (shape.bias ? " bias " + b : "") +
           (shape.residual ? " with " + r : "") + " into " + y +
           "\nreturn\n}\n";
  }

  /// The place of a column among those that are packed.
  int64_t packedColumn(int64_t column) const {
    if (!shape.gated)
      return column;
    int64_t half = column / shape.outputs, n = column % shape.outputs;
    return n / paired * paired * 2 + half * paired + n % paired;
  }

  void fill() {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> number(-1, 1);
    plain.resize(columns * shape.inputs);
    bias.resize(columns);
    std::vector<uint16_t> halves(plain.size());
    for (size_t i = 0; i < plain.size(); ++i) {
      float w = number(random) / std::sqrt(static_cast<float>(shape.inputs));
      halves[i] = toBf16(w);
      // Of f16 any, subnormal ones too, and one that is infinite.
      if (shape.numbers == Shape::F16)
        halves[i] = i == 1 ? 0x7c00 : random() % 0x7c00 | random() % 2 << 15;
      plain[i] = shape.numbers == Shape::F16 ? fromF16(halves[i])
                 : shape.bf16 || shape.numbers == Shape::BF16
                     ? fromBf16(halves[i])
                     : w;
    }
    for (float &b : bias)
      b = number(random);
    storage.assign(panels() * steps() * panel * 4 + 64, 0);
    packed = storage.data();
    while (reinterpret_cast<uintptr_t>(packed) % 64)
      ++packed;
    for (int64_t n = 0; n < columns; ++n)
      for (int64_t k = 0; k < shape.inputs; ++k) {
        int64_t place = packedColumn(n), step = k / interleave(),
                from = n * shape.inputs + k;
        char *at = packed +
                   (((place / panel * steps() + step) * panel + place % panel) *
                        interleave() +
                    k % interleave()) *
                       elementBytes();
        std::memcpy(at,
                    elementBytes() == 2 ? static_cast<void *>(&halves[from])
                                        : &plain[from],
                    elementBytes());
      }
  }

  std::unique_ptr<Program> program;
  Function *function;
  int64_t columns; // of the weight
  std::vector<float> plain, bias;
  std::vector<char> storage;
  char *packed;
};

class MatmulTest : public testing::TestWithParam<std::string> {
protected:
  /// Every result of `rows` rows is right; what lies between the rows of y is
  /// left alone.
  void expectProduct(const Shape &wanted,
                     std::initializer_list<int64_t> rowCounts) {
    Product product(wanted, GetParam());
    const Shape &shape = product.shape;
    for (int64_t rows : rowCounts) {
      std::vector<float> x = product.rows(rows), y = product.run(x);
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < shape.yStride; ++n) {
          const float *row = &x[m * shape.xStride];
          float found = y[m * shape.yStride + n];
          if (n >= shape.outputs)
            ASSERT_EQ(found, untouched)
                << "wrote beside y at " << m << ", " << n;
          else
            ASSERT_NEAR(found, product.expected(row, m, n),
                        product.bound(row, n))
                << shape.inputs << "x" << shape.outputs << " "
                << shape.activation << ", " << rows << " rows, at " << m << ", "
                << n;
        }
    }
  }

  /// A row alone, among others, at the end: the same bits.
  void expectSameBits(const Shape &wanted, int64_t all) {
    Product product(wanted, GetParam());
    int64_t xStride = product.shape.xStride, yStride = product.shape.yStride;
    std::vector<float> x = product.rows(all), whole = product.run(x);
    for (int64_t first : {int64_t{0}, int64_t{5}, int64_t{24}, all - 1})
      for (int64_t rows = 1; first + rows <= all; rows += rows < 14 ? 1 : 7) {
        std::vector<float> part = product.run(
            {x.begin() + first * xStride, x.begin() + (first + rows) * xStride},
            first);
        ASSERT_EQ(0, std::memcmp(part.data(), &whole[first * yStride],
                                 part.size() * sizeof(float)))
            << rows << " rows from " << first;
      }
  }
};

constexpr const char *activations[] = {"none", "relu", "gelu",   "gelu_tanh",
                                       "silu", "tanh", "sigmoid"};

TEST_P(MatmulTest, EveryNumberOfRows) {
  for (bool bf16 : {false, true})
    expectProduct({.inputs = 37, .outputs = 70, .bias = true, .bf16 = bf16},
                  {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                   13, 14, 15, 17, 23, 24, 25, 36, 37, 49, 100});
}

TEST_P(MatmulTest, EveryTailOfColumns) {
  for (int64_t outputs : {1, 7, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 130})
    expectProduct({5, outputs, true, "relu"}, {1, 4, 13});
}

TEST_P(MatmulTest, EveryTailOfInputs) {
  for (int64_t inputs : {1, 2, 3, 4, 33})
    for (bool bf16 : {false, true})
      expectProduct({.inputs = inputs, .outputs = 40, .bf16 = bf16}, {1, 20});
}

TEST_P(MatmulTest, EveryActivation) {
  for (const char *activation : activations) {
    expectProduct({19, 35, true, activation}, {2, 7, 24});
    expectProduct({19, 35, false, activation}, {3});
  }
}

TEST_P(MatmulTest, RowsApart) {
  expectProduct({9, 21, true, "none", 14, 40}, {1, 5, 20});
  expectProduct({.inputs = 9,
                 .outputs = 21,
                 .xStride = 15, // every other row between two words
                 .yStride = 40,
                 .bf16 = true},
                {1, 5, 20});
}

TEST_P(MatmulTest, SeveralBlocksOfRows) {
  // 512 KiB / (4 · 2048) = 64 rows a block.
  expectProduct({2048, 40, true}, {64, 65, 150});
}

TEST_P(MatmulTest, NoRows) {
  Product product({8, 8}, GetParam());
  EXPECT_TRUE(product.run({}).empty());
}

TEST_P(MatmulTest, Residual) {
  for (auto residual : {Shape::Apart, Shape::InPlace})
    for (const char *activation : {"none", "relu", "gelu"})
      expectProduct({.inputs = 19,
                     .outputs = 35,
                     .bias = true,
                     .activation = activation,
                     .yStride = 37,
                     .residual = residual},
                    {1, 7, 24, 50});
}

TEST_P(MatmulTest, Gated) {
  for (const char *activation : activations)
    expectProduct({.inputs = 19,
                   .outputs = 35,
                   .bias = true,
                   .activation = activation,
                   .gated = true},
                  {1, 7, 24});
}

TEST_P(MatmulTest, EveryTailOfGatedColumns) {
  for (int64_t outputs : {1, 7, 16, 17, 31, 33, 64, 65})
    expectProduct({.inputs = 5,
                   .outputs = outputs,
                   .bias = outputs % 2 == 0,
                   .activation = "relu",
                   .gated = true},
                  {1, 4, 13});
}

TEST_P(MatmulTest, GatedWithResidual) {
  for (bool bf16 : {false, true})
    expectProduct({.inputs = 19,
                   .outputs = 35,
                   .activation = "silu",
                   .bf16 = bf16,
                   .gated = true,
                   .residual = Shape::InPlace},
                  {1, 7, 24});
}

TEST_P(MatmulTest, SameBitsInEveryBatch) {
  for (bool bf16 : {false, true})
    for (bool gated : {false, true})
      expectSameBits({.inputs = 301,
                      .outputs = 77,
                      .bias = true,
                      .activation = "gelu",
                      .bf16 = bf16,
                      .gated = gated,
                      .residual = Shape::InPlace},
                     61);
}

/// What is stored in 16 bits has the sums of the same numbers in f32.
TEST_P(MatmulTest, SameBitsAsF32) {
  for (auto numbers : {Shape::BF16, Shape::F16})
    for (bool gated : {false, true})
      for (int64_t inputs : {1, 38, 301}) {
        Shape shape = {.inputs = inputs,
                       .outputs = 77,
                       .bias = true,
                       .activation = "silu",
                       .xStride = inputs + 3,
                       .gated = gated,
                       .residual = Shape::InPlace,
                       .numbers = numbers};
        Product wide(shape, GetParam());
        shape.stored = true;
        Product narrow(shape, GetParam());
        for (int64_t rows : {1, 2, 3, 5, 6, 7, 11, 12, 13, 24, 37}) {
          std::vector<float> x = wide.rows(rows), expected = wide.run(x),
                             found = narrow.run(x);
          ASSERT_EQ(0, std::memcmp(found.data(), expected.data(),
                                   found.size() * sizeof(float)))
              << inputs << " inputs, " << rows
              << " rows, f16: " << (numbers == Shape::F16)
              << ", gated: " << gated;
        }
      }
}

TEST_P(MatmulTest, StoredSameBitsInEveryBatch) {
  for (auto numbers : {Shape::BF16, Shape::F16})
    expectSameBits({.inputs = 301,
                    .outputs = 77,
                    .bias = true,
                    .residual = Shape::InPlace,
                    .numbers = numbers,
                    .stored = true},
                   61);
}

INSTANTIATE_TEST_SUITE_P(Targets, MatmulTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
