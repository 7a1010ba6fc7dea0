//===- ByteBenchmark.cpp - quantised products beside the machine's limits -===//
//
// Products with quantised weights as a share of the peak of byte dot products,
// or of the speed at which this process reads memory, whichever takes longer,
// both measured between the runs: clocks drift and neighbours come and go.
// Printed are the median and the
// best share, and the median of the limit. `cold` walks through more copies of
// the weight than fit in any cache.
//
//===----------------------------------------------------------------------===//

#include "benchmark/benchmark.h"
#include "dialects/kernel/Layout.h"
#include "test/benchmark/Comparison.h"
#include <cstdlib>
#include <vector>

using namespace heddle::test;
using heddle::kernel::MatrixShape;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedLayout;
using heddle::kernel::PackedType;
using heddle::kernel::QuantisedRow;

namespace {

/// Operations a second of vpdpbusd on registers; 0 where there is none.
double dotPeak(const std::string &target) {
#ifdef __x86_64__
  if (!llvm::StringRef(target).contains("vnni"))
    return 0;
  constexpr long count = 60'000;
  double start = secondsNow();
  long left = count;
  asm volatile("1:\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm0\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm1\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm2\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm3\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm4\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm5\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm6\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm7\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm8\n"
               "vpdpbusd %%zmm30, %%zmm31, %%zmm9\n"
               "dec %0\njnz 1b\n"
               : "+r"(left)
               :
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                 "xmm8", "xmm9", "xmm30", "xmm31", "cc");
  return count * 10 * 128.0 / (secondsNow() - start);
#else
  return 0;
#endif
}

struct Product {
  PackedType type;
  int64_t rows, inputs, outputs;
  bool gated = false;
  bool wide = false;
};

/// A packed weight and quantised rows: any bytes do, but scales are ones.
struct Operands {
  PackedLayout layout;
  MatrixShape matrix;
  QuantisedRow row;
  int64_t bytes, copies;
  uint8_t *weights, *x;
  std::vector<float> y;

  Operands(const Product &product, bool cold)
      : layout(PackedLayout::ofProduct(product.type, false, {}, product.gated)),
        matrix{product.outputs * (product.gated ? 2 : 1), product.inputs},
        row(QuantisedRow::of(product.type, product.inputs, product.wide)),
        bytes(layout.packedBytes(matrix)),
        copies(cold ? (int64_t(400) << 20) / bytes + 1 : 1),
        weights(allocate(copies * bytes)),
        x(allocate(product.rows * row.bytes())),
        y(product.rows * product.outputs) {
    for (int64_t i = 0; i < copies * bytes; ++i)
      weights[i] = static_cast<uint8_t>(i * 7 % 31);
    for (int64_t i = 0; i < product.rows * row.bytes(); ++i)
      x[i] = static_cast<uint8_t>(i * 5 % 29);
  }
  ~Operands() {
    std::free(weights);
    std::free(x);
  }
  static uint8_t *allocate(int64_t bytes) {
    return static_cast<uint8_t *>(
        std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096));
  }
};

std::string moduleText(const Product &product, const Operands &operands) {
  std::string rows =
                  "memref<?x" + std::to_string(operands.row.bytes()) + "xi8>",
              y = "memref<?x" + std::to_string(product.outputs) + "xf32>",
              panels =
                  "memref<" +
                  std::to_string(operands.layout.panelCount(operands.matrix)) +
                  "x" +
                  std::to_string(operands.layout.panelBytes(operands.matrix)) +
                  "xi8>";
  return "func.func @f(%x: " + rows + ", %w: " + panels + ", %y: " + y +
         ") attributes {llvm.emit_c_interface} {\nkernel.matmul " +
         (product.gated ? "paired " : "") + "%x, %w into %y layout <\"" +
         operands.layout.asString() + "\"> inputs " +
         std::to_string(product.inputs) + (product.wide ? " wide" : "") +
         epilogueText(product.gated ? "silu" : "none", product.gated) + " : " +
         rows + ", " + panels + " into " + y + "\nreturn\n}\n";
}

void bytes(benchmark::State &state, Product product, bool cold) {
  std::string target = runnableTargets().back();
  Operands operands(product, cold);
  auto program = Program::compile(moduleText(product, operands), target);
  auto function =
      reinterpret_cast<void (*)(Buffer<2, uint8_t> *, Buffer<2, uint8_t> *,
                                Buffer<2> *)>(program->find("_mlir_ciface_f"));
  int64_t rowBytes = operands.row.bytes();
  Buffer<2, uint8_t> x = {
      operands.x, operands.x, 0, {product.rows, rowBytes}, {rowBytes, 1}};
  Buffer<2> y = {operands.y.data(),
                 operands.y.data(),
                 0,
                 {product.rows, product.outputs},
                 {product.outputs, 1}};
  auto bytes = static_cast<double>(operands.bytes);
  double operations =
      2.0 * product.rows * operands.matrix.outputs * product.inputs;
  bool isMemoryBound = false;
  Comparison comparison;
  int64_t calls = 0;
  for (auto _ : state) {
    uint8_t *weight =
        operands.weights + calls % operands.copies * operands.bytes;
    // The part of the copies that is used next-to-last is no longer cached.
    uint8_t *old = operands.weights + (calls + operands.copies / 2) %
                                          operands.copies * operands.bytes;
    state.PauseTiming();
    double memory = cold ? memoryPeak(old, old + operands.bytes) : 0,
           peak = dotPeak(target);
    isMemoryBound = cold && bytes / memory > operations / peak;
    state.ResumeTiming();
    Buffer<2, uint8_t> w = {weight, weight, 0, {}, {}};
    double start = secondsNow();
    function(&x, &w, &y);
    comparison.add(isMemoryBound ? memory : peak,
                   isMemoryBound ? bytes : operations, secondsNow() - start);
    ++calls;
  }
  comparison.report(state, isMemoryBound ? "B" : "op");
}

