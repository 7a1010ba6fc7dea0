//===- AttentionTest.cpp - kernel.attention is softmax attention ----------===//

#include "AttentionFixture.h"

using namespace heddle::test;

namespace {

TEST_P(AttentionTest, EveryNumberOfQueries) {
  Attention attention({1, 16, 16}, GetParam());
  for (int64_t tokens = 1; tokens <= 30; ++tokens)
    expectCall(attention, {0, tokens, 70});
}

TEST_P(AttentionTest, EveryNumberOfKeys) {
  Attention attention({1, 16, 16}, GetParam());
  for (int64_t keys = 1; keys <= 140; keys += keys < 70 ? 1 : 9)
    expectCall(attention, {0, 3, keys});
}

TEST_P(AttentionTest, EveryDepth) {
  for (int64_t depth : {1, 5, 8, 24, 32, 40, 64, 65, 80, 96, 128})
    expectAttention({1, depth, depth}, {{0, 1, 33}, {0, 13, 75}});
}

TEST_P(AttentionTest, ValuesOfAnotherDepth) {
  expectAttention({2, 24, 40}, {{0, 9, 50}});
  expectAttention({2, 40, 24}, {{0, 9, 50}});
}

TEST_P(AttentionTest, QueryHeadsThatShareKeys) {
  for (int64_t heads : {2, 3, 7, 32})
    expectAttention({heads, 16, 16, causal, isBefore},
                    {{0, 10, 10}, {69, 1, 70}});
}

TEST_P(AttentionTest, MoreRowsThanABlockHolds) {
  expectAttention({1, 64, 64}, {{0, 500, 90}});
  expectAttention({3, 64, 64, causal, isBefore}, {{0, 200, 200}});
}

TEST_P(AttentionTest, Causal) {
  expectAttention({1, 32, 32, causal, isBefore},
                  {{0, 1, 1}, {0, 150, 150}, {63, 2, 65}, {100, 40, 140}});
}

/// The token's own position and the 69 before.
static constexpr char window[] = R"( keys {
  ^bb0(%b: index, %h: index, %i: index):
    %c69 = arith.constant 69 : index
    %first = arith.subi %i, %c69 : index
    %end = arith.addi %i, %c1 : index
    kernel.yield %first, %end : index, index
  })";

TEST_P(AttentionTest, Window) {
  expectAttention({2, 16, 16, window,
                   [](int64_t i, int64_t j) { return j <= i && i - j < 70; }},
                  {{0, 200, 200}, {300, 1, 301}, {130, 20, 150}});
}

/// What has been left behind is overwritten, and a window has the bits that it
/// has where all is kept.
TEST_P(AttentionTest, RingOfAWindow) {
  for (int64_t depth : {16, 64, 80}) {
    Shape shape = {2, depth, depth, window};
    Attention whole(shape, GetParam());
    shape.ring = heddle::kernel::ringKeys;
    Attention ring(shape, GetParam());
    int64_t most = shape.ring - 69;
    for (Call call : {Call{0, 1, 1},
                      {0, most, most},
                      {127, 1, 128},
                      {128, 1, 129},
                      {100, most, 100 + most},
                      {300, 3, 303},
                      {512, 1, 513},
                      {1023 - most, most, 1023},
                      {1500, 1, 1501}})
      for (bool isCut : {false, true})
        ASSERT_EQ(whole.run(call.first, call.tokens, call.keys, isCut),
                  ring.run(call.first, call.tokens, call.keys, isCut))
            << "depth " << depth << ", queries from " << call.first;
  }
}

TEST_P(AttentionTest, QueriesThatAdmitNoKeyGiveZero) {
  // Keys 40 … 59 of queries from 100 on; `from` and `to` beyond what there is.
  const std::string some = R"( keys {
  ^bb0(%b: index, %h: index, %i: index):
    %c100 = arith.constant 100 : index
    %c40 = arith.constant 40 : index
    %c60 = arith.constant 60 : index
    %late = arith.cmpi sge, %i, %c100 : index
    %end = arith.select %late, %c60, %c0 : index
    kernel.yield %c40, %end : index, index
  })";
  expectAttention(
      {1, 16, 16, some,
       [](int64_t i, int64_t j) { return i >= 100 && j >= 40 && j < 60; }},
      {{90, 20, 130}, {90, 20, 50}, {90, 20, 30}});
}

