//===- ProgramEnums.h - what a description chooses among ------------------===//
//
// The enumerations of ProgramAttrs.td, without the rest of MLIR: the packer
// asks for them.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_PROGRAM_PROGRAMENUMS_H
#define HEDDLE_DIALECTS_PROGRAM_PROGRAMENUMS_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <optional>
#include <string>

#include "dialects/program/ProgramEnums.h.inc"

#endif // HEDDLE_DIALECTS_PROGRAM_PROGRAMENUMS_H
