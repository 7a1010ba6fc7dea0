//===- KernelBenchmark.cpp - kernels as a fraction of the machine's peak --===//
//
// Every figure stands beside the peak of fused multiply-adds measured around it
// in the same process, since clocks drift. `cold` walks through more copies of
// the weight than fit in any cache.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"
#include "benchmark/benchmark.h"
#include "compiler/microkernels/Tuning.h"
#include "dialects/kernel/KeptRow.h"
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace heddle::test;
namespace tuning = heddle::microkernels::tuning;

namespace {

/// How keys and values are kept.
enum class Kept { F32, BF16, Q8 };

int64_t rowBytesOf(Kept kept, int64_t depth) {
  return kept == Kept::Q8 ? heddle::kernel::KeptRow::bytes(depth)
                          : depth * (kept == Kept::BF16 ? 2 : 4);
}

/// Of a row as a memref has it.
int64_t elementsOf(Kept kept, int64_t depth) {
  return kept == Kept::Q8 ? rowBytesOf(kept, depth) : depth;
}

void fillRow(uint8_t *row, Kept kept, int64_t depth) {
  if (kept == Kept::BF16)
    std::fill_n(reinterpret_cast<uint16_t *>(row), depth, 0x3e4c);
  else if (kept == Kept::F32)
    std::fill_n(reinterpret_cast<float *>(row), depth, 0.2f);
  else {
    constexpr float scale = 0.2f / 127;
    std::fill_n(row, depth, 127);
    std::memcpy(row + depth, &scale, sizeof scale);
  }
}

/// One key head and the query heads that share it.
std::unique_ptr<Program> attentionProgram(int64_t heads, int64_t depth,
                                          Kept kept, bool causal,
                                          const std::string &target) {
  static const char *const types[] = {"f32", "bf16", "i8"};
  std::string d = std::to_string(depth),
              row = std::to_string(elementsOf(kept, depth)),
              matrix = "memref<?x" + row + "x" + types[int(kept)] +
                       ", strided<[" + row + ", 1]>>",
              cube = "memref<?x" + std::to_string(heads) + "x" + d + "xf32>";
  return Program::compile(
      "func.func @f(%q: " + cube + ", %k: " + matrix + ", %v: " + matrix +
          ", %o: " + cube +
          ", %first: index) attributes {llvm.emit_c_interface} {\n"
          "%z = arith.constant 0 : index\n%one = arith.constant 1 : index\n"
          "kernel.attention %q, %k, %v into %o row %z head %z position %first "
          "scale 0.125 " +
          (causal ? "keys {\n^bb0(%r: index, %h: index, %i: index):\n"
                    "%e = arith.addi %i, %one : index\n"
                    "kernel.yield %z, %e : index, index\n}"
                  : "") +
          " : " + cube + ", " + matrix + ", " + matrix + " into " + cube +
          "\nreturn\n}\n",
      target);
}

using AttentionFunction = void(Buffer<3> *, Buffer<2, void> *,
                               Buffer<2, void> *, Buffer<3> *, int64_t);

struct Prompt {
  int64_t heads, depth, tokens, keys;
  bool causal;
  bool narrow = false; // keys and values are bf16
};

/// A prompt's attention to one key head, in the tasks that programs have.
void attention(benchmark::State &state, Prompt shape) {
  std::string target = runnableTargets().back();
  auto [heads, depth, tokens, keys, causal, narrow] = shape;
  auto program = attentionProgram(heads, depth, narrow ? Kept::BF16 : Kept::F32,
                                  causal, target);
  auto function =
      reinterpret_cast<AttentionFunction *>(program->find("_mlir_ciface_f"));
  std::vector<float> q(tokens * heads * depth, 0.1f), k(keys * depth, 0.2f),
      v(keys * depth, 0.3f), o(tokens * heads * depth);
  std::vector<uint16_t> narrowK(k.size(), 0x3e4c), narrowV(v.size(), 0x3e99);
  auto cubeOf = [&](std::vector<float> &data, int64_t first, int64_t count) {
    float *at = &data[first * heads * depth];
    return Buffer<3>{
        at, at, 0, {count, heads, depth}, {heads * depth, depth, 1}};
  };
  auto matrixOf = [&](void *data) {
    return Buffer<2, void>{data, data, 0, {keys, depth}, {depth, 1}};
  };
  Buffer<2, void> bk = matrixOf(narrow ? (void *)narrowK.data() : k.data()),
                  bv = matrixOf(narrow ? (void *)narrowV.data() : v.data());
  int64_t share = std::max<int64_t>(tuning::attentionQueries / heads, 1);
  Peak peak(Peak::Kind::MultiplyAdd, target);
  double fastest = peak.measure(), seconds = 0;
  int64_t calls = 0;
  for (auto _ : state) {
    double start = secondsNow();
    for (int64_t first = 0; first < tokens; first += share) {
      int64_t count = std::min(share, tokens - first);
      Buffer<3> bq = cubeOf(q, first, count), bo = cubeOf(o, first, count);
      function(&bq, &bk, &bv, &bo, first);
    }
    seconds += secondsNow() - start;
    ++calls;
  }
  fastest = std::max(fastest, peak.measure());
  // Of a causal mask half the pairs count, and the diagonal.
  double pairs = causal ? tokens * (tokens + 1) / 2.0 : tokens * keys;
  double operations = 4.0 * pairs * heads * depth * calls;
  state.counters["GFLOP/s"] = operations / seconds / 1e9;
  state.counters["%peak"] = 100 * operations / seconds / fastest;
}

struct Decoding {
  int64_t keyHeads, heads, depth, keys; // `heads` share a key head
  Kept kept = Kept::F32;
};

/// One token's attention in one layer, key head by key head. `cold` takes
/// another layer each time, more of them than fit in any cache. The limit is
/// reading the keys and values from memory.
void decode(benchmark::State &state, Decoding shape, bool cold) {
  std::string target = runnableTargets().back();
  auto [keyHeads, heads, depth, keys, kept] = shape;
  auto program = attentionProgram(heads, depth, kept, true, target);
  auto function =
      reinterpret_cast<AttentionFunction *>(program->find("_mlir_ciface_f"));
  // As a session keeps them: [G, capacity, K].
  int64_t capacity = std::max<int64_t>(1024, keys),
          rowBytes = rowBytesOf(kept, depth), row = elementsOf(kept, depth),
          read = 2 * keyHeads * keys * rowBytes,
          layers = cold ? (int64_t(400) << 20) / read + 1 : 1;
  auto startOf = [&](int64_t layer, int64_t head, bool values) {
    return ((2 * layer + values) * keyHeads + head) * capacity * rowBytes;
  };
  std::unique_ptr<uint8_t, decltype(&std::free)> memory(
      static_cast<uint8_t *>(
          std::aligned_alloc(4096, startOf(layers, 0, false))),
      &std::free);
  for (int64_t head = 0; head < 2 * layers * keyHeads; ++head)
    for (int64_t key = 0; key < keys; ++key)
      fillRow(memory.get() + startOf(0, head, false) + key * rowBytes, kept,
              depth);
  std::vector<float> others(cold ? 16 << 20 : 0, 0.5f),
      q(keyHeads * heads * depth, 0.1f), o(q.size());
  Comparison comparison;
  int64_t layer = 0;
  std::vector<double> times;
  for (auto _ : state) {
    state.PauseTiming();
    auto probed = reinterpret_cast<const uint8_t *>(others.data());
    double limit =
        cold ? memoryPeak(probed, probed + others.size() * sizeof(float)) : 1e9;
    state.ResumeTiming();
    double start = secondsNow();
    for (int64_t head = 0; head < keyHeads; ++head) {
      uint8_t *k = memory.get() + startOf(layer, head, false),
              *v = memory.get() + startOf(layer, head, true);
      Buffer<3> bq = {&q[head * heads * depth],
                      &q[head * heads * depth],
                      0,
                      {1, heads, depth},
                      {heads * depth, depth, 1}};
      Buffer<3> bo = bq;
      bo.data = &o[head * heads * depth];
      Buffer<2, void> bk = {k, k, 0, {keys, row}, {row, 1}},
                      bv = {v, v, 0, {keys, row}, {row, 1}};
      function(&bq, &bk, &bv, &bo, keys - 1);
    }
    times.push_back(secondsNow() - start);
    comparison.add(limit, static_cast<double>(read), times.back());
    layer = (layer + 1) % layers;
  }
  if (cold)
    comparison.report(state, "B");
  std::nth_element(times.begin(), times.begin() + times.size() / 2,
                   times.end());
  state.counters["us/head"] =
      times[times.size() / 2] * 1e6 / static_cast<double>(keyHeads);
}

#define ATTENTION(name, ...)                                                   \
  BENCHMARK_CAPTURE(attention, name, Prompt{__VA_ARGS__})
ATTENTION(64_128x128, 1, 64, 128, 128, false);
ATTENTION(32_128x128, 1, 32, 128, 128, false);
ATTENTION(64_512x512, 1, 64, 512, 512, false);
ATTENTION(64_512x512_causal, 1, 64, 512, 512, true);
ATTENTION(64_128x128_causal, 1, 64, 128, 128, true);
// Long prompts: one query head, three as SmolLM2, eight as Llama 3 70B.
#define PROMPT(tokens)                                                         \
  ATTENTION(1x32_##tokens##_causal, 1, 32, tokens, tokens, true);              \
  ATTENTION(1x64_##tokens##_causal, 1, 64, tokens, tokens, true);              \
  ATTENTION(3x64_##tokens##_causal, 3, 64, tokens, tokens, true);              \
  ATTENTION(3x64_##tokens##_causal_bf16, 3, 64, tokens, tokens, true, true);   \
  ATTENTION(8x128_##tokens##_causal, 8, 128, tokens, tokens, true);            \
  ATTENTION(8x128_##tokens##_causal_bf16, 8, 128, tokens, tokens, true, true)
PROMPT(2048);
PROMPT(8192);

// GPT-2's shape, Llama 1.1B's, Llama 3 8B's, SmolLM2's, Llama 3 70B's.
#define DECODE(name, keyHeads, heads, depth, keys, ...)                        \
  BENCHMARK_CAPTURE(decode, name##_##keys##_hot,                               \
                    Decoding{keyHeads, heads, depth, keys, ##__VA_ARGS__},     \
                    false);                                                    \
  BENCHMARK_CAPTURE(decode, name##_##keys##_cold,                              \
                    Decoding{keyHeads, heads, depth, keys, ##__VA_ARGS__},     \
                    true)
DECODE(12x1x64, 12, 1, 64, 30);
DECODE(12x1x64, 12, 1, 64, 128);
DECODE(12x1x64, 12, 1, 64, 1024);
DECODE(4x8x64, 4, 8, 64, 30);
DECODE(4x8x64, 4, 8, 64, 128);
DECODE(4x8x64, 4, 8, 64, 1024);
DECODE(4x8x64, 4, 8, 64, 4096);
DECODE(8x4x128, 8, 4, 128, 128);
DECODE(8x4x128, 8, 4, 128, 1024);
DECODE(12x1x64, 12, 1, 64, 8192);
DECODE(3x3x64, 3, 3, 64, 8192);
DECODE(3x3x64_bf16, 3, 3, 64, 8192, Kept::BF16);
DECODE(8x4x128, 8, 4, 128, 8192);
DECODE(8x4x128_bf16, 8, 4, 128, 8192, Kept::BF16);
DECODE(2x8x128, 2, 8, 128, 8192);
DECODE(2x8x128_bf16, 2, 8, 128, 8192, Kept::BF16);
DECODE(3x3x64_q8, 3, 3, 64, 2048, Kept::Q8);
DECODE(3x3x64_q8, 3, 3, 64, 8192, Kept::Q8);
DECODE(4x8x64_q8, 4, 8, 64, 8192, Kept::Q8);
DECODE(8x4x128_q8, 8, 4, 128, 8192, Kept::Q8);

} // namespace

BENCHMARK_MAIN();
