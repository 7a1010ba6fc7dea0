//===- DiagnosticPrinter.cpp - MLIR's diagnostics as ours are -------------===//

#include "compiler/driver/DiagnosticPrinter.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/Message.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using files::Severity;
using mlir::DiagnosticSeverity;
using mlir::FileLineColLoc;

DiagnosticPrinter::DiagnosticPrinter(mlir::MLIRContext &context,
                                     const llvm::SourceMgr &sources)
    : sources(sources), handler(&context, [this](mlir::Diagnostic &diagnostic) {
        print(diagnostic);
      }) {}

static Severity severityOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return Severity::Error;
  case DiagnosticSeverity::Warning:
    return Severity::Warning;
  case DiagnosticSeverity::Note:
    return Severity::Note;
  case DiagnosticSeverity::Remark:
    return Severity::Remark;
  }
  llvm_unreachable("all severities are listed");
}

const llvm::MemoryBuffer *DiagnosticPrinter::textOf(llvm::StringRef name) {
  for (unsigned id = 1; id <= sources.getNumBuffers(); ++id)
    if (sources.getMemoryBuffer(id)->getBufferIdentifier() == name)
      return sources.getMemoryBuffer(id);
  if (!name.ends_with(".heddle"))
    return nullptr;
  auto [entry, isNew] = texts.try_emplace(name);
  if (isNew) {
    auto text = files::readFile(name, files::limits::model);
    if (text)
      entry->second = std::move(*text);
    else
      llvm::consumeError(text.takeError());
  }
  return entry->second.get();
}

/// Line `number`, from 1; null if there are not so many.
static std::optional<llvm::StringRef> lineOf(const llvm::MemoryBuffer &text,
                                             unsigned number) {
  llvm::StringRef rest = text.getBuffer();
  for (unsigned line = 1; line < number && !rest.empty(); ++line)
    rest = rest.split('\n').second;
  if (number == 0 || rest.empty())
    return std::nullopt;
  return rest.split('\n').first;
}

void DiagnosticPrinter::print(mlir::Location place, const llvm::Twine &message,
                              DiagnosticSeverity severity, bool showsLine) {
  auto at = place->findInstanceOf<FileLineColLoc>();
  if (!at) {
    std::string text;
    llvm::raw_string_ostream os(text);
    if (!mlir::isa<mlir::UnknownLoc>(place))
      os << place << ": ";
    os << message;
    return files::printMessage(llvm::errs(), severityOf(severity), text);
  }
  std::optional<llvm::StringRef> line;
  if (showsLine)
    if (const llvm::MemoryBuffer *text = textOf(at.getFilename().getValue()))
      line = lineOf(*text, at.getLine());
  files::printMessage(llvm::errs(),
                      {at.getFilename().getValue(), at.getLine(),
                       at.getColumn(), line ? &*line : nullptr},
                      severityOf(severity), message);
}

void DiagnosticPrinter::print(mlir::Diagnostic &diagnostic) {
  mlir::Location last = diagnostic.getLocation();
  print(last, diagnostic.str(), diagnostic.getSeverity(), /*showsLine=*/true);
  // From where a block is called; ten times is enough.
  constexpr unsigned mostCallers = 10;
  auto call = last->findInstanceOf<mlir::CallSiteLoc>();
  for (unsigned depth = 0; call && depth < mostCallers; ++depth) {
    last = call.getCaller();
    if (last->findInstanceOf<FileLineColLoc>())
      print(last, "called from", DiagnosticSeverity::Note, /*showsLine=*/true);
    call = last->findInstanceOf<mlir::CallSiteLoc>();
  }
  for (mlir::Diagnostic &note : diagnostic.getNotes()) {
    print(note.getLocation(), note.str(), note.getSeverity(),
          /*showsLine=*/last != note.getLocation());
    last = note.getLocation();
  }
}

//===----------------------------------------------------------------------===//
// Remarks
//===----------------------------------------------------------------------===//

namespace {

/// The parts of a remark in their order, the reason last, and whose it is.
struct RemarksAsDiagnostics : mlir::remark::detail::MLIRRemarkStreamerBase {
  void streamOptimizationRemark(
      const mlir::remark::detail::Remark &remark) override {
    mlir::InFlightDiagnostic diagnostic = emitRemark(remark.getLocation());
    bool passed = remark.getRemarkType() == llvm::remarks::Type::Passed;
    llvm::interleave(
        remark.getArgs(), diagnostic,
        [&](const auto &part) { diagnostic << part.val; }, ": ");
    diagnostic << " [" << remark.getCategoryName()
               << (passed ? ": passed]" : ": missed]");
  }
};

} // namespace

void driver::printRemarks(mlir::MLIRContext &context) {
  // `all` adds to the kinds that have a filter, and turns none on.
  mlir::remark::RemarkCategories every;
  every.passed = every.missed = ".*";
  [[maybe_unused]] bool isEnabled =
      succeeded(mlir::remark::enableOptimizationRemarks(
          context, std::make_unique<RemarksAsDiagnostics>(),
          std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), every));
  assert(isEnabled && "nothing that can fail is asked for");
}
