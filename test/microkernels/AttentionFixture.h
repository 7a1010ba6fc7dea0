//===- AttentionFixture.h - kernel.attention beside what it is --*- C++ -*-===//
#ifndef HEDDLE_TEST_MICROKERNELS_ATTENTIONFIXTURE_H
#define HEDDLE_TEST_MICROKERNELS_ATTENTIONFIXTURE_H

#include "TargetTest.h"
#include "dialects/kernel/Spans.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

namespace heddle::test {

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
  bool narrow = false;  ///< keys and values are bf16
  bool inBytes = false; ///< keys and values are i8, each with a scale
  bool drains = false;  ///< there is a sink
  int64_t ring = 0;     ///< keys and values lie in a ring of so many
  /// What is summed up over the depth, as a region and as a function.
  std::string score = "";
  std::function<double(double q, double k, double element)> term =
      [](double q, double k, double) { return q * k; };
};

inline const std::string causal = R"( keys {
^bb0(%b: index, %h: index, %i: index):
  %end = arith.addi %i, %c1 : index
  kernel.yield %c0, %end : index, index
})";

inline bool isBefore(int64_t i, int64_t j) { return j <= i; }

inline double sinkOf(int64_t head) { return 0.5 * head - 0.25; }

/// An element of the vector that a score reads.
inline double elementOf(int64_t head, int64_t d) {
  return ((head * 5 + d * 3) % 7 - 3) * 0.25;
}

constexpr float untouched = -77;
constexpr double scale = 0.3;
constexpr int64_t firstHead = 2;

