//===- QuantisedPackerTest.cpp - Integer panels and pairs, byte for byte --===//
//
// Packed bytes are read back through Layout.h's offsets, which LayoutTest pins,
// and compared with what each run of a matrix is by itself (QuantiseTest).
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/Packer.h"
#include "compiler/checkpoint/Quantise.h"
#include "runtime/abi.h"
#include "test/checkpoint/Fixture.h"
#include <cstring>

using namespace heddle;
using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;
using kernel::MatrixShape;
using kernel::PackedFormat;
using kernel::PackedLayout;
using kernel::PackedType;

namespace {

std::vector<PackedType> packedTypes() {
  std::vector<PackedType> types;
  for (const PackedFormat &format : kernel::packedFormats())
    if (format.isQuantised())
      types.push_back(format.type);
  return types;
}

/// W[n][k]: no two runs alike.
float elementAt(int64_t n, int64_t k) {
  return static_cast<float>((n * 7919 + k * 104729) % 1009 - 504) / 512;
}

class QuantisedPackerTest : public Fixture {
protected:
  /// Packs halves or one matrix of `outputs` x `inputs` and checks each byte.
  void expectPacked(MatrixShape matrix, PackedLayout layout, bool inTwoParts) {
    SCOPED_TRACE(layout.asString() + (inTwoParts ? ", in two parts" : ""));
    this->matrix = matrix;
    this->layout = layout;
    write("model.safetensors", fileOf(inTwoParts).bytes());
    Problems problems;
    std::unique_ptr<Source> checkpoint = openSource(directory, problems);
    ASSERT_TRUE(checkpoint);
    PackRequest request;
    request.checkpoint = checkpoint.get();
    PackedTensor tensor;
    for (llvm::StringRef name : {"a", "b"})
      if (const StoredTensor *stored = checkpoint->find(name))
        tensor.parts.push_back(
            {name.str(), stored->shape, /*location=*/"", stored});
    tensor.layout = layout;
    request.tensors = {tensor};
    request.slots = {0};
    for (unsigned threads : {1, 3}) {
      request.threads = threads;
      ASSERT_TRUE(bool(writePackedFile(write("weights", ""), request)));
      readTensor();
      ASSERT_EQ(bytes.size(), layout.packedBytes(matrix));
      for (int64_t n = 0; n < matrix.outputs && !HasFailure(); ++n)
        expectRow(n);
      expectPadding();
    }
  }

private:
  FileBuilder fileOf(bool inTwoParts) {
    FileBuilder builder;
    int64_t first = 0;
    for (int64_t outputs :
         inTwoParts ? std::vector{matrix.outputs / 2,
                                  matrix.outputs - matrix.outputs / 2}
                    : std::vector{matrix.outputs}) {
      std::vector<float> values;
      int64_t rows = layout.transposed ? matrix.inputs : outputs;
      int64_t columns = layout.transposed ? outputs : matrix.inputs;
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c)
          values.push_back(layout.transposed ? elementAt(first + c, r)
                                             : elementAt(first + r, c));
      builder.add(first ? "b" : "a", "F32", {rows, columns},
                  {reinterpret_cast<const char *>(values.data()),
                   values.size() * sizeof(float)});
      first += outputs;
    }
    return builder;
  }

  void readTensor() {
    std::string file = contentOf(pathOf("weights"));
    heddle_file_header header;
    std::memcpy(&header, file.data(), sizeof header);
    heddle_section section; // the last one
    std::memcpy(&section,
                file.data() + sizeof header +
                    (header.section_count - 1) * sizeof section,
                sizeof section);
    bytes = file.substr(section.offset, section.bytes);
    seen.assign(bytes.size(), false);
  }

  template <typename T> T at(int64_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    std::fill_n(seen.begin() + offset, sizeof value, true);
    return value;
  }

