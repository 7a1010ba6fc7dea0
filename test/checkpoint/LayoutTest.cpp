//===- LayoutTest.cpp - Packed layouts of weights -------------------------===//

#include "dialects/kernel/Layout.h"
#include "llvm/Support/Error.h"
#include "gtest/gtest.h"
#include <map>
#include <set>

using namespace heddle::kernel;

static std::string messageOf(llvm::Error error) {
  return llvm::toString(std::move(error));
}

TEST(Layout, PlainIsRowMajor) {
  PackedLayout layout = PackedLayout::plain();
  MatrixShape matrix = layout.matrix({3, 5});
  EXPECT_EQ(matrix, (MatrixShape{3, 5}));
  EXPECT_EQ(layout.elementOffset(2, 1, matrix), 11);
  EXPECT_EQ(layout.packedBytes(matrix), 60);
  EXPECT_EQ(PackedLayout::plain(PackedType::BF16).packedBytes(matrix), 30);
}

TEST(Layout, SeesAnyTensorAsAMatrix) {
  PackedLayout layout = PackedLayout::plain();
  EXPECT_EQ(layout.matrix({}), (MatrixShape{1, 1}));
  EXPECT_EQ(layout.matrix({7}), (MatrixShape{7, 1}));
  EXPECT_EQ(layout.matrix({2, 3, 5}), (MatrixShape{2, 15}));
  layout.transposed = true;
  EXPECT_EQ(layout.matrix({2, 3}), (MatrixShape{3, 2}));
  EXPECT_EQ(layout.matrix({2, 3, 5}), (MatrixShape{5, 6}));
}

TEST(Layout, PanelPutsOutputsSideBySide) {
  // 35 outputs in panels of 16: the third panel holds 3 and 13 zeros.
  PackedLayout layout = PackedLayout::panels(16);
  MatrixShape matrix{35, 3};
  EXPECT_EQ(layout.panelCount(matrix), 3);
  EXPECT_EQ(layout.packedElements(matrix), 3 * 3 * 16);
  EXPECT_EQ(layout.elementOffset(0, 1, matrix), 16);
  EXPECT_EQ(layout.elementOffset(1, 0, matrix), 1);
  EXPECT_EQ(layout.elementOffset(33, 2, matrix), 2 * 48 + 2 * 16 + 1);
}

TEST(Layout, EachGroupBeginsAPanel) {
  PackedLayout layout =
      PackedLayout::panels(16, PackedType::F32, false, {20, 3, 40});
  MatrixShape matrix{63, 2};
  EXPECT_EQ(layout.panelCount(matrix), 2 + 1 + 3);
  EXPECT_EQ(layout.panelsBefore(2, matrix), 3);
  EXPECT_EQ(layout.elementOffset(19, 0, matrix), 32 + 3);
  EXPECT_EQ(layout.elementOffset(20, 0, matrix), 2 * 32);
  EXPECT_EQ(layout.elementOffset(23, 1, matrix), 3 * 32 + 16);
}

TEST(Layout, InterleaveKeepsSuccessiveInputsTogether) {
  PackedLayout layout =
      PackedLayout::panels(16, PackedType::BF16, false, {}, 2);
  MatrixShape matrix{17, 5};
  EXPECT_EQ(layout.panelElements(matrix), 6 * 16);
  EXPECT_EQ(layout.packedBytes(matrix), 2 * 6 * 16 * 2);
  EXPECT_EQ(layout.elementOffset(3, 1, matrix), 7);
  EXPECT_EQ(layout.elementOffset(3, 2, matrix), 32 + 6);
  EXPECT_EQ(layout.elementOffset(16, 4, matrix), 96 + 64);
}

TEST(Layout, EveryElementHasItsOwnPlace) {
  PackedLayout layout =
      PackedLayout::panels(32, PackedType::BF16, true, {33, 64, 1}, 2);
  MatrixShape matrix{98, 7};
  std::set<int64_t> seen;
  for (int64_t n = 0; n < 98; ++n)
    for (int64_t k = 0; k < 7; ++k) {
      int64_t offset = layout.elementOffset(n, k, matrix);
      EXPECT_TRUE(offset >= 0 && offset < layout.packedElements(matrix));
      EXPECT_TRUE(seen.insert(offset).second);
    }
}