void narrow(benchmark::State &state, bool grouped, int64_t rows,
            int64_t inputs) {
  QuantisedRow row = {inputs, grouped ? 32 : 0};
  std::string x = "memref<?x" + std::to_string(inputs) + "xf32>",
              to = "memref<?x" + std::to_string(row.bytes()) + "xi8>";
  auto program = Program::compile(
      "func.func @f(%x: " + x + ", %rows: " + to +
          ") attributes {llvm.emit_c_interface} {\nkernel.narrow %x into "
          "%rows " +
          (grouped ? "group 32 " : "") + ": " + x + " into " + to +
          "\nreturn\n}\n",
      runnableTargets().back());
  auto function = reinterpret_cast<void (*)(Buffer<2> *, Buffer<2, uint8_t> *)>(
      program->find("_mlir_ciface_f"));
  std::vector<float> from(rows * inputs, 0.5f);
  std::vector<uint8_t> bytes(rows * row.bytes());
  Buffer<2> bx = {from.data(), from.data(), 0, {rows, inputs}, {inputs, 1}};
  Buffer<2, uint8_t> by = {
      bytes.data(), bytes.data(), 0, {rows, row.bytes()}, {row.bytes(), 1}};
  for (auto _ : state)
    function(&bx, &by);
  state.counters["elements/s"] =
      benchmark::Counter(static_cast<double>(rows * inputs),
                         benchmark::Counter::kIsIterationInvariantRate);
}

constexpr PackedType i8 = PackedType::I8, q8 = PackedType::Q8,
                     q4 = PackedType::Q4;

BENCHMARK_CAPTURE(bytes, i8_128x768x768, {i8, 128, 768, 768}, false);
BENCHMARK_CAPTURE(bytes, i8_128x768x768_cold, {i8, 128, 768, 768}, true);
BENCHMARK_CAPTURE(bytes, i8_128x3072x768_cold, {i8, 128, 3072, 768}, true);
BENCHMARK_CAPTURE(bytes, i8_16x768x768_cold, {i8, 16, 768, 768}, true);
BENCHMARK_CAPTURE(bytes, i8_8x2048x2048_cold, {i8, 8, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, i8_4x2048x2048_cold, {i8, 4, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, i8_1x768x768_cold, {i8, 1, 768, 768}, true);
BENCHMARK_CAPTURE(bytes, q8_128x768x768, {q8, 128, 768, 768}, false);
BENCHMARK_CAPTURE(bytes, q8_128x768x768_cold, {q8, 128, 768, 768}, true);
BENCHMARK_CAPTURE(bytes, q8_128x2048x2048_cold, {q8, 128, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_128x2048x5632_gated_cold,
                  {q8, 128, 2048, 5632, true}, true);
BENCHMARK_CAPTURE(bytes, q8_128x5632x2048_cold, {q8, 128, 5632, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_32x2048x2048_cold, {q8, 32, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_16x2048x2048_cold, {q8, 16, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_8x2048x2048_cold, {q8, 8, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_4x2048x2048_cold, {q8, 4, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_2x2048x2048_cold, {q8, 2, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_1x2048x2048_cold, {q8, 1, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_1x2048x11264_cold, {q8, 1, 2048, 11264}, true);
BENCHMARK_CAPTURE(bytes, q4_1x2048x11264_cold, {q4, 1, 2048, 11264}, true);
BENCHMARK_CAPTURE(bytes, q4_1x2048x5632_gated_cold, {q4, 1, 2048, 5632, true},
                  true);
BENCHMARK_CAPTURE(bytes, q8_1x5632x2048_cold, {q8, 1, 5632, 2048}, true);
BENCHMARK_CAPTURE(bytes, q8_1x2048x5632_gated_cold, {q8, 1, 2048, 5632, true},
                  true);
BENCHMARK_CAPTURE(bytes, q4_128x768x768, {q4, 128, 768, 768}, false);
BENCHMARK_CAPTURE(bytes, q4_128x2048x2048_cold, {q4, 128, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q4_16x2048x2048_cold, {q4, 16, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q4_8x2048x2048_cold, {q4, 8, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q4_4x2048x2048_cold, {q4, 4, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q4_2x2048x2048_cold, {q4, 2, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q4_1x2048x2048_cold, {q4, 1, 2048, 2048}, true);
BENCHMARK_CAPTURE(bytes, q4_1x5632x2048_cold, {q4, 1, 5632, 2048}, true);
BENCHMARK_CAPTURE(narrow, row_128x768, false, 128, 768);
BENCHMARK_CAPTURE(narrow, groups_128x2048, true, 128, 2048);

/// Every type with groups: a token and a prompt, rows of 8 and of 16 bits.
[[maybe_unused]] const bool areRegistered = [] {
  for (const PackedFormat &format : heddle::kernel::packedFormats())
    for (bool wide : {false, true})
      for (int64_t rows : {1, 128}) {
        if (!format.isGrouped())
          continue;
        std::string name = "bytes/of_" + format.name.str() +
                           (wide ? "_int16_" : "_int8_") +
                           std::to_string(rows) + "x2048x2048_cold";
        benchmark::RegisterBenchmark(name.c_str(), bytes,
                                     Product{.type = format.type,
                                             .rows = rows,
                                             .inputs = 2048,
                                             .outputs = 2048,
                                             .wide = wide},
                                     true);
      }
  return true;
}();

} // namespace
