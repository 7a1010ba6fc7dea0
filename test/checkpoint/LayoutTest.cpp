//===- LayoutTest.cpp - Packed layouts of weights -------------------------===//

#include "dialects/kernel/Layout.h"
#include "llvm/Support/Error.h"
#include "gtest/gtest.h"
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

TEST(Layout, RoundTripsThroughText) {
  for (const char *text : {"plain f32", "plain bf16 transposed",
                           "panel<32> f32", "panel<32, 2> bf16 transposed",
                           "panel<48> f32 transposed groups<768, 256, 256>"}) {
    llvm::Expected<PackedLayout> layout = PackedLayout::parse(text);
    ASSERT_TRUE(static_cast<bool>(layout)) << messageOf(layout.takeError());
    EXPECT_EQ(layout->asString(), text);
  }
}

TEST(Layout, RefusesMalformedText) {
  for (const char *text : {"", "plain", "plain f16", "panel f32", "panel<> f32",
                           "panel<1,2,3> f32", "panel<32 f32",
                           "plain f32 sideways", "panel<32> f32 groups<1,>"}) {
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
}