/// The only byte that a type of one plane has of W[n][k].
int64_t byteOf(const PackedLayout &layout, int64_t n, int64_t k,
               MatrixShape matrix) {
  auto bits = layout.bitsOf(n, k, matrix);
  EXPECT_EQ(bits.size(), 1u);
  return bits.front().byte;
}

TEST(Layout, StepsOfQuantisedPanelsAreWholeLines) {
  MatrixShape matrix{33, 70};
  PackedLayout i8 = PackedLayout::ofProduct(PackedType::I8);
  EXPECT_EQ(i8.stepBytes(), 128);
  EXPECT_EQ(i8.panelBytes(matrix), 18 * 128 + 32 * 4);
  EXPECT_EQ(i8.packedBytes(matrix), 2 * i8.panelBytes(matrix));
  PackedLayout q8 = PackedLayout::ofProduct(PackedType::Q8);
  EXPECT_EQ(q8.stepBytes(), 17 * 64);
  EXPECT_EQ(q8.panelBytes(matrix), 3 * 17 * 64);
  PackedLayout q4 = PackedLayout::ofProduct(PackedType::Q4);
  EXPECT_EQ(q4.stepBytes(), 9 * 64);
  EXPECT_EQ(q4.panelBytes(matrix), 3 * 9 * 64);
}

TEST(Layout, ScalesOfInt8FollowTheirPanel) {
  PackedLayout layout = PackedLayout::ofProduct(PackedType::I8);
  MatrixShape matrix{33, 6};
  EXPECT_EQ(byteOf(layout, 3, 5, matrix), 128 + 3 * 4 + 1);
  EXPECT_EQ(layout.bitsOfScale(3, 5, matrix)[0].byte, 2 * 128 + 3 * 4);
  EXPECT_EQ(byteOf(layout, 32, 0, matrix), 3 * 128);
  EXPECT_EQ(layout.bitsOfScale(32, 0, matrix)[0].byte, 3 * 128 + 2 * 128);
}

TEST(Layout, ScalesOfGroupsFollowTheirStep) {
  PackedLayout layout = PackedLayout::ofProduct(PackedType::Q8);
  MatrixShape matrix{64, 64};
  // k = 45 is the byte 1 of quad 3 in step 1.
  EXPECT_EQ(byteOf(layout, 34, 45, matrix),
            2 * 1088 + 1088 + 3 * 128 + 2 * 4 + 1);
  EXPECT_EQ(layout.bitsOfScale(34, 45, matrix)[0].byte,
            2 * 1088 + 1088 + 1024 + 4);
  EXPECT_EQ(layout.bitsOf(34, 45, matrix)[0].shift, 0u);
  EXPECT_EQ(layout.bitsOf(34, 45, matrix)[0].mask, 255u);
}

TEST(Layout, HighNibblesHoldTheSecondHalfOfAStep) {
  PackedLayout layout = PackedLayout::ofProduct(PackedType::Q4);
  MatrixShape matrix{32, 64};
  EXPECT_EQ(layout.bitsOf(0, 32 + 15, matrix)[0].shift, 0u);
  EXPECT_EQ(layout.bitsOf(0, 32 + 16, matrix)[0].shift, 4u);
  EXPECT_EQ(layout.bitsOf(0, 32 + 16, matrix)[0].mask, 15u);
  EXPECT_EQ(byteOf(layout, 5, 32 + 6, matrix), 576 + 128 + 5 * 4 + 2);
  EXPECT_EQ(byteOf(layout, 5, 32 + 22, matrix), 576 + 128 + 5 * 4 + 2);
  EXPECT_EQ(layout.bitsOfScale(5, 32, matrix)[0].byte, 576 + 512 + 10);
}

