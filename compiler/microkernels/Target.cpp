//===- Target.cpp - what an emitter knows of the machine ------------------===//

#include "compiler/microkernels/Target.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;

namespace heddle::microkernels {

const Target Target::avx512 = {"avx512",          512, 32, true, true, true,
                               tuning::avx512Tile};
const Target Target::avx2 = {"avx2",          256, 16, true, false, true,
                             tuning::avx2Tile};
const Target Target::neon = {"neon",          128, 32, true, false, true,
                             tuning::neonTile};
const Target Target::generic = {};

std::optional<Target> Target::named(StringRef name) {
  SmallVector<StringRef> words;
  name.split(words, '+');
  for (Target target : {avx512, avx2, neon, generic}) {
    if (target.name != words.front())
      continue;
    for (StringRef feature : ArrayRef(words).drop_front())
      if (feature == "bf16" && target.vectorBits == 512)
        target.dotsBf16 = true;
      else if (feature == "vnni" && target.vectorBits >= 256)
        target.dotsBytes = true;
      else if (feature == "ahead" && target.vectorBits == 512)
        target.prefetchesAhead = true;
      else
        return std::nullopt;
    return target;
  }
  return std::nullopt;
}

std::string Target::fullName() const {
  std::string text = name.str();
  if (dotsBf16)
    text += "+bf16";
  if (dotsBytes)
    text += "+vnni";
  if (prefetchesAhead)
    text += "+ahead";
  return text;
}

Target Target::of(StringRef architecture,
                  llvm::function_ref<bool(StringRef)> hasFeature) {
  if (architecture == "aarch64")
    return neon;
  if (architecture != "x86_64")
    return generic;
  bool level4 = hasFeature("avx512f") && hasFeature("avx512bw") &&
                hasFeature("avx512dq") && hasFeature("avx512vl");
  Target target = generic;
  if (level4) {
    target = avx512;
    target.dotsBf16 = hasFeature("avx512bf16");
    target.dotsBytes = hasFeature("avx512vnni");
    // With 512 bits, only Zen 5 (where it was measured), Sapphire Rapids and
    // what came after them have it; on Zen 4 the machine's own prefetch is
    // faster.
    target.prefetchesAhead = hasFeature("avxvnni");
  } else if (hasFeature("avx2") && hasFeature("fma") && hasFeature("f16c")) {
    target = avx2;
    target.dotsBytes = hasFeature("avxvnni");
  }
  return target;
}

} // namespace heddle::microkernels
