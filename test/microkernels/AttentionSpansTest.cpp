//===- AttentionSpansTest.cpp - spans of keys, merged ---------------------===//

#include "AttentionFixture.h"

using namespace heddle::test;

namespace {

class AttentionSpansTest : public AttentionTest {};

/// Keys end around the borders of spans.
TEST_P(AttentionSpansTest, SpansOfKeysAreMergedToWhatTheyAreTogether) {
  const std::string window = R"( keys {
  ^bb0(%b: index, %h: index, %i: index):
    %c99 = arith.constant 99 : index
    %first = arith.subi %i, %c99 : index
    %end = arith.addi %i, %c1 : index
    kernel.yield %first, %end : index, index
  })";
  std::vector<Shape> shapes = {{1, 64, 64, causal, isBefore},
                               {3, 16, 24, causal, isBefore},
                               {8, 33, 33, causal, isBefore},
                               {2, 16, 16, window, [](int64_t i, int64_t j) {
                                  return j <= i && i - j < 100;
                                }}};
  for (bool drains : {false, true})
    for (Shape shape : shapes) {
      shape.drains = drains;
      Attention attention(shape, GetParam());
      for (int64_t end : {1, 511, 512, 513, 575, 1023, 1024, 1025, 1500})
        for (int64_t tokens : {1, 5}) {
          if (tokens > end)
            continue;
          expectCall(attention, {end - tokens, tokens, end});
          std::vector<float> whole = attention.run(end - tokens, tokens, end),
                             cut =
                                 attention.run(end - tokens, tokens, end, true);
          ASSERT_EQ(0, std::memcmp(whole.data(), cut.data(),
                                   whole.size() * sizeof(float)))
              << tokens << " queries, " << end << " keys";
        }
    }
}

TEST_P(AttentionSpansTest, ASpanThatIsNoNumberMakesTheRowNone) {
  Attention attention({1, 16, 16}, GetParam());
  attention.k[600 * attention.keyStride()] =
      std::numeric_limits<float>::quiet_NaN();
  for (bool isCut : {false, true})
    EXPECT_TRUE(std::isnan(attention.run(0, 1, 1100, isCut)[0]));
}

INSTANTIATE_TEST_SUITE_P(Targets, AttentionSpansTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