TEST(Layout, SixBitsLieInTwoPlanes) {
  PackedLayout layout = PackedLayout::ofProduct(PackedType::Q6);
  MatrixShape matrix{32, 64};
  EXPECT_EQ(layout.stepBytes(), 13 * 64);
  auto bits = layout.bitsOf(5, 32 + 22, matrix);
  ASSERT_EQ(bits.size(), 2u);
  EXPECT_EQ(bits[0].byte, 832 + 128 + 5 * 4 + 2);
  EXPECT_EQ(bits[0].shift, 4u);
  EXPECT_EQ(bits[0].mask, 15u);
  EXPECT_EQ(bits[0].firstBit, 0u);
  EXPECT_EQ(bits[1].byte, 832 + 512 + 128 + 5 * 4 + 2);
  EXPECT_EQ(bits[1].shift, 4u);
  EXPECT_EQ(bits[1].mask, 3u);
  EXPECT_EQ(bits[1].firstBit, 4u);
  EXPECT_EQ(layout.bitsOfScale(5, 32, matrix)[0].byte, 832 + 768 + 10);
}

TEST(Layout, NarrowScalesLieWithTheirSpan) {
  PackedLayout layout = PackedLayout::ofProduct(PackedType::Q4_K);
  MatrixShape matrix{32, 512};
  EXPECT_EQ(layout.stepBytes(), 512);
  EXPECT_EQ(layout.panelBytes(matrix), 16 * 512 + 2 * 512);
  // Group 5 of the second span: byte 5 of the plane of four bits, the low half
  // of the scale and the high one of the minimum; byte 1 of that of two.
  int64_t span = 512 + 8 * 512;
  EXPECT_EQ(layout.bitsOf(0, 256, matrix)[0].byte, span + 512);
  EXPECT_EQ(layout.spanScaleOffset(7, 256 + 170, matrix), span + 14);
  EXPECT_EQ(layout.spanMinimumOffset(7, 256 + 170, matrix), span + 64 + 14);
  auto expect = [](PackedLayout::Bits bits, int64_t byte, unsigned shift,
                   unsigned mask, unsigned firstBit) {
    EXPECT_EQ(bits.byte, byte);
    EXPECT_EQ(bits.shift, shift);
    EXPECT_EQ(bits.mask, mask);
    EXPECT_EQ(bits.firstBit, firstBit);
  };
  auto scale = layout.bitsOfScale(7, 256 + 170, matrix),
       minimum = layout.bitsOfMinimum(7, 256 + 170, matrix);
  ASSERT_EQ(scale.size(), 2u);
  expect(scale[0], span + 128 + 5 * 32 + 7, 0, 15, 0);
  expect(scale[1], span + 128 + (8 + 1) * 32 + 7, 2, 3, 4);
  ASSERT_EQ(minimum.size(), 2u);
  expect(minimum[0], span + 128 + 5 * 32 + 7, 4, 15, 0);
  expect(minimum[1], span + 128 + (8 + 1) * 32 + 7, 6, 3, 4);
}

TEST(Layout, BitsAWeightAreThoseOfGgml) {
  auto bits = [](PackedType type) { return formatOf(type).bitsPerWeight(); };
  EXPECT_EQ(bits(PackedType::Q4), 4.5);
  EXPECT_EQ(bits(PackedType::Q8), 8.5);
  EXPECT_EQ(bits(PackedType::Q6_K), 6.5625);
  EXPECT_EQ(bits(PackedType::Q5_K), 5.5);
  EXPECT_EQ(bits(PackedType::Q4_K), 4.5);
  EXPECT_EQ(bits(PackedType::Q3_K), 3.4375);
  EXPECT_EQ(bits(PackedType::Q2_K), 2.625);
  // And a long panel takes as much.
  MatrixShape matrix{32, 4096};
  for (const PackedFormat &format : heddle::kernel::packedFormats())
    if (format.isGrouped())
      EXPECT_EQ(static_cast<double>(
                    PackedLayout::ofProduct(format.type).packedBytes(matrix)),
                format.bitsPerWeight() / 8 * 32 * 4096)
          << format.name.str();
}

