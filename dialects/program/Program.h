//===- Program.h - the program dialect ------------------------------------===//
//
// The description of a program for runtime and packer. See ProgramOps.td.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_PROGRAM_PROGRAM_H
#define HEDDLE_DIALECTS_PROGRAM_PROGRAM_H

#include "dialects/kernel/Kernel.h"
#include "dialects/nn/NN.h"
#include "dialects/program/ProgramEnums.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

#include "dialects/program/ProgramDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/program/ProgramAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/program/ProgramOps.h.inc"

namespace heddle::program {

/// The module's description; null if it has none.
DescriptionOp descriptionOf(mlir::ModuleOp module);

/// Elements of a value of these dimensions, all rows of a call together.
nn::SizeExpr elementsOf(mlir::ArrayAttr dims);

/// The tensor, or cache, of each slot in a line; none for a null attribute.
std::vector<int32_t> slotsOf(SlotsAttr line);

} // namespace heddle::program

#endif // HEDDLE_DIALECTS_PROGRAM_PROGRAM_H