  void expectRow(int64_t n) {
    std::vector<float> row;
    for (int64_t k = 0; k < matrix.inputs; ++k)
      row.push_back(elementAt(n, k));
    const PackedFormat &format = layout.format();
    int64_t run = format.run() ? format.run() : matrix.inputs;
    std::vector<uint8_t> u(matrix.inputs);
    for (int64_t k = 0; k < matrix.inputs; k += run) {
      int64_t count = std::min(run, matrix.inputs - k);
      expectNumbers(n, k, count,
                    quantise(format, &row[k], nullptr, &u[k], count));
    }
    for (int64_t k = 0; k < matrix.inputs; ++k) {
      EXPECT_EQ(u[k], bitsAt(layout.bitsOf(n, k, matrix)))
          << "output " << n << ", input " << k;
    }
  }

  uint32_t bitsAt(llvm::ArrayRef<PackedLayout::Bits> places) {
    uint32_t found = 0;
    for (const PackedLayout::Bits &bits : places)
      found |= (at<uint8_t>(bits.byte) >> bits.shift & bits.mask)
               << bits.firstBit;
    return found;
  }

  /// The numbers of a run.
  void expectNumbers(int64_t n, int64_t first, int64_t count,
                     const RunNumbers &numbers) {
    const PackedFormat &format = layout.format();
    int64_t group = format.isGrouped() ? format.group : count;
    for (int64_t k = first; k < first + count; k += group) {
      EXPECT_EQ(numbers.scales[(k - first) / group],
                bitsAt(layout.bitsOfScale(n, k, matrix)));
      if (format.hasMinima)
        EXPECT_EQ(numbers.minima[(k - first) / group],
                  bitsAt(layout.bitsOfMinimum(n, k, matrix)));
    }
    if (!format.hasSpans())
      return;
    EXPECT_EQ(numbers.spanScale,
              at<uint16_t>(layout.spanScaleOffset(n, first, matrix)));
    if (format.hasMinima)
      EXPECT_EQ(numbers.spanMinimum,
                at<uint16_t>(layout.spanMinimumOffset(n, first, matrix)));
  }

  /// What belongs to no element stands for zero.
  void expectPadding() {
    for (size_t i = 0; i < bytes.size(); ++i) {
      // The highest bit of a plane's parts: of eight bits, four, two or one.
      uint8_t byte = bytes[i];
      bool isZero = byte == 0 || byte == 128 || byte == 0x88 || byte == 0xaa ||
                    byte == 0xff;
      EXPECT_TRUE(seen[i] || isZero) << "byte " << i;
    }
  }

  MatrixShape matrix;
  PackedLayout layout;
  std::string bytes;
  std::vector<bool> seen;
};

TEST_F(QuantisedPackerTest, PacksIntegersAndScales) {
  for (PackedType type : packedTypes())
    for (bool transposed : {false, true}) {
      expectPacked({64, 64}, PackedLayout::ofProduct(type, transposed), false);
      expectPacked({70, 45}, PackedLayout::ofProduct(type, transposed), false);
      expectPacked({70, 45},
                   PackedLayout::ofProduct(type, transposed, {33, 5, 32}),
                   true);
    }
}

TEST_F(QuantisedPackerTest, PairsTheHalvesOfAGate) {
  for (PackedType type : packedTypes())
    for (bool transposed : {false, true})
      for (bool inTwoParts : {false, true})
        for (int64_t outputs : {2, 74, 128})
          expectPacked({outputs, 45},
                       PackedLayout::ofProduct(type, transposed, {}, true),
                       inTwoParts);
}

TEST_F(QuantisedPackerTest, PacksManyTiles) {
  for (PackedType type : {PackedType::I8, PackedType::Q4, PackedType::Q5_K})
    for (bool paired : {false, true})
      expectPacked({4002, 777},
                   PackedLayout::ofProduct(type, false, {}, paired), true);
  expectPacked({4002, 777}, PackedLayout::ofProduct(PackedType::Q8, true),
               false);
}

} // namespace
