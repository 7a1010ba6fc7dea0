//===- ReadModule.h - a module from a file that may hold anything ---------===//

#ifndef HEDDLE_COMPILER_PIPELINE_READMODULE_H
#define HEDDLE_COMPILER_PIPELINE_READMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

namespace heddle::pipeline {

/// What is beyond MLIR's parser, which recurses as deep as brackets stand in
/// each other, and reads past some mistakes. Fails after one located error:
///
/// - more than 200 brackets within each other, or 200 signs in a row;
/// - a sum of more than 10,000 parts in an affine map;
/// - iterator types of linalg that there are not;
/// - numbers with a point or an exponent where memref lists offsets and sizes;
/// - bytecode: modules of this compiler are text.
llvm::LogicalResult checkText(const llvm::MemoryBuffer &text,
                              mlir::MLIRContext *context);

/// Verifies what MLIR's parser has read and not verified. Some parsers drop an
/// attribute of the wrong kind without a word, and verifiers take it to be
/// there: first, every attribute that has a default has to have a value.
llvm::LogicalResult verifyRead(mlir::Operation *root);

/// The module in the main file of `sources`, read and verified; null after a
/// located error. Where the file is a reproducer (Reproduce.h), its pipeline
/// goes to `passes`.
mlir::OwningOpRef<mlir::ModuleOp> readModule(llvm::SourceMgr &sources,
                                             mlir::MLIRContext *context,
                                             std::string *passes = nullptr);

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_READMODULE_H
