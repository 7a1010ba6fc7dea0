//===- KernelBenchmark.cpp - kernels as a fraction of the machine's peak --===//
//
// Every figure stands beside the peak of fused multiply-adds measured around it
// in the same process, since clocks drift. `cold` walks through more copies of
// the weight than fit in any cache.
//
//===----------------------------------------------------------------------===//

#include "benchmark/benchmark.h"
#include "test/microkernels/Jit.h"
#include <chrono>
#include <cstdlib>
#include <vector>

using namespace heddle::test;

namespace {

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Floating-point operations a second that the vector unit does on registers
/// alone: independent chains of fma, about a millisecond of them.
class Peak {
public:
  explicit Peak(const std::string &target) {
    int lanes = target.starts_with("avx512") ? 16 : target == "avx2" ? 8 : 4;
    std::string type = "vector<" + std::to_string(lanes) + "xf32>";
    std::string starts, sums, types, body, yields, stores;
    for (int i = 0; i < chains; ++i) {
      std::string n = std::to_string(i), comma = i ? ", " : "";
      std::string place = "%x[%i" + n + "] : memref<?xf32>, " + type + "\n";
      starts += "%i" + n + " = arith.constant " + std::to_string(i * lanes) +
                " : index\n%z" + n + " = vector.load " + place;
      sums += comma + "%s" + n + " = %z" + n;
      types += comma + type;
      body += "%f" + n + " = vector.fma %z0, %z1, %s" + n + " : " + type + "\n";
      yields += comma + "%f" + n;
      stores += "vector.store %r#" + n + ", " + place;
    }
    program = Program::compile(
        "func.func @f(%x: memref<?xf32>, %n: index) attributes "
        "{llvm.emit_c_interface} {\n"
        "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n" +
            starts + "%r:12 = scf.for %i = %c0 to %n step %c1 iter_args(" +
            sums + ") -> (" + types + ") {\n" + body + "scf.yield " + yields +
            " : " + types + "\n}\n" + stores + "return\n}\n",
        target);
    function = reinterpret_cast<void (*)(Buffer<1> *, int64_t)>(
        program->find("_mlir_ciface_f"));
    operations = 2.0 * chains * lanes;
  }

  double measure() {
    alignas(64) float x[chains * 16] = {};
    Buffer<1> buffer = {x, x, 0, {chains * 16}, {1}};
    constexpr int64_t count = 300000;
    double start = now();
    function(&buffer, count);
    return operations * count / (now() - start);
  }

private:
  static constexpr int chains = 12;

