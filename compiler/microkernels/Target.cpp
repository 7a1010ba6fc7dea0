//===- Target.cpp - what an emitter knows of the machine ------------------===//

#include "compiler/microkernels/Target.h"

using namespace llvm;

namespace heddle::microkernels {

const Target Target::avx512 = {"avx512", 512, true, true, tuning::avx512Tile};
const Target Target::avx2 = {"avx2", 256, true, false, tuning::avx2Tile};
const Target Target::neon = {"neon", 128, true, false, tuning::neonTile};
const Target Target::generic = {};

std::optional<Target> Target::named(StringRef name) {
  for (const Target &target : {avx512, avx2, neon, generic})
    if (target.name == name)
      return target;
  return std::nullopt;
}

Target Target::of(StringRef architecture,
                  function_ref<bool(StringRef)> hasFeature) {
  if (architecture == "aarch64")
    return neon;
  if (architecture != "x86_64")
    return generic;
  bool level4 = hasFeature("avx512f") && hasFeature("avx512bw") &&
                hasFeature("avx512dq") && hasFeature("avx512vl");
  if (level4)
    return avx512;
  return hasFeature("avx2") && hasFeature("fma") ? avx2 : generic;
}

} // namespace heddle::microkernels
