//===- GgufArchitectures.cpp - Which architecture, which tensor -----------===//
//------------===//

#include "compiler/checkpoint/GgufArchitectures.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace heddle::checkpoint {

/// What some architectures have is known by what the file holds.
static StringRef variantOf(StringRef name, const GgufHeader &header) {
  auto has = [&](StringRef tensor) {
    return any_of(header.tensors,
                  [&](const GgufTensor &t) { return t.name == tensor; });
  };
  if (name == "llama" && has("blk.0.ffn_gate_inp.weight"))
    return "llama with experts";
  if (name == "falcon" && has("blk.0.attn_norm_2.weight"))
    return "falcon with two norms";
  if (name == "t5" && !has("enc.blk.0.ffn_gate.weight"))
    return "t5 without gates";
  return name;
}

const GgufArchitecture *ggufArchitecture(StringRef name,
                                         const GgufHeader &header) {
  name = variantOf(name, header);
  for (ArrayRef<GgufArchitecture> kin : {ggufLlamaKin(), ggufOtherKin()})
    for (const GgufArchitecture &architecture : kin)
      if (architecture.name == name)
        return &architecture;
  return nullptr;
}

std::string ggufArchitectureNames() {
  std::string names;
  for (ArrayRef<GgufArchitecture> kin : {ggufLlamaKin(), ggufOtherKin()})
    for (const GgufArchitecture &architecture : kin)
      if (!architecture.name.contains(' '))
        names += (names.empty() ? "" : ", ") + architecture.name.str();
  return names;
}

/// `blk.3.ffn_gate.5` by `blk.*.ffn_gate.*`: the numbers in the places of the
/// stars, or nothing.
static std::optional<SmallVector<StringRef, 2>> matches(StringRef name,
                                                        StringRef pattern) {
  SmallVector<StringRef, 2> numbers;
  while (true) {
    auto [before, behind] = pattern.split('*');
    bool isLast = before.size() == pattern.size();
    if (isLast ? name != before : !name.consume_front(before))
      return std::nullopt;
    if (isLast)
      return numbers;
    numbers.push_back(name.take_while(isDigit));
    if (numbers.back().empty())
      return std::nullopt;
    name = name.drop_front(numbers.back().size());
    pattern = behind;
  }
}

std::optional<GgufTensorName>
GgufArchitecture::transformersName(StringRef stored) const {
  StringRef suffix, stem = stored;
  for (StringRef ending : {".weight", ".bias"})
    if (stem.consume_back(ending))
      suffix = ending;
  for (ArrayRef<GgufTensorRule> rules : {ownTensors, tensors})
    for (const GgufTensorRule &rule : rules) {
      auto numbers = matches(stem, rule.from);
      if (!numbers)
        continue;
      std::string name;
      StringRef rest = rule.to;
      for (StringRef number : *numbers) {
        auto [before, behind] = rest.split('*');
        name += (before + number).str();
        rest = behind;
      }
      // A bias of experts has their numbers, and no other layout.
      return GgufTensorName{name + rest.str() + suffix.str(), rule.layout};
    }
  return std::nullopt;
}

} // namespace heddle::checkpoint
