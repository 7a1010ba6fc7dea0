//===- AttentionTest.cpp - kernel.attention is softmax attention ----------===//

#include "TargetTest.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

using namespace heddle::test;

namespace {

/// One key head with the query heads that share it, among others of its kind:
/// elements between tokens are more than those of the head.
struct Shape {
  int64_t heads, depth, valueDepth;
  std::string regions = "";
  /// What the regions say.
  std::function<bool(int64_t i, int64_t j)> admits = [](int64_t, int64_t) {
    return true;
  };
  std::function<double(int64_t head, int64_t i, int64_t j)> bias =
      [](int64_t, int64_t, int64_t) { return 0.; };
  bool narrow = false; ///< keys and values are bf16
  bool drains = false; ///< there is a sink
  /// What is summed up over the depth, as a region and as a function.
  std::string score = "";
  std::function<double(double q, double k, double element)> term =
      [](double q, double k, double) { return q * k; };
};

const std::string causal = R"( keys {
^bb0(%b: index, %h: index, %i: index):
  %end = arith.addi %i, %c1 : index
  kernel.yield %c0, %end : index, index
})";

bool isBefore(int64_t i, int64_t j) { return j <= i; }

double sinkOf(int64_t head) { return 0.5 * head - 0.25; }

/// An element of the vector that a score reads.
double elementOf(int64_t head, int64_t d) {
  return ((head * 5 + d * 3) % 7 - 3) * 0.25;
}

constexpr float untouched = -77;
constexpr double scale = 0.3;
constexpr int64_t firstHead = 2;

/// A kernel.attention with keys and values for as many positions as a test
/// needs.
class Attention {
public:
  Attention(Shape shape, const std::string &target) : shape(shape) {
    program = Program::compile(moduleText(), target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
    std::mt19937 random(5);
    std::uniform_real_distribution<float> number(-2, 2);
    for (auto *tensor : {&q, &k, &v})
      tensor->resize(positions * 1024);
    for (auto *tensor : {&q, &k, &v})
      for (float &element : *tensor)
        element = number(random);
    if (!shape.narrow)
      return;
    for (auto [tensor, halves] : {std::pair(&k, &narrowK), {&v, &narrowV}})
      for (float &element : *tensor) {
        halves->push_back(std::bit_cast<uint32_t>(element) >> 16);
        element = std::bit_cast<float>(uint32_t(halves->back()) << 16);
      }
  }

  int64_t queryStride() const { return (shape.heads + 1) * shape.depth; }
  int64_t keyStride() const { return 2 * shape.depth + 3; }
  int64_t valueStride() const { return 3 * shape.valueDepth; }
  int64_t resultStride() const { return (shape.heads + 1) * shape.valueDepth; }

  /// Queries at positions first … first + tokens − 1 over `keys` keys.
  std::vector<float> run(int64_t first, int64_t tokens, int64_t keys) {
    std::vector<float> y(tokens * resultStride(), untouched);
    float *queries = &q[first * queryStride()];
    Buffer<3> bq = {queries,
                    queries,
                    0,
                    {tokens, shape.heads, shape.depth},
                    {queryStride(), shape.depth, 1}};
    void *keysAt =
             shape.narrow ? static_cast<void *>(narrowK.data()) : k.data(),
         *valuesAt =
             shape.narrow ? static_cast<void *>(narrowV.data()) : v.data();
    Buffer<2, void> bk = {
        keysAt, keysAt, 0, {keys, shape.depth}, {keyStride(), 1}};
    Buffer<2, void> bv = {
        valuesAt, valuesAt, 0, {keys, shape.valueDepth}, {valueStride(), 1}};
    Buffer<3> by = {y.data(),
                    y.data(),
                    0,
                    {tokens, shape.heads, shape.valueDepth},
                    {resultStride(), shape.valueDepth, 1}};
    function(&bq, &bk, &bv, &by, first);
    return y;
  }

  /// Query i of head r, in double precision.
  std::vector<double> expected(int64_t i, int64_t r, int64_t keys) const {
    std::vector<double> scores(keys, -INFINITY), y(shape.valueDepth, 0.);
    double largest = shape.drains ? sinkOf(r) : -INFINITY, sum = 0;
    for (int64_t j = 0; j < keys; ++j) {
      if (!shape.admits(i, j))
        continue;
      double dot = 0;
      for (int64_t d = 0; d < shape.depth; ++d)
        dot += shape.term(q[i * queryStride() + r * shape.depth + d],
                          k[j * keyStride() + d], elementOf(r, d));
      scores[j] = scale * dot + shape.bias(firstHead + r, i, j);
      largest = std::max(largest, scores[j]);
    }
    if (largest == -INFINITY)
      return y;
    if (shape.drains)
      sum = std::exp(sinkOf(r) - largest);
    for (int64_t j = 0; j < keys; ++j) {
      double p = std::exp(scores[j] - largest);
      sum += p;
      for (int64_t e = 0; e < shape.valueDepth; ++e)
        y[e] += p * v[j * valueStride() + e];
    }
    for (double &element : y)
      element /= sum;
    return y;
  }

  Shape shape;
  std::vector<float> q, k, v;
  std::vector<uint16_t> narrowK, narrowV;
  static constexpr int64_t positions = 600;

private:
  using Function = void(Buffer<3> *, Buffer<2, void> *, Buffer<2, void> *,
                        Buffer<3> *, int64_t);

  std::string moduleText() const {
    auto text = [](int64_t number) { return std::to_string(number); };
    auto tensor = [&](int64_t depth, int64_t stride) {
      return "memref<?x" + text(shape.heads) + "x" + text(depth) +
             "xf32, strided<[" + text(stride) + ", " + text(depth) + ", 1]>>";
    };
    auto matrix = [&](int64_t depth, int64_t stride) {
      return "memref<?x" + text(depth) + (shape.narrow ? "xbf16" : "xf32") +
             ", strided<[" + text(stride) + ", 1]>>";
    };
    std::string q = tensor(shape.depth, queryStride()),
                k = matrix(shape.depth, keyStride()),
                v = matrix(shape.valueDepth, valueStride()),
                y = tensor(shape.valueDepth, resultStride());
    std::string sink = "memref<" + text(shape.heads) + "xf32>",
                vector = "memref<" + text(shape.heads) + "x" +
                         text(shape.depth) + "xf32>";
    std::string sinks, elements;
    for (int64_t r = 0; r < shape.heads; ++r) {
      sinks += (r ? ", " : "") + std::to_string(sinkOf(r));
      elements += r ? "], [" : "";
      for (int64_t d = 0; d < shape.depth; ++d)
        elements += (d ? ", " : "") + std::to_string(elementOf(r, d));
    }
    bool hasScore = !shape.score.empty();
    return "memref.global \"private\" constant @sink : " + sink + " = dense<[" +
           sinks +
           "]>\nmemref.global \"private\" constant @vector : " + vector +
           " = dense<[[" + elements + "]]>\n" + "func.func @f(%q: " + q +
           ", %k: " + k + ", %v: " + v + ", %y: " + y +
           ", %p: index) attributes {llvm.emit_c_interface} {\n"
           "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
           "%c2 = arith.constant 2 : index\n%c3 = arith.constant 3 : index\n"
           "%sink = memref.get_global @sink : " +
           sink + "\n%vector = memref.get_global @vector : " + vector + "\n" +
           "kernel.attention %q, %k, %v" + (shape.drains ? " sink %sink" : "") +
           (hasScore ? " with %vector" : "") +
           " into %y row %c1 head %c2 position %p "
           "scale " +
           std::to_string(scale) + shape.score + shape.regions + " : " + q +
           ", " + k + ", " + v + (shape.drains ? " sink " + sink : "") +
           (hasScore ? " with " + vector : "") + " into " + y + "\nreturn\n}\n";
  }

  std::unique_ptr<Program> program;
  Function *function;
};

struct Call {
  int64_t first, tokens, keys;
};

class AttentionTest : public testing::TestWithParam<std::string> {
protected:
  /// Results are right; what lies between them is left alone.
  void expectAttention(Shape shape, std::initializer_list<Call> calls) {
    Attention attention(shape, GetParam());
    for (Call call : calls)
      expectCall(attention, call);
  }

