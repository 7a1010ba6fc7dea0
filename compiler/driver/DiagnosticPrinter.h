//===- DiagnosticPrinter.h - MLIR's diagnostics as ours are ---------------===//

#ifndef HEDDLE_COMPILER_DRIVER_DIAGNOSTICPRINTER_H
#define HEDDLE_COMPILER_DRIVER_DIAGNOSTICPRINTER_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

namespace heddle::driver {

/// Prints diagnostics to standard error with the line that they are about.
/// MLIR's own handler opens whatever file a location names, and a module may
/// name any: this one shows lines of the module and of model files only.
class DiagnosticPrinter {
public:
  /// `sources` holds the module, if it comes from a file.
  DiagnosticPrinter(mlir::MLIRContext &context, const llvm::SourceMgr &sources);

private:
  void print(mlir::Diagnostic &diagnostic);
  void print(mlir::Location place, const llvm::Twine &message,
             mlir::DiagnosticSeverity severity, bool showsLine);
  /// The text under this name; null: there is none to show.
  const llvm::MemoryBuffer *textOf(llvm::StringRef name);

  const llvm::SourceMgr &sources;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> texts;
  mlir::ScopedDiagnosticHandler handler;
};

/// From now on, what passes say of what they did, and did not do and why, is a
/// diagnostic: `add computed within the product [nn-fuse-epilogue: passed]`.
void printRemarks(mlir::MLIRContext &context);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_DIAGNOSTICPRINTER_H
