//===- Target.h - the machine that code is made for -----------------------===//
//
// TargetOptions is what a user may say about the machine; createTargetMachine
// turns it into LLVM's view of it, and cpuLevel into what the runtime checks
// before the first instruction runs (heddle_program.cpu_level).
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_TARGET_H
#define HEDDLE_COMPILER_CODEGEN_TARGET_H

#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>
#include <vector>

namespace heddle::codegen {

struct TargetOptions {
  /// LLVM triple, e.g. "aarch64-linux-gnu". Empty: this machine's.
  std::string triple;
  /// "native", "generic", an ISA level ("x86-64-v3", "x86-64-v4") or any CPU
  /// name that LLVM knows. Native means the ISA level of this machine,
  /// scheduled for its CPU: the program runs on every machine of that level.
  std::string cpu = "native";
  /// Added to the CPU's own, in LLVM's spelling: "+avx512vnni,-avx512bf16".
  std::string features;
  /// The CPU that it is scheduled for; empty: for native, this machine's.
  std::string tune;
  /// There is code for it only where that is also the code of one that can do
  /// more, which then needs no more.
  bool isForTwins = false;
};

/// Null after one `error: …` line on `errors` if the triple is not of 64-bit
/// Linux on x86-64 or AArch64, or LLVM does not know the CPU or a feature.
std::unique_ptr<llvm::TargetMachine>
createTargetMachine(const TargetOptions &options, llvm::raw_ostream &errors);

/// The targets of `--cpu`'s value: processors with a comma between them, each
/// with its features behind it, as in `x86-64-v3,x86-64-v4+avx512vnni`. The
/// rest is as in `common`.
std::vector<TargetOptions> targetsOf(llvm::StringRef cpus,
                                     const TargetOptions &common);

/// The processors that a program for many machines is compiled for: every
/// x86-64 level from v2 on, the highest with what kernels use beyond it, and
/// this machine. Empty: kernels know but one of the architecture.
std::vector<TargetOptions> usualProcessors(const TargetOptions &common);

/// 2 to 4 when the code may use instructions of x86-64-v2 to -v4, else 0. See
/// heddle_program.cpu_level.
unsigned cpuLevel(const llvm::TargetMachine &machine);

/// What the code may use beyond its level, as LLVM names it, separated by
/// commas. See heddle_program.cpu_features.
std::string cpuFeatures(const llvm::TargetMachine &machine);

/// The CPU that code is scheduled for; "": the one it is made for.
std::string tuneCpu(const TargetOptions &options);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_TARGET_H