  std::unique_ptr<Program> program;
  void (*function)(Buffer<1> *, int64_t);
  double operations;
};

void matmul(benchmark::State &state, int64_t rows, int64_t inputs,
            int64_t outputs, const char *activation, bool cold) {
  std::string target = runnableTargets().back();
  int64_t panels = (outputs + 31) / 32;
  std::string x = "memref<?x" + std::to_string(inputs) + "xf32>",
              w = "memref<" + std::to_string(panels) + "x" +
                  std::to_string(inputs) + "x32xf32>",
              b = "memref<" + std::to_string(outputs) + "xf32>",
              y = "memref<?x" + std::to_string(outputs) + "xf32>";
  auto program = Program::compile(
      "func.func @f(%x: " + x + ", %w: " + w + ", %b: " + b + ", %y: " + y +
          ") attributes {llvm.emit_c_interface} {\nkernel.matmul %x, %w bias "
          "%b into %y activation " +
          activation + " : " + x + ", " + w + " bias " + b + " into " + y +
          "\nreturn\n}\n",
      target);
  auto function =
      reinterpret_cast<void (*)(Buffer<2> *, Buffer<3> *, Buffer<1> *,
                                Buffer<2> *)>(program->find("_mlir_ciface_f"));
  int64_t weightElements = panels * inputs * 32;
  int64_t copies = cold ? (int64_t(384) << 20) / (weightElements * 4) + 1 : 1;
  auto *weights =
      static_cast<float *>(std::aligned_alloc(64, copies * weightElements * 4));
  for (int64_t i = 0; i < copies * weightElements; ++i)
    weights[i] = static_cast<float>(i % 13) / 100 - 0.05f;
  std::vector<float> xs(rows * inputs, 0.5f), ys(rows * outputs),
      bias(outputs, 0.1f);
  Buffer<2> bx = {xs.data(), xs.data(), 0, {rows, inputs}, {inputs, 1}},
            by = {ys.data(), ys.data(), 0, {rows, outputs}, {outputs, 1}};
  Buffer<1> bb = {bias.data(), bias.data(), 0, {outputs}, {1}};
  Peak peak(target);
  double fastest = 0, seconds = 0;
  int64_t copy = 0, calls = 0;
  for (auto _ : state) {
    if (calls % 16 == 0) {
      state.PauseTiming();
      fastest = std::max(fastest, peak.measure());
      state.ResumeTiming();
    }
    float *weight = weights + copy * weightElements;
    copy = (copy + 1) % copies;
    Buffer<3> bw = {
        weight, weight, 0, {panels, inputs, 32}, {inputs * 32, 32, 1}};
    double start = now();
    function(&bx, &bw, &bb, &by);
    seconds += now() - start;
    ++calls;
  }
  double operations = 2.0 * rows * inputs * outputs * calls;
  state.counters["GFLOP/s"] = operations / seconds / 1e9;
  state.counters["%peak"] = 100 * operations / seconds / fastest;
  state.counters["weight GB/s"] = 4.0 * weightElements * calls / seconds / 1e9;
  std::free(weights);
}

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
  Peak peak(target);
  double fastest = peak.measure(), seconds = 0;
  int64_t calls = 0;
  for (auto _ : state) {
    double start = now();
    function(&bq, &bk, &bv, &bo);
    seconds += now() - start;
    ++calls;
  }
  fastest = std::max(fastest, peak.measure());
  // Of a causal mask half the pairs count, and the diagonal.
  double pairs = causal ? tokens * (tokens + 1) / 2.0 : tokens * keys;
  double operations = 4.0 * pairs * heads * depth * calls;
  state.counters["GFLOP/s"] = operations / seconds / 1e9;
  state.counters["%peak"] = 100 * operations / seconds / fastest;
}

BENCHMARK_CAPTURE(matmul, 128x768x768, 128, 768, 768, "none", false);
BENCHMARK_CAPTURE(matmul, 128x768x768_cold, 128, 768, 768, "none", true);
BENCHMARK_CAPTURE(matmul, 128x768x3072_gelu, 128, 768, 3072, "gelu", false);
BENCHMARK_CAPTURE(matmul, 128x768x3072_gelu_cold, 128, 768, 3072, "gelu", true);
BENCHMARK_CAPTURE(matmul, 128x3072x768, 128, 3072, 768, "none", false);
BENCHMARK_CAPTURE(matmul, 128x384x1536_gelu, 128, 384, 1536, "gelu", false);
BENCHMARK_CAPTURE(matmul, 1024x768x768, 1024, 768, 768, "none", false);
BENCHMARK_CAPTURE(matmul, 16x768x768_cold, 16, 768, 768, "none", true);
BENCHMARK_CAPTURE(matmul, 4x768x768_cold, 4, 768, 768, "none", true);
BENCHMARK_CAPTURE(matmul, 1x768x768_cold, 1, 768, 768, "none", true);
BENCHMARK_CAPTURE(attention, 64_128x128, 1, 64, 128, 128, false);
BENCHMARK_CAPTURE(attention, 32_128x128, 1, 32, 128, 128, false);
BENCHMARK_CAPTURE(attention, 64_512x512, 1, 64, 512, 512, false);
BENCHMARK_CAPTURE(attention, 64_512x512_causal, 1, 64, 512, 512, true);
BENCHMARK_CAPTURE(attention, 64_1x512, 1, 64, 1, 512, false);
BENCHMARK_CAPTURE(attention, 4x64_1x512, 4, 64, 1, 512, false);

} // namespace

BENCHMARK_MAIN();
