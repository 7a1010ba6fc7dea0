//===- StackBytes.cpp - how much stack the generated code takes -----------===//
//
// Of a function: its buffers, a frame for registers that are saved and values
// that find none, and the deepest of the functions that it names. A task is
// named where it is given to parallel_for, which may run it on the same thread.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/StackBytes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

using namespace heddle;

namespace {

class StackBound {
public:
  explicit StackBound(const llvm::Module &module)
      : layout(module.getDataLayout()) {}

  int64_t of(const llvm::Function &function);

private:
  /// Of what is no buffer: a tile of vectors that are spilled, 32 registers of
  /// 64 bytes and as many words, with room to spare.
  static constexpr int64_t frameBytes = 4096;

  int64_t ofBuffer(const llvm::AllocaInst &buffer) const {
    std::optional<llvm::TypeSize> bytes = buffer.getAllocationSize(layout);
    return bytes ? bytes->getFixedValue() + buffer.getAlign().value() : 0;
  }

  const llvm::DataLayout &layout;
  llvm::DenseMap<const llvm::Function *, int64_t> known;
};

} // namespace

int64_t StackBound::of(const llvm::Function &function) {
  if (function.isDeclaration())
    return 0;
  // Generated code never calls itself; if it did, one turn would count.
  auto [at, isNew] = known.try_emplace(&function, 0);
  if (!isNew)
    return at->second;
  int64_t buffers = 0, deepest = 0;
  for (const llvm::Instruction &instruction : llvm::instructions(function)) {
    if (auto *buffer = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
      buffers += ofBuffer(*buffer);
    for (const llvm::Use &operand : instruction.operands())
      if (auto *callee = llvm::dyn_cast<llvm::Function>(operand))
        deepest = std::max(deepest, of(*callee));
  }
  return known[&function] = frameBytes + buffers + deepest;
}

int64_t codegen::stackBytes(const llvm::Module &module) {
  StackBound bound(module);
  int64_t most = 0;
  for (const llvm::Function &function : module)
    most = std::max(most, bound.of(function));
  return most;
}