/// No bits of a byte belong to two elements, scales or minima; all bits of each
/// lie somewhere, and nothing lies outside.
TEST(Layout, QuantisedElementsHaveTheirOwnPlace) {
  for (const PackedFormat &format : heddle::kernel::packedFormats())
    for (bool paired : {false, true}) {
      if (!format.isQuantised())
        continue;
      PackedLayout layout =
          PackedLayout::ofProduct(format.type, true, {}, paired);
      MatrixShape matrix{74, 326};
      std::map<int64_t, unsigned> taken; // bits of a byte
      auto take = [&](llvm::ArrayRef<PackedLayout::Bits> places,
                      unsigned width) {
        uint64_t all = 0;
        for (const PackedLayout::Bits &bits : places) {
          EXPECT_TRUE(bits.byte >= 0 && bits.byte < layout.packedBytes(matrix));
          unsigned &byte = taken[bits.byte], mask = bits.mask << bits.shift;
          EXPECT_EQ(mask & 255, mask);
          EXPECT_EQ(byte & mask, 0u) << format.name.str();
          byte |= mask;
          uint64_t number = uint64_t(bits.mask) << bits.firstBit;
          EXPECT_EQ(all & number, 0u);
          all |= number;
        }
        EXPECT_EQ(all, (uint64_t(1) << width) - 1);
      };
      auto takeHalf = [&](int64_t byte) {
        EXPECT_EQ(byte % 2, 0);
        take({{byte, 0, 255, 0}, {byte + 1, 0, 255, 8}}, 16);
      };
      int64_t group = format.isGrouped() ? format.group : matrix.inputs;
      for (int64_t n = 0; n < matrix.outputs; ++n)
        for (int64_t k = 0; k < matrix.inputs; ++k) {
          take(layout.bitsOf(n, k, matrix), format.bits());
          if (k % group == 0) {
            take(layout.bitsOfScale(n, k, matrix), format.scaleBits());
            if (format.hasMinima)
              take(layout.bitsOfMinimum(n, k, matrix), format.scaleBits());
          }
          if (!format.hasSpans() || k % PackedFormat::spanSize)
            continue;
          takeHalf(layout.spanScaleOffset(n, k, matrix));
          if (format.hasMinima)
            takeHalf(layout.spanMinimumOffset(n, k, matrix));
        }
    }
}

TEST(Layout, PairedHalvesAlternateInSixteens) {
  // Two halves of 20, each padded to 32.
  PackedLayout layout =
      PackedLayout::ofProduct(PackedType::F32, false, {}, true);
  MatrixShape matrix{40, 3};
  EXPECT_EQ(layout.panelCount(matrix), 2);
  EXPECT_EQ(layout.columnOf(0, matrix), 0);
  EXPECT_EQ(layout.columnOf(20, matrix), 16);
  EXPECT_EQ(layout.columnOf(16, matrix), 32);
  EXPECT_EQ(layout.columnOf(39, matrix), 32 + 16 + 3);
  EXPECT_EQ(layout.elementOffset(37, 1, matrix), 3 * 32 + 32 + 16 + 1);
  EXPECT_EQ(layout.outputAt(32 + 4, matrix), std::nullopt);
}

TEST(Layout, OutputsAndColumnsAreInverse) {
  MatrixShape matrix{98, 1};
  for (PackedLayout layout :
       {PackedLayout::ofProduct(PackedType::F32),
        PackedLayout::ofProduct(PackedType::Q4, false, {}, true),
        PackedLayout::panels(16, PackedType::F32, false, {}),
        PackedLayout::panels(32, PackedType::F32, false, {33, 64, 1})}) {
    int64_t found = 0;
    for (int64_t c = 0; c < layout.panelCount(matrix) * layout.panel; ++c)
      if (std::optional<int64_t> n = layout.outputAt(c, matrix)) {
        EXPECT_EQ(layout.columnOf(*n, matrix), c) << layout.asString();
        ++found;
      }
    EXPECT_EQ(found, matrix.outputs) << layout.asString();
  }
}

