#include "ToyProgram.h"

#include "runtime/Sizes.h"

#include <gtest/gtest.h>

using namespace heddle::runtime;

namespace {

const int64_t rowsT[] = {2, 3, 5}, rowsS[] = {7, 3, 11}, rowsM[] = {2, 4, 6};
const CallSizes sizes = {
    &toy::program, 3, {3, 5, 11, 6}, {nullptr, rowsT, rowsS, rowsM}};

int64_t valueOf(std::vector<heddle_term> terms) {
  int64_t result = -1;
  heddle_polynomial polynomial = {static_cast<int32_t>(terms.size()),
                                  terms.data()};
  EXPECT_TRUE(evaluate(polynomial, sizes, result));
  return result;
}

TEST(Sizes, RaggedMonomialsAreSumsOverRows) {
  EXPECT_EQ(valueOf({{1, 1, {1, 1, 1}}}), 2 * 7 + 3 * 3 + 5 * 11);
  EXPECT_EQ(valueOf({{1, 1, {1, 2}}}), 4 + 9 + 25);
  EXPECT_EQ(valueOf({{4, 1, {1}}}), 12);
  EXPECT_EQ(valueOf({{1, 1, {2}}}), 9);
}

TEST(Sizes, PolynomialsHaveRationalCoefficients) {
  // T(T+1)/2 in each row: neither term is whole, the sum is.
  EXPECT_EQ(valueOf({{1, 2, {1, 2}}, {1, 2, {1, 1}}}), 3 + 6 + 15);
  EXPECT_EQ(valueOf({{1, 3, {1}}}), 1);
  EXPECT_EQ(valueOf({{1, 2, {1}}}), 2) << "rounded up";
  EXPECT_EQ(valueOf({{5, 1, {1}}, {-7, 1, {}}}), 8);
  EXPECT_EQ(valueOf({}), 0);
}

TEST(Sizes, RowsHaveTheirOwnValue) {
  heddle_term terms[] = {{3, 1, {0, 1}}, {1, 1, {}}};
  int64_t result;
  ASSERT_TRUE(evaluateRow({2, terms}, sizes, 1, result));
  EXPECT_EQ(result, 10);
}

TEST(Sizes, OverflowIsNoticed) {
  heddle_term huge[] = {{INT64_MAX / 2, 1, {1, 1}}};
  heddle_term power[] = {{1, 1, {0, 0, 120}}};
  int64_t result;
  EXPECT_FALSE(evaluate({1, huge}, sizes, result));
  EXPECT_FALSE(evaluate({1, power}, sizes, result));
}

TEST(Sizes, BoundsHoldForEveryCallWithinTheLimits) {
  // At most 6 positions of T in all and 5 in a row, 11 of S in a row.
  SizeLimits limits = {&toy::program, 3, {3, 5, 11, 6}, {0, 6, 33, 18}};
  auto bound = [&](heddle_term term) {
    int64_t result = -1;
    EXPECT_TRUE(evaluateBound({1, &term}, limits, result));
    return result;
  };
  EXPECT_EQ(bound({1, 1, {1, 1}}), 6);
  EXPECT_EQ(bound({1, 1, {1, 1, 1}}), 6 * 11);
  EXPECT_EQ(bound({1, 1, {1, 2}}), 6 * 5);
  EXPECT_EQ(bound({1, 1, {1, 0, 1}}), 33);
  EXPECT_EQ(bound({10, 1, {1}}), 30);
  EXPECT_EQ(bound({-10, 1, {1}}), 0);
}

} // namespace
