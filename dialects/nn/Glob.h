//===- Glob.h - Patterns of tensor names ------------------------*- C++ -*-===//
//
// `*` stands for any characters of one path segment, `**` for any characters
// at all, `[3-17]` for a number from 3 to 17: `h.*.attn.bias`, `cls.**`,
// `h.[0-3].**`.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_DIALECTS_NN_GLOB_H
#define HEDDLE_DIALECTS_NN_GLOB_H

#include "llvm/ADT/StringRef.h"

namespace heddle::nn {

/// Whether the whole of `name` fits; takes time |glob| * |name| at most.
bool matchesGlob(llvm::StringRef glob, llvm::StringRef name);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_GLOB_H