TEST(Layout, RowsOfActivationsEndInStartsAndAScale) {
  QuantisedRow row = QuantisedRow::of(PackedType::I8, 56);
  EXPECT_EQ(row.groupCount(), 1);
  EXPECT_EQ(row.bytes(), 64);
  EXPECT_EQ(row.startOffset(), 56);
  EXPECT_EQ(row.numbersOffset(), 56);
  EXPECT_EQ(row.scaleOffset(), 60);
  EXPECT_EQ(QuantisedRow::of(PackedType::I8, 57).bytes(), 128);
  QuantisedRow grouped = QuantisedRow::of(PackedType::Q4, 65);
  EXPECT_EQ(grouped.groupCount(), 3);
  EXPECT_EQ(grouped.bytes(), 192); // 96 + 3 * 16 + 4 = 148
  EXPECT_EQ(grouped.numbersOffset(), 140);
  EXPECT_EQ(grouped.highOffset(), 140);
  EXPECT_EQ(grouped.lowOffset(), 152);
  EXPECT_EQ(grouped.sumOffset(), 164);
  EXPECT_EQ(grouped.startOffset(), 176);
  EXPECT_EQ(grouped.scaleOffset(), 188);
  QuantisedRow wide = QuantisedRow::of(PackedType::Q6_K, 65, true);
  EXPECT_EQ(wide.groupCount(), 6);
  EXPECT_EQ(wide.lowBytesOffset(), 96);
  EXPECT_EQ(wide.bytes(), 320); // 2 * 96 + 6 * 20 + 4 = 316
  EXPECT_EQ(wide.highOffset(), 196);
  EXPECT_EQ(wide.lowStartOffset(), 268);
  EXPECT_EQ(wide.startOffset(), 292);
}

TEST(Layout, RoundTripsThroughText) {
  for (const char *text :
       {"plain f32", "plain f16", "plain bf16 transposed", "panel<32> f32",
        "panel<32, 2> bf16 transposed", "panel<32, 4> i8",
        "panel<32, 4> q4 transposed", "panel<32, 4> q6",
        "panel<32, 4> q8 transposed paired",
        "panel<48> f32 transposed groups<768, 256, 256>"}) {
    llvm::Expected<PackedLayout> layout = PackedLayout::parse(text);
    ASSERT_TRUE(static_cast<bool>(layout)) << messageOf(layout.takeError());
    EXPECT_EQ(layout->asString(), text);
  }
}

TEST(Layout, RefusesMalformedText) {
  for (const char *text :
       {"", "plain", "plain f15", "panel f32", "panel<> f32",
        "panel<1,2,3> f32", "panel<32 f32", "plain f32 sideways",
        "panel<32> f320", "panel<32> f32 paired transposed",
        "panel<32> f32 groups<1,>"}) {
    llvm::Expected<PackedLayout> layout = PackedLayout::parse(text);
    EXPECT_FALSE(static_cast<bool>(layout)) << text;
    llvm::consumeError(layout.takeError());
  }
}

TEST(Layout, VerifiesAgainstTheMatrix) {
  auto problem = [](PackedLayout layout) {
    return messageOf(layout.verify({64, 8}));
  };
  EXPECT_EQ(problem(PackedLayout::panels(32)), "");
  EXPECT_EQ(problem(PackedLayout::panels(8)),
            "panel<8> f32: a step of k is 32 bytes, needed a multiple of 64");
  EXPECT_EQ(problem(PackedLayout::panels(16, PackedType::F32, false, {32, 30})),
            "panel<16> f32 groups<32, 30>: the groups have 62 columns, the "
            "matrix has 64");
  EXPECT_EQ(problem(PackedLayout::panels(16, PackedType::F32, false, {64, 0})),
            "panel<16> f32 groups<64, 0>: a group is empty");
  EXPECT_EQ(problem(PackedLayout::plain(PackedType::Q8)),
            "plain q8: a quantised type needs panels");
  EXPECT_EQ(problem(PackedLayout::panels(32, PackedType::I8)),
            "panel<32> i8: a quantised type has interleave 4");
  EXPECT_EQ(problem(PackedLayout::panels(16, PackedType::Q8, false, {}, 4)),
            "panel<16, 4> q8: a step of k is 544 bytes, needed a multiple of "
            "64");
  EXPECT_EQ(
      problem(PackedLayout::ofProduct(PackedType::BF16, false, {64}, true)),
      "panel<32, 2> bf16 paired groups<64>: pairs have no groups");
  PackedLayout paired =
      PackedLayout::ofProduct(PackedType::F32, false, {}, true);
  EXPECT_EQ(problem(paired), "");
  EXPECT_EQ(messageOf(paired.verify({63, 8})),
            "panel<32> f32 paired: pairs need an even number of outputs, the "
            "matrix has 63");
  paired.panel = 24;
  paired.interleave = 2;
  EXPECT_EQ(problem(paired),
            "panel<24, 2> f32 paired: pairs need panels of a multiple of 16");
}