  /// The same, and the bits of as many positions.
  void expectAttention(Shape shape, std::initializer_list<Call> calls,
                       int64_t positions) {
    Attention attention(shape, GetParam());
    for (Call call : calls)
      expectCall(attention, call);
    expectSameBits(attention, positions);
  }

  void expectCall(Attention &attention, Call call) {
    const Shape &shape = attention.shape;
    std::vector<float> y = attention.run(call.first, call.tokens, call.keys);
    for (int64_t t = 0; t < call.tokens; ++t) {
      const float *row = &y[t * attention.resultStride()];
      for (int64_t r = 0; r < shape.heads; ++r) {
        auto expected = attention.expected(call.first + t, r, call.keys);
        for (int64_t e = 0; e < shape.valueDepth; ++e)
          ASSERT_NEAR(row[r * shape.valueDepth + e], expected[e], 1e-5)
              << "depth " << shape.depth << ", query " << call.first + t
              << " of " << call.tokens << " over " << call.keys
              << " keys, head " << r << ", element " << e;
      }
      for (int64_t e = 0; e < shape.valueDepth; ++e)
        ASSERT_EQ(row[shape.heads * shape.valueDepth + e], untouched);
    }
  }

  /// Every query has the bits that it has alone, among others, and with keys
  /// behind it that it does not admit.
  void expectSameBits(Attention &attention, int64_t positions) {
    std::vector<float> whole = attention.run(0, positions, positions);
    std::mt19937 random(3);
    for (int64_t first = 0; first < positions;) {
      int64_t chunk =
          std::min<int64_t>(random() % 4 ? 1 + random() % 3 : 1 + random() % 90,
                            positions - first);
      std::vector<float> part = attention.run(first, chunk, first + chunk);
      ASSERT_EQ(0, std::memcmp(part.data(),
                               &whole[first * attention.resultStride()],
                               part.size() * sizeof(float)))
          << chunk << " queries from " << first;
      first += chunk;
    }
  }
};

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

TEST_P(AttentionTest, Window) {
  const std::string window = R"( keys {
  ^bb0(%b: index, %h: index, %i: index):
    %c69 = arith.constant 69 : index
    %first = arith.subi %i, %c69 : index
    %end = arith.addi %i, %c1 : index
    kernel.yield %first, %end : index, index
  })";
  expectAttention({2, 16, 16, window,
                   [](int64_t i, int64_t j) { return j <= i && i - j < 70; }},
                  {{0, 200, 200}, {300, 1, 301}, {130, 20, 150}});
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
  expectAttention({1, 64, 64, causal, isBefore}, {}, 500);
  expectAttention({4, 33, 33, causal, isBefore}, {}, 150);
  expectAttention({7, 128, 128, causal, isBefore}, {}, 150);
}

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
