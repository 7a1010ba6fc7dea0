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
  EXPECT_EQ(layout.scaleOffset(3, 5, matrix), 2 * 128 + 3 * 4);
  EXPECT_EQ(byteOf(layout, 32, 0, matrix), 3 * 128);
  EXPECT_EQ(layout.scaleOffset(32, 0, matrix), 3 * 128 + 2 * 128);
}

TEST(Layout, ScalesOfGroupsFollowTheirStep) {
  PackedLayout layout = PackedLayout::ofProduct(PackedType::Q8);
  MatrixShape matrix{64, 64};
  // k = 45 is the byte 1 of quad 3 in step 1.
  EXPECT_EQ(byteOf(layout, 34, 45, matrix),
            2 * 1088 + 1088 + 3 * 128 + 2 * 4 + 1);
  EXPECT_EQ(layout.scaleOffset(34, 45, matrix), 2 * 1088 + 1088 + 1024 + 4);
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
  EXPECT_EQ(layout.scaleOffset(5, 32, matrix), 576 + 512 + 10);
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
  EXPECT_EQ(layout.scaleOffset(5, 32, matrix), 832 + 768 + 10);
}

/// No bits of a byte belong to two elements, and no scale to two columns or
/// groups; all bits of an integer lie somewhere, and nothing lies outside.
TEST(Layout, QuantisedElementsHaveTheirOwnPlace) {
  for (const PackedFormat &format : heddle::kernel::packedFormats())
    for (bool paired : {false, true}) {
      if (!format.isQuantised())
        continue;
      PackedLayout layout =
          PackedLayout::ofProduct(format.type, true, {}, paired);
      MatrixShape matrix{74, 70};
      std::map<int64_t, unsigned> taken; // bits of a byte
      std::map<int64_t, std::pair<int64_t, int64_t>> scales;
      std::map<int64_t, int64_t> spans;
      for (int64_t n = 0; n < matrix.outputs; ++n)
        for (int64_t k = 0; k < matrix.inputs; ++k) {
          unsigned all = 0;
          for (const PackedLayout::Bits &bits : layout.bitsOf(n, k, matrix)) {
            EXPECT_TRUE(bits.byte >= 0 &&
                        bits.byte < layout.packedBytes(matrix));
            unsigned &byte = taken[bits.byte], mask = bits.mask << bits.shift;
            EXPECT_EQ(mask & 255, mask);
            EXPECT_EQ(byte & mask, 0u);
            byte |= mask;
            EXPECT_EQ(all & bits.mask << bits.firstBit, 0u);
            all |= bits.mask << bits.firstBit;
          }
          EXPECT_EQ(all, (1u << format.bits()) - 1);
          int64_t scale = layout.scaleOffset(n, k, matrix);
          std::pair<int64_t, int64_t> owner = {
              n, format.isGrouped() ? k / format.group : 0};
          EXPECT_EQ(scales.try_emplace(scale, owner).first->second, owner);
          if (format.hasMinima)
            EXPECT_EQ(scales
                          .try_emplace(layout.minimumOffset(n, k, matrix),
                                       std::pair(n, owner.second + 1000))
                          .first->second.second,
                      owner.second + 1000);
          if (!format.hasSpans())
            continue;
          spans.try_emplace(layout.spanScaleOffset(n, k, matrix), n);
          if (format.hasMinima)
            spans.try_emplace(layout.spanMinimumOffset(n, k, matrix), ~n);
        }
      // One for each column of the only span, or two; none overlap.
      EXPECT_EQ(spans.size(), format.hasSpans()
                                  ? size_t(matrix.outputs * format.numbers())
                                  : 0);
      for (auto [span, owner] : spans) {
        EXPECT_EQ(span % 2, 0);
        EXPECT_LE(span + 2, layout.packedBytes(matrix));
        EXPECT_FALSE(taken.count(span) || scales.count(span));
      }
      for (auto [scale, owner] : scales) {
        EXPECT_LE(scale + format.scaleBytes(), layout.packedBytes(matrix));
        EXPECT_FALSE(taken.count(scale));
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
       {"plain f32", "plain bf16 transposed", "panel<32> f32",
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
       {"", "plain", "plain f16", "panel f32", "panel<> f32",
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
