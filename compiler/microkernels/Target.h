//===- Target.h - what an emitter knows of the machine ----------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_TARGET_H
#define HEDDLE_COMPILER_MICROKERNELS_TARGET_H

#include "compiler/microkernels/Tuning.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace heddle::microkernels {

/// The vector unit of a target, as far as emitted code depends on it. Vectors
/// are as wide as its registers: LLVM splits wider ones, but badly.
struct Target {
  llvm::StringLiteral name = "generic";
  int64_t vectorBits = 128;
  int64_t registers = 16;
  /// The machine rounds a·b + c once. Without it a fused operation would be a
  /// library call an element, so that emitters multiply and add.
  bool fusedMultiplyAdd = false;
  /// vscalefps: x · 2^n in one instruction, for every n.
  bool scaleByPowerOfTwo = false;
  /// f16 become f32 in one instruction.
  bool widensF16 = false;
  tuning::TileShape tile = tuning::genericTile;
  /// vdpbf16ps: dot products of pairs of bf16. "+bf16" behind the name.
  bool dotsBf16 = false;
  /// vpdpbusd: dot products of four bytes, unsigned by signed. "+vnni".
  bool dotsBytes = false;
  /// So many lines may be on their way that few rows, of which none is computed
  /// twice, ask for all of a weight some KiB ahead. "+ahead".
  bool prefetchesAhead = false;

  int64_t lanes() const { return vectorBits / 32; }

  static const Target avx512, avx2, neon, generic;

  /// The target called `name`: a vector unit and what it can do beside that,
  /// as in "avx512+bf16+vnni+ahead"; or none.
  static std::optional<Target> named(llvm::StringRef name);
  std::string fullName() const;

  /// The best one for an LLVM subtarget: architecture and features.
  static Target of(llvm::StringRef architecture,
                   llvm::function_ref<bool(llvm::StringRef)> hasFeature);
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_TARGET_H
