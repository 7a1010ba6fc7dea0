//===- MatmulBenchmark.cpp - products as a fraction of the machine's peak -===//
//
// `cold` walks through more copies of the weight than fit in any cache. A
// figure is the tenth percentile of all calls: what the code does while no
// other process interferes.
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"
#include "benchmark/benchmark.h"
#include <algorithm>
#include <cstdlib>

using namespace heddle::test;

namespace {

struct Cell {
  int64_t rows, inputs, outputs;
  /// Of x and the weight, or of a weight that x of f32 meets: `stored_f16`.
  std::string type = "f32", activation = "none";
  bool cold = false;
  /// Empty: the best of this machine.
  std::string target = "";

  std::string name() const {
    std::string text = "matmul/" + (target.empty() ? "" : target + "/") + type +
                       "/" + std::to_string(rows) + "x" +
                       std::to_string(inputs) + "x" + std::to_string(outputs);
    if (activation != "none")
      text += "_" + activation;
    return cold ? text + "_cold" : text;
  }
};

const Cell cells[] = {
    {128, 768, 768},
    {128, 768, 768, "f32", "none", true},
    {128, 768, 3072, "f32", "gelu"},
    {128, 768, 3072, "f32", "gelu", true},
    {128, 3072, 768},
    {128, 3072, 768, "f32", "none", true},
    {128, 384, 1536, "f32", "gelu"},
    {1024, 768, 768},
    {24, 768, 768, "f32", "none", true},
    {16, 768, 768, "f32", "none", true},
    {16, 2048, 2048, "f32", "none", true},
    {12, 768, 768, "f32", "none", true},
    {8, 768, 768, "f32", "none", true},
    {4, 768, 768, "f32", "none", true},
    {2, 768, 768, "f32", "none", true},
    {1, 768, 768, "f32", "none", true},
    {128, 768, 768, "bf16"},
    {128, 768, 768, "bf16", "none", true},
    {128, 768, 3072, "bf16", "gelu"},
    {128, 3072, 768, "bf16"},
    {128, 3072, 768, "bf16", "none", true},
    {128, 4096, 4096, "bf16", "none", true},
    {1024, 768, 768, "bf16"},
    {16, 2048, 2048, "bf16", "none", true},
    {8, 2048, 2048, "bf16", "none", true},
    {4, 2048, 2048, "bf16", "none", true},
    {2, 2048, 2048, "bf16", "none", true},
    {1, 2048, 2048, "bf16", "none", true},
    {128, 768, 768, "stored_bf16"},
    {128, 768, 768, "stored_bf16", "none", true},
    {128, 3072, 768, "stored_bf16"},
    {128, 2048, 2048, "f32", "none", true},
    {128, 2048, 2048, "stored_bf16", "none", true},
    {8, 2048, 2048, "f32", "none", true},
    {8, 2048, 2048, "stored_bf16", "none", true},
    {16, 2048, 2048, "stored_bf16", "none", true},
    {4, 2048, 2048, "stored_bf16", "none", true},
    {2, 2048, 2048, "stored_bf16", "none", true},
    {1, 2048, 2048, "stored_bf16", "none", true},
    {128, 768, 768, "stored_f16"},
    {128, 2048, 2048, "stored_f16", "none", true},
    {4, 2048, 2048, "stored_f16", "none", true},
    {1, 2048, 2048, "stored_f16", "none", true},
    {128, 768, 768, "f32", "none", false, "avx2"},
    {128, 768, 768, "f32", "none", true, "avx2"},
    {128, 768, 3072, "f32", "gelu", false, "avx2"},
    {128, 3072, 768, "f32", "none", false, "avx2"},
    {1, 768, 768, "f32", "none", true, "avx2"},
    {128, 768, 768, "bf16", "none", false, "avx2"},
    {1, 768, 768, "bf16", "none", true, "avx2"},
    {128, 768, 768, "stored_bf16", "none", false, "avx2"},
    {1, 768, 768, "stored_bf16", "none", true, "avx2"},
    {128, 768, 768, "stored_f16", "none", false, "avx2"},
    {1, 768, 768, "stored_f16", "none", true, "avx2"},
    {128, 768, 768, "bf16", "none", false, "avx512"},
};

/// A kernel.matmul with bias, and its operands.
class Product {
public:
  explicit Product(const Cell &cell) : cell(cell) {
    llvm::StringRef element = cell.type;
    std::string ofX = element.consume_front("stored_") ? "f32" : cell.type;
    bool bf16 = element == "bf16";
    auto text = [](int64_t number) { return std::to_string(number); };
    int64_t panels = (cell.outputs + 31) / 32,
            steps = bf16 ? (cell.inputs + 1) / 2 : cell.inputs;
    std::string x = "memref<?x" + text(cell.inputs) + "x" + ofX + ">",
                w = "memref<" + text(panels) + "x" + text(steps) +
                    (bf16 ? "x32x2x" : "x32x") + element.str() + ">",
                b = "memref<" + text(cell.outputs) + "xf32>",
                y = "memref<?x" + text(cell.outputs) + "xf32>";
    program = Program::compile(
        "func.func @f(%x: " + x + ", %w: " + w + ", %b: " + b + ", %y: " + y +
            ") attributes {llvm.emit_c_interface} {\nkernel.matmul %x, %w bias "
            "%b into %y" +
            epilogueText(cell.activation) + " : " + x + ", " + w + " bias " +
            b + " into " + y + "\nreturn\n}\n",
        cell.target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
    weightBytes = panels * steps * 32 * (element == "f16" ? 2 : 4);
    copies = cell.cold ? (int64_t(384) << 20) / weightBytes + 1 : 1;
    // Words that are small numbers, of every type.
    weights = words(copies * weightBytes / 4);
    xs = words(cell.rows * cell.inputs);
    ys = words(cell.rows * cell.outputs);
    bias = words(cell.outputs);
  }
  ~Product() {
    for (float *memory : {weights, xs, ys, bias})
      std::free(memory);
  }

  void run() {
    Buffer<2, void> x = {xs, xs, 0, {cell.rows, cell.inputs}, {cell.inputs, 1}};
    Buffer<2> y = {ys, ys, 0, {cell.rows, cell.outputs}, {cell.outputs, 1}};
    Buffer<1> b = {bias, bias, 0, {cell.outputs}, {1}};
    char *weight = reinterpret_cast<char *>(weights) + copy * weightBytes;
    Buffer<4, void> w = {weight, weight, 0, {}, {}}; // its shape is static
    copy = (copy + 1) % copies;
    function(&x, &w, &b, &y);
  }

  /// The speed at which memory is read where no cache has it, of which half of
  /// the copies behind the one that is next are far.
  double memoryPeakNow() const {
    auto *old = reinterpret_cast<const uint8_t *>(weights) +
                (copy + copies / 2) % copies * weightBytes;
    return memoryPeak(old, old + weightBytes);
  }

  int64_t weightBytes;

private:
  using Function = void(Buffer<2, void> *, Buffer<4, void> *, Buffer<1> *,
                        Buffer<2> *);

  static float *words(int64_t count) {
    auto *memory = static_cast<float *>(
        std::aligned_alloc(64, (count * 4 + 63) / 64 * 64));
    std::fill_n(memory, count,
                0.0629427f); // in bf16 about 0.0625 twice, in f16 -2100 and 1.4
    return memory;
  }

  const Cell &cell;
  std::unique_ptr<Program> program;
  Function *function;
  float *weights, *xs, *ys, *bias;
  int64_t copies, copy = 0;
};

void measure(benchmark::State &state, Cell cell) {
  if (cell.target.empty())
    cell.target = runnableTargets().back();
  Product product(cell);
  bool dots = cell.type == "bf16" &&
              llvm::StringRef(cell.target).contains("+bf16+vnni");
  Peak peak(dots ? Peak::Kind::DotBf16 : Peak::Kind::MultiplyAdd, cell.target);
  std::vector<double> seconds;
  double fastest = 0, memory = 0;
  for (auto _ : state) {
    if (seconds.size() % 16 == 0) {
      state.PauseTiming();
      fastest = peak.measure();
      if (cell.cold)
        memory = std::max(memory, product.memoryPeakNow());
      state.ResumeTiming();
    }
    double start = secondsNow();
    product.run();
    seconds.push_back(secondsNow() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  double time = seconds[seconds.size() / 10];
  double rate = 2.0 * cell.rows * cell.inputs * cell.outputs / time;
  state.counters["GFLOP/s"] = rate / 1e9;
  state.counters["%peak"] = 100 * rate / fastest;
  state.counters["weight GB/s"] = product.weightBytes / time / 1e9;
  if (cell.cold)
    state.counters["%limit"] = std::max(
        100 * rate / fastest, 100 * product.weightBytes / time / memory);
}

const bool registered = [] {
  for (const Cell &cell : cells)
    if (cell.target.empty() ||
        llvm::is_contained(runnableTargets(), cell.target))
      benchmark::RegisterBenchmark(cell.name().c_str(), measure, cell);
  return true;
}();

} // namespace
