//===- Assembly.h - reading assembly line by line -------------------------===//
//
// The assembly is that of LLVM for x86-64 or AArch64, which differ here in the
// names of instructions only.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_ASSEMBLY_H
#define HEDDLE_COMPILER_EXPLAIN_ASSEMBLY_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

namespace heddle::explain {

/// `name` of the line `name:`, or "".
inline llvm::StringRef labelOf(llvm::StringRef line) {
  if (line.empty() || llvm::isSpace(line.front()))
    return "";
  llvm::StringRef label = line.split(':').first;
  return label.size() < line.size() ? label.trim('"') : "";
}

/// Of a label, whether it is one within a function.
inline bool isLocal(llvm::StringRef label) { return label.starts_with(".L"); }

inline bool endsFunction(llvm::StringRef label) {
  return label.starts_with(".Lfunc_end");
}

inline bool isInstruction(llvm::StringRef line) {
  return line.starts_with("\t") && !line.starts_with("\t.");
}

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_ASSEMBLY_H
