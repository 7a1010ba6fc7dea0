//===- Glob.h - Patterns of tensor names ------------------------*- C++ -*-===//
//
// `*` stands for any characters of one path segment, `**` for any characters
// at all: `h.*.attn.bias`, `cls.**`.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GLOB_H
#define HEDDLE_COMPILER_CHECKPOINT_GLOB_H

#include "llvm/ADT/StringRef.h"

namespace heddle::checkpoint {

/// Whether the whole of `name` fits; takes time |glob| * |name| at most.
bool matchesGlob(llvm::StringRef glob, llvm::StringRef name);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GLOB_H