TEST_P(AttentionTest, PredicateAndBias) {
  // i + j is no multiple of 3; head / 2 − |i − j| / 16 is added.
  const std::string pairs = R"( where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %sum = arith.addi %i, %j : index
    %rest = arith.remui %sum, %c3 : index
    %other = arith.cmpi ne, %rest, %c0 : index
    kernel.yield %other : i1
  } bias {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %further = arith.maxsi %i, %j : index
    %nearer = arith.minsi %i, %j : index
    %back = arith.subi %further, %nearer : index
    %word = arith.index_cast %back : index to i32
    %distance = arith.sitofp %word : i32 to f32
    %slope = arith.constant -0.0625 : f32
    %far = arith.mulf %distance, %slope : f32
    %head = arith.index_cast %h : index to i32
    %number = arith.sitofp %head : i32 to f32
    %half = arith.constant 0.5 : f32
    %share = arith.mulf %number, %half : f32
    %bias = arith.addf %far, %share : f32
    kernel.yield %bias : f32
  })";
  auto admits = [](int64_t i, int64_t j) { return (i + j) % 3 != 0; };
  auto bias = [](int64_t head, int64_t i, int64_t j) {
    return head * 0.5 - std::abs(static_cast<double>(i - j)) / 16;
  };
  expectAttention({2, 16, 16, pairs, admits, bias},
                  {{0, 20, 100}, {0, 1, 1}, {80, 3, 130}});
  expectAttention(
      {2, 16, 16, causal + pairs,
       [&](int64_t i, int64_t j) { return isBefore(i, j) && admits(i, j); },
       bias},
      {{0, 100, 100}});
}

TEST_P(AttentionTest, LargeScores) {
  Attention attention({1, 64, 64}, GetParam());
  for (float &element : attention.k)
    element *= 40;
  std::vector<float> y = attention.run(0, 5, 200);
  // Rounding of a score of hundreds is felt in its exponential.
  for (int64_t t = 0; t < 5; ++t) {
    auto expected = attention.expected(t, 0, 200);
    for (int64_t e = 0; e < 64; ++e)
      EXPECT_NEAR(y[t * attention.resultStride() + e], expected[e], 1e-3);
  }
}

TEST_P(AttentionTest, ScoresThatAreNoNumbersStay) {
  Attention attention({1, 16, 16}, GetParam());
  attention.q[0] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> y = attention.run(0, 2, 20);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_FALSE(std::isnan(y[attention.resultStride()]));
}

TEST_P(AttentionTest, NarrowKeysAndValues) {
  for (int64_t depth : {1, 5, 16, 33, 64, 128}) {
    Shape shape = {2, depth, depth, causal, isBefore};
    shape.narrow = true;
    expectAttention(shape, {{0, 1, 1}, {0, 70, 70}, {100, 1, 101}}, 90);
  }
}

TEST_P(AttentionTest, KeysAndValuesInBytes) {
  for (int64_t depth : {1, 5, 16, 33, 64, 80, 128}) {
    Shape shape = {2, depth, depth, causal, isBefore};
    shape.inBytes = true;
    expectAttention(shape, {{0, 1, 1}, {0, 70, 70}, {100, 1, 101}}, 150);
  }
  Shape shape = {3, 24, 40, causal, isBefore};
  shape.inBytes = shape.drains = true;
  expectAttention(shape, {{0, 9, 9}, {600, 1, 601}}, 90);
}

TEST_P(AttentionTest, Sink) {
  for (int64_t depth : {5, 16, 64}) {
    Shape shape = {3, depth, depth, causal, isBefore};
    shape.drains = true;
    expectAttention(shape, {{0, 1, 1}, {0, 70, 70}, {100, 1, 101}}, 150);
  }
}

TEST_P(AttentionTest, AnotherSumThanAProduct) {
  for (int64_t depth : {5, 24, 64}) {
    Shape shape = {3, depth, depth, causal, isBefore};
    shape.score = R"( score {
    ^bb0(%q_: f32, %k_: f32, %e_: f32):
      %d_ = arith.subf %q_, %k_ : f32
      %s_ = arith.mulf %d_, %d_ : f32
      %t_ = arith.mulf %e_, %s_ : f32
      kernel.yield %t_ : f32
    })";
    shape.term = [](double q, double k, double element) {
      return element * (q - k) * (q - k);
    };
    expectAttention(shape, {{0, 1, 1}, {0, 70, 70}, {100, 1, 101}}, 150);
  }
}

TEST_P(AttentionTest, NoQueries) {
  Attention attention({1, 16, 16}, GetParam());
  EXPECT_TRUE(attention.run(0, 0, 20).empty());
}

TEST_P(AttentionTest, SameBitsInEveryChunk) {
  expectAttention({1, 64, 64, causal, isBefore}, {}, 1300);
  expectAttention({4, 33, 33, causal, isBefore}, {}, 150);
  expectAttention({7, 128, 128, causal, isBefore}, {}, 150);
}

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
