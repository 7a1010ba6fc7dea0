//===- ByteMatmulTest.cpp - quantised rows and products, to the bit -------===//
//
// Plain C++ in the order that QuantisedRow and ByteMatmul.cpp state: integers
// are exact, and every f32 operation rounds as there.
//
//===----------------------------------------------------------------------===//

#include "TargetTest.h"
#include "dialects/kernel/Layout.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace heddle::test;
using heddle::kernel::MatrixShape;
using heddle::kernel::PackedLayout;
using heddle::kernel::PackedType;
using heddle::kernel::QuantisedRow;

namespace {

constexpr float untouched = -77;

std::vector<float> randomFloats(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> number(-3, 3);
  std::vector<float> floats(count);
  for (float &element : floats)
    element = number(random);
  return floats;
}

/// Bytes that begin at a line of memory, of a value that is no padding.
class Lines {
public:
  explicit Lines(size_t bytes) : storage(bytes + 64, 0x5a), bytes(bytes) {}
  uint8_t *data() {
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    return storage.data() + (64 - address % 64) % 64;
  }
  size_t size() const { return bytes; }

private:
  std::vector<uint8_t> storage;
  size_t bytes;
};

template <typename T> void put(uint8_t *to, T value) {
  std::memcpy(to, &value, sizeof value);
}
template <typename T> T get(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

//===----------------------------------------------------------------------===//
// kernel.narrow
//===----------------------------------------------------------------------===//

/// The least 2^high + 2^low from `least` on, high >= low >= 0.
std::pair<int, int> leastMultiple(float least) {
  int high = 0, low = 0;
  while (std::ldexp(2.f, high) < least)
    ++high;
  while (std::ldexp(1.f, high) + std::ldexp(1.f, low) < least)
    ++low;
  return {high, low};
}

/// A row by the formulas of QuantisedRow.
std::vector<uint8_t> quantised(const QuantisedRow &row, const float *x) {
  std::vector<uint8_t> bytes(row.bytes(), 0);
  auto largest = [&](int64_t first, int64_t last) {
    float largest = 0;
    for (int64_t k = first; k < last; ++k)
      largest = std::max(largest, std::fabs(x[k]));
    return largest;
  };
  float ofRow = std::max(largest(0, row.inputs), QuantisedRow::leastMagnitude);
  float scale = row.grouped ? ofRow / (127 * 65536) : ofRow / 127;
  put(&bytes[row.scaleOffset()], scale);
  int64_t size = row.grouped ? 32 : row.inputs;
  for (int64_t group = 0; group < row.groupCount(); ++group) {
    int64_t first = group * size, last = std::min(first + size, row.inputs);
    float inverse = 127 / ofRow;
    if (row.grouped) {
      auto [high, low] = leastMultiple(largest(first, last) / ofRow * 65536);
      put(&bytes[row.highOffset() + 4 * group], high << 23);
      put(&bytes[row.lowOffset() + 4 * group], low << 23);
      inverse = 1 / (scale * (std::ldexp(1.f, high) + std::ldexp(1.f, low)));
    }
    int32_t sum = 0;
    for (int64_t k = first; k < last; ++k) {
      auto q = static_cast<int8_t>(std::nearbyint(x[k] * inverse));
      put(&bytes[k], q);
      sum += q;
    }
    put(&bytes[row.startOffset() + 4 * group], -128 * sum);
  }
  return bytes;
}

std::string matrixType(int64_t columns, int64_t stride, const char *element) {
  return "memref<?x" + std::to_string(columns) + "x" + element + ", strided<[" +
         std::to_string(stride) + ", 1]>>";
}

/// kernel.narrow of rows of `inputs`, `xStride` apart.
class Narrow {
public:
  Narrow(QuantisedRow row, int64_t xStride, const std::string &target)
      : row(row), xStride(xStride) {
    std::string x = matrixType(row.inputs, xStride, "f32"),
                rows = "memref<?x" + std::to_string(row.bytes()) + "xi8>";
    program = Program::compile(
        "func.func @f(%x: " + x + ", %rows: " + rows +
            ") attributes {llvm.emit_c_interface} {\nkernel.narrow %x into "
            "%rows " +
            (row.grouped ? "group 32 " : "") + ": " + x + " into " + rows +
            "\nreturn\n}\n",
        target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
  }

  Lines run(const std::vector<float> &x, int64_t rows) {
    Lines result(rows * row.bytes());
    Buffer<2, const float> bx = {
        x.data(), x.data(), 0, {rows, row.inputs}, {xStride, 1}};
    Buffer<2, uint8_t> by = {
        result.data(), result.data(), 0, {rows, row.bytes()}, {row.bytes(), 1}};
    function(&bx, &by);
    return result;
  }

private:
  using Function = void(Buffer<2, const float> *, Buffer<2, uint8_t> *);

  QuantisedRow row;
  int64_t xStride;
  std::unique_ptr<Program> program;
  Function *function;
};

class NarrowTest : public testing::TestWithParam<std::string> {
protected:
  void expectQuantised(QuantisedRow row, const std::vector<float> &x,
                       int64_t rows, int64_t xStride) {
    Lines found = Narrow(row, xStride, GetParam()).run(x, rows);
    for (int64_t m = 0; m < rows; ++m) {
      std::vector<uint8_t> expected = quantised(row, &x[m * xStride]);
      for (int64_t byte = 0; byte < row.bytes(); ++byte)
        ASSERT_EQ(found.data()[m * row.bytes() + byte], expected[byte])
            << row.inputs << (row.grouped ? " in groups" : "") << ", row " << m
            << ", byte " << byte;
    }
  }
};

TEST_P(NarrowTest, EveryTailOfInputs) {
  for (int64_t inputs : {1,  3,  4,  15, 16, 17,  31,  32,  33,  47,  48,  55,
                         56, 57, 63, 64, 65, 100, 512, 517, 530, 544, 1100})
    for (bool grouped : {false, true})
      expectQuantised({inputs, grouped}, randomFloats(3 * inputs, 5), 3,
                      inputs);
}

TEST_P(NarrowTest, RowsApart) {
  expectQuantised({37, false}, randomFloats(40 * 41, 6), 40, 41);
  expectQuantised({70, true}, randomFloats(40 * 73, 6), 40, 73);
}

TEST_P(NarrowTest, TiesGoToEven) {
  // 127 / 127 is 1: halves stay halves.
  std::vector<float> x = {127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5};
  expectQuantised({8, false}, x, 1, 8);
  expectQuantised({8, true}, x, 1, 8);
  EXPECT_EQ(quantised({8, false}, x.data())[3], 2);
}

TEST_P(NarrowTest, ZerosAndTinyNumbers) {
  std::vector<float> x(96, 0);
  for (int64_t k = 32; k < 64; ++k)
    x[k] = 0x1p-101f;
  x[64] = 0x1p-100f;
  expectQuantised({96, true}, x, 1, 96);
  expectQuantised({32, true}, x, 1, 32);
  expectQuantised({64, false}, x, 1, 64);
  expectQuantised({32, false}, x, 1, 32);
}

TEST_P(NarrowTest, GroupsOfAllMagnitudes) {
  // From the least multiple of the unit to the largest.
  std::vector<float> x = randomFloats(40 * 32, 8);
  for (int64_t k = 0; k < 40 * 32; ++k)
    x[k] = std::ldexp(x[k], -(k / 32) / 2);
  expectQuantised({40 * 32, true}, x, 1, 40 * 32);
}

TEST_P(NarrowTest, ScalesAreLeastSumsOfTwoPowersOfTwo) {
  QuantisedRow row = {96, true};
  std::vector<float> x(96, 0);
  x[0] = 127 * 1024;
  x[32] = 127 * 576;
  x[64] = 127 * 577;
  Lines found = Narrow(row, 96, GetParam()).run(x, 1);
  auto multiple = [&](int64_t group) {
    auto power = [&](int64_t offset) {
      int32_t exponent = get<int32_t>(found.data() + offset + 4 * group) >> 23;
      return int64_t(1) << exponent;
    };
    return power(row.highOffset()) + power(row.lowOffset());
  };
  EXPECT_EQ(get<float>(found.data() + row.scaleOffset()), 0x1p-6f);
  EXPECT_EQ(multiple(0), 65536);
  EXPECT_EQ(multiple(1), (512 + 64) * 64);
  EXPECT_EQ(multiple(2), (512 + 128) * 64);
  EXPECT_EQ(get<int8_t>(found.data() + 64), 114); // 127 * 577 / 640
}

TEST_P(NarrowTest, WhatIsNotANumberStaysSo) {
  std::vector<float> x = randomFloats(96, 7);
  x[50] = NAN;
  for (bool grouped : {false, true}) {
    QuantisedRow row = {96, grouped};
    Lines found = Narrow(row, 96, GetParam()).run(x, 1);
    EXPECT_TRUE(std::isnan(get<float>(found.data() + row.scaleOffset())));
  }
}

//===----------------------------------------------------------------------===//
// kernel.matmul
//===----------------------------------------------------------------------===//

struct Shape {
  PackedType type;
  int64_t inputs, outputs;
  bool bias = false, relu = false, gated = false, residual = false;
  int64_t xExtra = 0, yExtra = 0; ///< between rows
};

/// A finite f16 of a scale's size, not 0, and its value.
uint16_t randomHalf(std::mt19937 &random) {
  return static_cast<uint16_t>(random() % 0x2c00 | 1 | (random() & 0x8000));
}
float fromHalf(uint16_t bits) {
  int exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
  float magnitude = exponent ? std::ldexp(1024.f + mantissa, exponent - 25)
                             : std::ldexp(float(mantissa), -24);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/// One product with all its operands.
class Product {
public:
  Product(const Shape &shape, const std::string &target)
      : shape(shape), row(QuantisedRow::of(shape.type, shape.inputs)),
        layout(PackedLayout::ofProduct(shape.type, false, {}, shape.gated)),
        matrix{shape.outputs * (shape.gated ? 2 : 1), shape.inputs},
        xStride(row.bytes() + shape.xExtra),
        yStride(shape.outputs + shape.yExtra), isFused(target != "generic"),
        packed(layout.packedBytes(matrix)) {
    program = Program::compile(moduleText(), target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
    bias = randomFloats(matrix.outputs, 3);
    fillWeight();
  }

  /// Rows of bytes with their numbers; between them, noise.
  Lines rows(int64_t count) const {
    Lines bytes(count * xStride);
    std::vector<float> x = randomFloats(count * shape.inputs, 11);
    for (int64_t m = 0; m < count; ++m) {
      std::vector<uint8_t> one = quantised(row, &x[m * shape.inputs]);
      std::copy(one.begin(), one.end(), bytes.data() + m * xStride);
    }
    return bytes;
  }

  std::vector<float> run(uint8_t *x, int64_t count, int64_t first = 0) {
    std::vector<float> y(count * yStride, untouched),
        residuals(count * shape.outputs);
    for (int64_t i = 0; i < count * shape.outputs; ++i)
      residuals[i] = residual(first + i / shape.outputs, i % shape.outputs);
    Buffer<2, void> bx = {x, x, 0, {count, row.bytes()}, {xStride, 1}};
    Buffer<2, void> bw = {packed.data(), packed.data(), 0, {}, {}};
    Buffer<1> bb = {bias.data(), bias.data(), 0, {matrix.outputs}, {1}};
    Buffer<2, void> br = {residuals.data(),
                          residuals.data(),
                          0,
                          {count, shape.outputs},
                          {shape.outputs, 1}};
    Buffer<2, void> by = {
        y.data(), y.data(), 0, {count, shape.outputs}, {yStride, 1}};
    function(&bx, &bw, &bb, &br, &by);
    return y;
  }

  /// The f16 with which element k of column n, and its group, is multiplied.
  void setScale(int64_t n, int64_t k, uint16_t half) {
    put(packed.data() + layout.scaleOffset(n, k, matrix), half);
  }

  /// Row m of y, of which `x` are the bytes.
  float expected(const uint8_t *x, int64_t m, int64_t n) const {
    float y = biased(x, n);
    if (shape.relu)
      y = y > 0 ? y : 0;
    if (shape.gated)
      y = y * biased(x, shape.outputs + n);
    return shape.residual ? residual(m, n) + y : y;
  }

  Shape shape;
  QuantisedRow row;
  PackedLayout layout;
  MatrixShape matrix;
  int64_t xStride, yStride;

private:
  using Function = void(Buffer<2, void> *, Buffer<2, void> *, Buffer<1> *,
                        Buffer<2, void> *, Buffer<2, void> *);

  static float residual(int64_t m, int64_t n) {
    return 0.25f * (m % 7) - 0.5f * (n % 5);
  }

  float biased(const uint8_t *x, int64_t n) const {
    return shape.bias ? sum(x, n) + bias[n] : sum(x, n);
  }

  /// Σ (u − 128)·q over k … k + count; nibbles count 16 times.
  int32_t dot(const uint8_t *x, int64_t n, int64_t k, int64_t count) const {
    int32_t sum = 0;
    for (int64_t end = std::min(k + count, shape.inputs); k < end; ++k)
      sum += (weight[n * shape.inputs + k] - 128) * get<int8_t>(x + k);
    return sum;
  }

  float sum(const uint8_t *x, int64_t n) const {
    auto unit = get<float>(x + row.scaleOffset());
    if (!row.grouped)
      return static_cast<float>(dot(x, n, 0, shape.inputs)) * unit * scales[n];
    auto power = [&](int64_t offset, int64_t group) {
      return std::ldexp(1.f, get<int32_t>(x + offset + 4 * group) >> 23);
    };
    float sum = 0;
    for (int64_t group = 0; group < row.groupCount(); ++group) {
      auto term = static_cast<float>(dot(x, n, group * 32, 32));
      float multiple =
          power(row.highOffset(), group) + power(row.lowOffset(), group);
      float scale = scales[n * row.groupCount() + group] * multiple;
      sum = isFused ? std::fma(term, scale, sum) : term * scale + sum;
    }
    return shape.type == PackedType::Q4 ? sum * (unit / 16) : sum * unit;
  }

  /// Random bytes and scales; what is padding stays noise where nothing may
  /// depend on it.
  void fillWeight() {
    std::mt19937 random(7);
    weight.resize(matrix.outputs * matrix.inputs);
    scales.resize(matrix.outputs * row.groupCount());
    for (int64_t n = 0; n < matrix.outputs; ++n)
      for (int64_t k = 0; k < matrix.inputs; ++k) {
        uint8_t *at = packed.data() + layout.byteOffset(n, k, matrix);
        uint8_t &u = weight[n * matrix.inputs + k];
        if (shape.type != PackedType::Q4) {
          *at = u = static_cast<uint8_t>(random());
        } else {
          uint8_t nibble = random() % 16;
          u = nibble * 16;
          *at = layout.inHighNibble(k) ? (*at & 15) | nibble << 4
                                       : (*at & 240) | nibble;
        }
        if (k % (row.grouped ? 32 : matrix.inputs) == 0)
          putScale(n, k, random);
      }
  }

  void putScale(int64_t n, int64_t k, std::mt19937 &random) {
    uint8_t *at = packed.data() + layout.scaleOffset(n, k, matrix);
    if (!row.grouped) {
      scales[n] = std::ldexp(static_cast<float>(random()), -37);
      return put(at, scales[n]);
    }
    uint16_t half = randomHalf(random);
    scales[n * row.groupCount() + k / 32] = fromHalf(half);
    put(at, half);
  }

  std::string moduleText() const {
    std::string x = matrixType(row.bytes(), xStride, "i8"),
                y = matrixType(shape.outputs, yStride, "f32"),
                r = matrixType(shape.outputs, shape.outputs, "f32"),
                b = "memref<" + std::to_string(matrix.outputs) + "xf32>",
                w = "memref<" + std::to_string(layout.panelCount(matrix)) +
                    "x" + std::to_string(layout.panelBytes(matrix)) + "xi8>";
    return "func.func @f(%x: " + x + ", %w: " + w + ", %b: " + b +
           ", %r: " + r + ", %y: " + y +
           ") attributes {llvm.emit_c_interface} {\nkernel.matmul " +
           (shape.gated ? "gated " : "") + "%x, %w " +
           (shape.bias ? "bias %b " : "") +
           (shape.residual ? "residual %r " : "") + "into %y activation " +
           (shape.relu ? "relu" : "none") + " layout <\"" + layout.asString() +
           "\"> inputs " + std::to_string(shape.inputs) + " : " + x + ", " + w +
           (shape.bias ? " bias " + b : "") +
           (shape.residual ? " residual " + r : "") + " into " + y +
           "\nreturn\n}\n";
  }

  bool isFused;
  Lines packed;
  std::vector<uint8_t> weight; ///< u, nibbles times 16
  std::vector<float> scales, bias;
  std::unique_ptr<Program> program;
  Function *function;
};

constexpr PackedType types[] = {PackedType::I8, PackedType::Q8, PackedType::Q4};

class ByteMatmulTest : public testing::TestWithParam<std::string> {
protected:
  void expectProduct(const Shape &shape,
                     std::initializer_list<int64_t> rowCounts) {
    Product product(shape, GetParam());
    for (int64_t rows : rowCounts) {
      Lines x = product.rows(rows);
      std::vector<float> y = product.run(x.data(), rows);
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < product.yStride; ++n) {
          float found = y[m * product.yStride + n];
          float expected =
              n < shape.outputs
                  ? product.expected(x.data() + m * product.xStride, m, n)
                  : untouched;
          ASSERT_EQ(std::bit_cast<uint32_t>(found),
                    std::bit_cast<uint32_t>(expected))
              << heddle::kernel::nameOf(shape.type).str() << " " << shape.inputs
              << "x" << shape.outputs << ", " << rows << " rows, at " << m
              << ", " << n << ": " << found << ", not " << expected;
        }
    }
  }
};

TEST_P(ByteMatmulTest, EveryNumberOfRows) {
  for (PackedType type : types)
    expectProduct({type, 96, 70, true},
                  {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                   13, 14, 15, 17, 18, 23, 24, 25, 36, 37, 49});
}

TEST_P(ByteMatmulTest, EveryTailOfInputs) {
  for (PackedType type : types)
    for (int64_t inputs : {1, 5, 33, 56, 57, 100})
      expectProduct({type, inputs, 40}, {1, 7});
}

TEST_P(ByteMatmulTest, EveryTailOfColumns) {
  for (PackedType type : types)
    for (int64_t outputs : {1, 9, 17, 33, 48, 65})
      expectProduct({type, 36, outputs}, {1, 13});
}

TEST_P(ByteMatmulTest, LargestBytes) {
  // Sums of products of the largest bytes leave 16 bits.
  Product product({PackedType::I8, 64, 32}, GetParam());
  Lines x = product.rows(1);
  std::fill_n(x.data(), 64, 127);
  put(x.data() + product.row.startOffset(), -128 * 64 * 127);
  EXPECT_EQ(product.run(x.data(), 1)[5], product.expected(x.data(), 0, 5));
}

TEST_P(ByteMatmulTest, ScalesThatAreNotANumber) {
  for (PackedType type : {PackedType::Q8, PackedType::Q4}) {
    Product product({type, 96, 40}, GetParam());
    product.setScale(17, 32, 0x7e00);
    Lines x = product.rows(7);
    std::vector<float> y = product.run(x.data(), 7);
    for (int64_t m = 0; m < 7; ++m)
      for (int64_t n = 0; n < 40; ++n)
        EXPECT_EQ(std::isnan(y[m * 40 + n]), n == 17) << m << ", " << n;
  }
}

TEST_P(ByteMatmulTest, ActivationAndResidual) {
  for (PackedType type : types)
    expectProduct({.type = type,
                   .inputs = 64,
                   .outputs = 50,
                   .bias = true,
                   .relu = true,
                   .residual = true},
                  {1, 5, 20});
}

TEST_P(ByteMatmulTest, Gated) {
  for (PackedType type : types)
    for (int64_t outputs : {5, 48, 70})
      expectProduct({.type = type,
                     .inputs = 64,
                     .outputs = outputs,
                     .bias = outputs % 16 != 0,
                     .relu = true,
                     .gated = true},
                    {1, 4, 13});
}

TEST_P(ByteMatmulTest, RowsApart) {
  for (PackedType type : types)
    expectProduct(
        {.type = type, .inputs = 40, .outputs = 21, .xExtra = 64, .yExtra = 3},
        {1, 5, 20});
}

TEST_P(ByteMatmulTest, NoRows) {
  Product product({PackedType::Q8, 32, 32}, GetParam());
  EXPECT_TRUE(product.run(nullptr, 0).empty());
}

/// A row alone, among others, at the end: the same bits.
TEST_P(ByteMatmulTest, SameBitsInEveryBatch) {
  constexpr int64_t all = 41;
  for (PackedType type : types) {
    Product product({type, 300, 77, true}, GetParam());
    Lines x = product.rows(all);
    std::vector<float> whole = product.run(x.data(), all);
    for (int64_t first : {int64_t{0}, int64_t{5}, int64_t{24}, all - 1})
      for (int64_t rows = 1; first + rows <= all; rows += rows < 14 ? 1 : 7) {
        std::vector<float> part =
            product.run(x.data() + first * product.xStride, rows, first);
        ASSERT_EQ(0, std::memcmp(part.data(), &whole[first * product.yStride],
                                 part.size() * sizeof(float)))
            << rows << " rows from " << first;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, NarrowTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);
INSTANTIATE_TEST_SUITE_P(Targets, ByteMatmulTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
