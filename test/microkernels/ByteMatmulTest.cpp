//===- ByteMatmulTest.cpp - products of quantised rows, to the bit --------===//
//
// Plain C++ in the order that ByteMatmul.cpp states: integers are exact, and
// every f32 operation rounds as there.
//
//===----------------------------------------------------------------------===//

#include "QuantisedRows.h"
#include <bit>

using namespace heddle::test;
using heddle::kernel::MatrixShape;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedLayout;
using heddle::kernel::PackedType;
using heddle::kernel::QuantisedRow;

namespace {

constexpr float untouched = -77;

struct Shape {
  PackedType type;
  int64_t inputs, outputs;
  bool bias = false, relu = false, gated = false, residual = false;
  int64_t xExtra = 0, yExtra = 0; ///< between rows
  bool wide = false;
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
      : shape(shape),
        row(QuantisedRow::of(shape.type, shape.inputs, shape.wide)),
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

  /// The f16 with which element k of column n, and its group or span, is
  /// multiplied.
  void setScale(int64_t n, int64_t k, uint16_t half) {
    put(packed.data() + (layout.format().hasSpans()
                             ? layout.spanScaleOffset(n, k, matrix)
                             : layout.bitsOfScale(n, k, matrix)[0].byte),
        half);
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

  /// Bytes are u times this, so that 128 stands for zero.
  int multiple() const { return 1 << (8 - layout.format().bits()); }

  /// Σ (u − 128)·q over k … k + count, of such multiples of u.
  int32_t dot(const uint8_t *x, int64_t n, int64_t k, int64_t count) const {
    int32_t sum = 0;
    for (int64_t end = std::min(k + count, shape.inputs); k < end; ++k)
      sum += (weight[n * shape.inputs + k] - 128) * integer(x, k);
    return sum;
  }

  /// q of an activation.
  int32_t integer(const uint8_t *x, int64_t k) const {
    int32_t first = get<int8_t>(x + k);
    return row.wide ? first * 255 + get<int8_t>(x + row.lowBytesOffset() + k)
                    : first;
  }

  float sum(const uint8_t *x, int64_t n) const {
    auto unit = get<float>(x + row.scaleOffset());
    if (!row.isGrouped())
      return static_cast<float>(dot(x, n, 0, shape.inputs)) * unit * scales[n];
    auto mulAdd = [&](float a, float b, float c) {
      return isFused ? std::fma(a, b, c) : a * b + c;
    };
    auto power = [&](int64_t offset, int64_t group) {
      return std::ldexp(1.f, get<int32_t>(x + offset + 4 * group) >> 23);
    };
    float sum = 0;
    for (int64_t group = 0; group < row.groupCount(); ++group) {
      auto term = static_cast<float>(dot(x, n, group * row.group, row.group));
      float multiple =
          power(row.highOffset(), group) + power(row.lowOffset(), group);
      float scale = scales[n * row.groupCount() + group];
      // Beyond the inputs a scale may be anything: there the dot is 0.
      sum = mulAdd(term, scale * multiple, sum);
      if (!layout.format().hasMinima)
        continue;
      int32_t total = 0;
      for (int64_t k = group * row.group;
           k < std::min((group + 1) * row.group, shape.inputs); ++k)
        total += integer(x, k);
      float middle = mulAdd(scale, layout.format().zeroPoint(),
                            minima[n * row.groupCount() + group]);
      sum = mulAdd(middle * this->multiple(),
                   static_cast<float>(total) * multiple, sum);
    }
    return sum * (unit / static_cast<float>(multiple()));
  }

  /// Random bytes and scales; what is padding stays noise where nothing may
  /// depend on it.
  void fillWeight() {
    std::mt19937 random(7);
    weight.resize(matrix.outputs * matrix.inputs);
    scales.resize(matrix.outputs * row.groupCount());
    minima.resize(scales.size());
    for (int64_t n = 0; n < matrix.outputs; ++n)
      for (int64_t k = 0; k < matrix.inputs; ++k) {
        unsigned u = random() % (256 / multiple());
        weight[n * matrix.inputs + k] = u * multiple();
        putBits(layout.bitsOf(n, k, matrix), u);
        if (k % (row.isGrouped() ? row.group : matrix.inputs) == 0)
          putNumbers(n, k, random);
      }
  }

  void putBits(llvm::ArrayRef<PackedLayout::Bits> places, uint32_t number) {
    for (const PackedLayout::Bits &bits : places) {
      uint8_t &byte = packed.data()[bits.byte];
      byte &= ~(bits.mask << bits.shift);
      byte |= (number >> bits.firstBit & bits.mask) << bits.shift;
    }
  }

  void putNumbers(int64_t n, int64_t k, std::mt19937 &random) {
    auto ofScale = layout.bitsOfScale(n, k, matrix);
    if (!row.isGrouped()) {
      scales[n] = std::ldexp(static_cast<float>(random()), -37);
      return putBits(ofScale, llvm::bit_cast<uint32_t>(scales[n]));
    }
    const PackedFormat &format = layout.format();
    int64_t group = n * row.groupCount() + k / row.group;
    bool isNewSpan = k % PackedFormat::spanSize == 0;
    scales[group] = putNumber(
        ofScale, format.hasSpans() ? layout.spanScaleOffset(n, k, matrix) : 0,
        isNewSpan, random);
    if (format.hasMinima)
      minima[group] = putNumber(
          layout.bitsOfMinimum(n, k, matrix),
          format.hasSpans() ? layout.spanMinimumOffset(n, k, matrix) : 0,
          isNewSpan, random);
  }

  /// Of a group: an f16, or an integer times the f16 of the span.
  float putNumber(llvm::ArrayRef<PackedLayout::Bits> places, int64_t span,
                  bool isNewSpan, std::mt19937 &random) {
    const PackedFormat &format = layout.format();
    if (!format.hasSpans()) {
      uint16_t half = randomHalf(random);
      putBits(places, half);
      return fromHalf(half);
    }
    if (isNewSpan)
      put(packed.data() + span, randomHalf(random));
    int steps = static_cast<int>(
                    random() % (format.mostScale() - format.leastScale() + 1)) +
                format.leastScale();
    putBits(places, steps + format.scaleZero());
    return fromHalf(get<uint16_t>(packed.data() + span)) *
           static_cast<float>(steps);
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
           (shape.gated ? "paired " : "") + "%x, %w " +
           (shape.bias ? "bias %b " : "") + (shape.residual ? "with %r " : "") +
           "into %y layout <\"" + layout.asString() + "\"> inputs " +
           std::to_string(shape.inputs) + (shape.wide ? " wide" : "") +
           epilogueText(shape.relu ? "relu" : "none", shape.gated,
                        shape.residual) +
           " : " + x + ", " + w + (shape.bias ? " bias " + b : "") +
           (shape.residual ? " with " + r : "") + " into " + y +
           "\nreturn\n}\n";
  }

  bool isFused;
  Lines packed;
  std::vector<uint8_t> weight; ///< multiples of u
  std::vector<float> scales, minima, bias;
  std::unique_ptr<Program> program;
  Function *function;
};

std::vector<PackedType> typesWhere(bool (*isAsked)(const PackedFormat &)) {
  std::vector<PackedType> types;
  for (const PackedFormat &format : heddle::kernel::packedFormats())
    if (isAsked(format))
      types.push_back(format.type);
  return types;
}

const std::vector<PackedType> types =
    typesWhere([](const PackedFormat &format) { return format.isQuantised(); });
const std::vector<PackedType> groupedTypes =
    typesWhere([](const PackedFormat &format) { return format.isGrouped(); });

/// One type of each kind: eight bits, planes, minima, spans, groups of 16.
const std::vector<PackedType> kinds = {PackedType::I8, PackedType::Q8,
                                       PackedType::Q5_1, PackedType::Q4_K,
                                       PackedType::Q6_K};

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
  for (PackedType type : kinds)
    expectProduct({type, 96, 70, true},
                  {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
                   14, 15, 17, 18, 23, 24, 25, 36, 37, 48, 49, 55, 60});
}

TEST_P(ByteMatmulTest, RowsSoLongThatABlockHasFew) {
  for (PackedType type : {PackedType::I8, PackedType::Q8})
    expectProduct({type, 41000, 32}, {7, 13, 49});
}

TEST_P(ByteMatmulTest, EveryTailOfInputs) {
  for (PackedType type : kinds)
    for (int64_t inputs : {1, 5, 33, 56, 57})
      expectProduct({type, inputs, 40}, {1, 7});
  for (PackedType type : types)
    expectProduct({type, 100, 40}, {1, 7});
}

TEST_P(ByteMatmulTest, WideRows) {
  for (PackedType type : {PackedType::Q8, PackedType::Q4_K, PackedType::Q6_K}) {
    Shape shape = {type, 300, 70, true};
    shape.wide = true;
    expectProduct(shape, {1, 5, 13});
  }
}

TEST_P(ByteMatmulTest, SeveralSpans) {
  for (PackedType type : {PackedType::Q6_K, PackedType::Q4_K})
    expectProduct({type, 600, 40}, {1, 7});
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
  for (PackedType type : groupedTypes) {
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
  for (PackedType type : kinds)
    expectProduct({.type = type,
                   .inputs = 64,
                   .outputs = 50,
                   .bias = true,
                   .relu = true,
                   .residual = true},
                  {1, 5, 20});
}

TEST_P(ByteMatmulTest, Gated) {
  for (PackedType type : kinds)
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
  for (PackedType type : kinds)
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
  constexpr int64_t all = 59;
  for (PackedType type : kinds) {
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

INSTANTIATE_TEST_SUITE_P(Targets, ByteMatmulTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
