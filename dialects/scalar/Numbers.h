//===- Numbers.h - numbers of models in text ------------------------------===//
//
// custom<Number>($eps) in the form of an op: `1.0e-05`, `0.35355339059327373`.
// MLIR's own form has seven digits, or where these are not enough, all 17.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_SCALAR_NUMBERS_H
#define HEDDLE_DIALECTS_SCALAR_NUMBERS_H

#include "mlir/IR/OpImplementation.h"

namespace heddle::scalar {

/// As few digits as tell the number from all others.
void printShortest(llvm::raw_ostream &os, double number);

mlir::ParseResult parseNumber(mlir::OpAsmParser &parser,
                              mlir::FloatAttr &number);
void printNumber(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                 mlir::FloatAttr number);

} // namespace heddle::scalar

#endif // HEDDLE_DIALECTS_SCALAR_NUMBERS_H