/// A kernel.attention with keys and values for as many positions as a test
/// needs.
class Attention {
public:
  Attention(Shape shape, const std::string &target)
      : shape(shape), target(target) {
    program = Program::compile(moduleText(false), target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
    std::mt19937 random(5);
    std::uniform_real_distribution<float> number(-2, 2);
    q.resize(positions * queryStride());
    k.resize(positions * keyStride());
    v.resize(positions * valueStride());
    for (auto *tensor : {&q, &k, &v})
      for (float &element : *tensor)
        element = number(random);
    if (shape.inBytes) {
      bytesK = quantise(k, keyStride(), shape.depth, random);
      bytesV = quantise(v, valueStride(), shape.valueDepth, random);
    }
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
  int64_t valueStride() const { return 3 * shape.valueDepth + 4; }
  int64_t resultStride() const { return (shape.heads + 1) * shape.valueDepth; }

  /// Queries at positions first … first + tokens − 1 over `keys` keys; the last
  /// span of keys first and each by itself, if they are to be cut.
  std::vector<float> run(int64_t first, int64_t tokens, int64_t keys,
                         bool isCut = false) {
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
    if (shape.inBytes)
      keysAt = bytesK.data(), valuesAt = bytesV.data();
    std::vector<float> ringK = inRing(k, keyStride(), keys),
                       ringV = inRing(v, valueStride(), keys);
    if (shape.ring)
      keysAt = ringK.data(), valuesAt = ringV.data();
    int64_t kept = shape.ring ? shape.ring : keys;
    int64_t behind = shape.inBytes ? 4 : 0;
    Buffer<2, void> bk = {
        keysAt, keysAt, 0, {kept, shape.depth + behind}, {keyStride(), 1}};
    Buffer<2, void> bv = {valuesAt,
                          valuesAt,
                          0,
                          {kept, shape.valueDepth + behind},
                          {valueStride(), 1}};
    Buffer<3> by = {y.data(),
                    y.data(),
                    0,
                    {tokens, shape.heads, shape.valueDepth},
                    {resultStride(), shape.valueDepth, 1}};
    if (!isCut) {
      function(&bq, &bk, &bv, &by, first, keys);
      return y;
    }
    int64_t spans = (keys + kernel::spanKeys - 1) / kernel::spanKeys,
            floats = spans * tokens * shape.heads *
                     kernel::stateFloats(shape.valueDepth);
    std::vector<float> states(floats, untouched);
    Buffer<1> bs = {states.data(), states.data(), 0, {floats}, {1}};
    if (!cutProgram)
      cutProgram = Program::compile(moduleText(true), target);
    reinterpret_cast<CutFunction *>(cutProgram->find("_mlir_ciface_f"))(
        &bq, &bk, &bv, &by, first, keys, &bs, spans);
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
  std::vector<int8_t> bytesK, bytesV;
  static constexpr int64_t positions = 1600;

private:
  using Function = void(Buffer<3> *, Buffer<2, void> *, Buffer<2, void> *,
                        Buffer<3> *, int64_t, int64_t);
  using CutFunction = void(Buffer<3> *, Buffer<2, void> *, Buffer<2, void> *,
                           Buffer<3> *, int64_t, int64_t, Buffer<1> *, int64_t);

  /// Makes of lines what random bytes with random scales stand for.
  static std::vector<int8_t> quantise(std::vector<float> &lines, int64_t stride,
                                      int64_t depth, std::mt19937 &random) {
    std::vector<int8_t> bytes(lines.size());
    for (size_t line = 0; line + stride <= lines.size(); line += stride) {
      float scale = static_cast<float>(1 + random() % 100) / 6350;
      for (int64_t d = 0; d < depth; ++d) {
        bytes[line + d] = static_cast<int8_t>(random() % 255 - 127);
        lines[line + d] = static_cast<float>(bytes[line + d]) * scale;
      }
      memcpy(&bytes[line + depth], &scale, sizeof scale);
    }
    return bytes;
  }

  /// Of `keys` lines the last ones, each at its number mod the ring's length.
  std::vector<float> inRing(const std::vector<float> &lines, int64_t stride,
                            int64_t keys) const {
    std::vector<float> ring(shape.ring * stride);
    for (int64_t j = 0; j < keys && shape.ring; ++j)
      std::copy_n(&lines[j * stride], stride, &ring[j % shape.ring * stride]);
    return ring;
  }

  /// @f, over all keys or over one span of them after the other.
  std::string moduleText(bool isCut) const {
    auto text = [](int64_t number) { return std::to_string(number); };
    auto tensor = [&](int64_t depth, int64_t stride) {
      return "memref<?x" + text(shape.heads) + "x" + text(depth) +
             "xf32, strided<[" + text(stride) + ", " + text(depth) + ", 1]>>";
    };
    auto matrix = [&](int64_t depth, int64_t stride) {
      return "memref<?x" + text(depth + (shape.inBytes ? 4 : 0)) +
             (shape.inBytes  ? "xi8"
              : shape.narrow ? "xbf16"
                             : "xf32") +
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
    std::string arguments = "(%q: " + q + ", %k: " + k + ", %v: " + v +
                            ", %y: " + y + ", %p: index, %keys: index",
                constants =
                    R"(
%c0 = arith.constant 0 : index
%c1 = arith.constant 1 : index
%c2 = arith.constant 2 : index
%c3 = arith.constant 3 : index
%sink = memref.get_global @sink : )" +
                    sink + "\n%vector = memref.get_global @vector : " + vector +
                    "\n";
    std::string attention = "kernel.attention %q, %k, %v" +
                            std::string(shape.drains ? " sink %sink" : "") +
                            (hasScore ? " with %vector" : "") +
                            " into %y row %c1 head %c2 position %p " +
                            (isCut ? "span %n to %states " : "") +
                            (shape.ring ? "ring %keys " : "") + "scale " +
                            std::to_string(scale) + shape.score +
                            shape.regions + " : " + q + ", " + k + ", " + v +
                            (shape.drains ? " sink " + sink : "") +
                            (hasScore ? " with " + vector : "") + " into " + y +
                            (isCut ? " to memref<?xf32>" : "") + "\n";
    std::string spans =
        R"(scf.for %turn = %c0 to %count step %c1 {
%after = arith.subi %count, %turn : index
%n = arith.subi %after, %c1 : index
)" + attention +
        "}\nkernel.merge_spans %states of %count" +
        (shape.drains ? " sink %sink" : "") + " into %y : memref<?xf32>" +
        (shape.drains ? " sink " + sink : "") + " into " + y + "\n";
    return "memref.global \"private\" constant @sink : " + sink + " = dense<[" +
           sinks +
           "]>\nmemref.global \"private\" constant @vector : " + vector +
           " = dense<[[" + elements + "]]>\nfunc.func @f" + arguments +
           (isCut ? ", %states: memref<?xf32>, %count: index" : "") +
           ") attributes {llvm.emit_c_interface} {" + constants +
           (isCut ? spans : attention) + "return\n}\n";
  }

  std::string target;
  std::unique_ptr<Program> program, cutProgram;
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

  /// Every query has the bits that it has alone, among others, with keys behind
  /// it that it does not admit, and with its keys cut into spans.
  void expectSameBits(Attention &attention, int64_t positions) {
    std::vector<float> whole = attention.run(0, positions, positions);
    std::mt19937 random(3);
    for (int64_t first = 0; first < positions;) {
      int64_t chunk =
          std::min<int64_t>(random() % 4 ? 1 + random() % 3 : 1 + random() % 90,
                            positions - first);
      std::vector<float> part =
          attention.run(first, chunk, first + chunk, random() % 2);
      ASSERT_EQ(0, std::memcmp(part.data(),
                               &whole[first * attention.resultStride()],
                               part.size() * sizeof(float)))
          << chunk << " queries from " << first;
      first += chunk;
    }
  }
};

} // namespace heddle::test

#endif // HEDDLE_TEST_MICROKERNELS_ATTENTIONFIXTURE_H
