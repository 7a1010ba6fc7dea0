// What this machine offers to the process: instruction sets and cores.
#ifndef HEDDLE_RUNTIME_CPU_H
#define HEDDLE_RUNTIME_CPU_H

#include <cstdint>

namespace heddle::runtime {

/// What of an x86-64 level (0, or 2 to 4) and of features, named as LLVM names
/// them and separated by commas, this machine and its operating system lack, or
/// null if nothing is missing: `x86-64-v4 (AVX-512)`, `avx512bf16`. Names that
/// are not known here are taken to be present.
const char *missingCpuFeature(uint32_t level, const char *features);

/// How many threads can work at full speed: the cores (not the hyper-threads)
/// that the affinity mask admits, at most the CPU quota of the control group.
int32_t availableCores();

/// Arithmetic as IEEE 754 has it (rounding to nearest, subnormals kept) for one
/// scope, whatever mode the host program computes in: results are the same
/// bits in every process and on every thread.
class StandardArithmetic {
public:
  StandardArithmetic();
  StandardArithmetic(const StandardArithmetic &) = delete;
  StandardArithmetic &operator=(const StandardArithmetic &) = delete;
  ~StandardArithmetic();

private:
  uint64_t before;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_CPU_H
