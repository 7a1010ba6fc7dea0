//===- KernelBenchmark.cpp - kernels as a fraction of the machine's peak --===//
//
// Every figure stands beside the peak of fused multiply-adds measured around it
// in the same process, since clocks drift. `cold` walks through more copies of
// the weight than fit in any cache.
//
//===----------------------------------------------------------------------===//

#include "Peak.h"
#include "benchmark/benchmark.h"
#include <vector>

using namespace heddle::test;

namespace {

/// One key head and the query heads that share it.
void attention(benchmark::State &state, int64_t heads, int64_t depth,
               int64_t tokens, int64_t keys, bool causal) {
  std::string target = runnableTargets().back();
  std::string d = std::to_string(depth), matrix = "memref<?x" + d + "xf32>",
              cube = "memref<?x" + std::to_string(heads) + "x" + d + "xf32>";
  auto program = Program::compile(
      "func.func @f(%q: " + cube + ", %k: " + matrix + ", %v: " + matrix +
          ", %o: " + cube +
          ") attributes {llvm.emit_c_interface} {\n%z = arith.constant 0 : "
          "index\n%one = arith.constant 1 : index\n"
          "kernel.attention %q, %k, %v into %o row %z head %z position %z "
          "scale 0.125 " +
          (causal ? "keys {\n^bb0(%r: index, %h: index, %i: index):\n"
                    "%e = arith.addi %i, %one : index\n"
                    "kernel.yield %z, %e : index, index\n}"
                  : "") +
          " : " + cube + ", " + matrix + ", " + matrix + " into " + cube +
          "\nreturn\n}\n",
      target);
  auto function =
      reinterpret_cast<void (*)(Buffer<3> *, Buffer<2> *, Buffer<2> *,
                                Buffer<3> *)>(program->find("_mlir_ciface_f"));
  std::vector<float> q(tokens * heads * depth, 0.1f), k(keys * depth, 0.2f),
      v(keys * depth, 0.3f), o(tokens * heads * depth);
  auto cubeOf = [&](std::vector<float> &data) {
    return Buffer<3>{data.data(),
                     data.data(),
                     0,
                     {tokens, heads, depth},
                     {heads * depth, depth, 1}};
  };
  auto matrixOf = [&](std::vector<float> &data) {
    return Buffer<2>{data.data(), data.data(), 0, {keys, depth}, {depth, 1}};
  };
  Buffer<3> bq = cubeOf(q), bo = cubeOf(o);
  Buffer<2> bk = matrixOf(k), bv = matrixOf(v);
  Peak peak(Peak::Kind::MultiplyAdd, target);
  double fastest = peak.measure(), seconds = 0;
  int64_t calls = 0;
  for (auto _ : state) {
    double start = secondsNow();
    function(&bq, &bk, &bv, &bo);
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

BENCHMARK_CAPTURE(attention, 64_128x128, 1, 64, 128, 128, false);
BENCHMARK_CAPTURE(attention, 32_128x128, 1, 32, 128, 128, false);
BENCHMARK_CAPTURE(attention, 64_512x512, 1, 64, 512, 512, false);
BENCHMARK_CAPTURE(attention, 64_512x512_causal, 1, 64, 512, 512, true);
BENCHMARK_CAPTURE(attention, 64_1x512, 1, 64, 1, 512, false);
BENCHMARK_CAPTURE(attention, 4x64_1x512, 4, 64, 1, 512, false);

} // namespace

BENCHMARK_MAIN();
