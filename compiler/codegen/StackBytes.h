//===- StackBytes.h - how much stack the generated code takes -------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_STACKBYTES_H
#define HEDDLE_COMPILER_CODEGEN_STACKBYTES_H

#include <cstdint>

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::codegen {

/// A bound of what any function of the module and all that it calls put on the
/// stack, for the runtime to hold against what a host's thread has left.
int64_t stackBytes(const llvm::Module &module);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_STACKBYTES_H
