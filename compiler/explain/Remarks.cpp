//===- Remarks.cpp - what passes say of what they did ---------------------===//

#include "compiler/explain/Remarks.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::explain;

std::string explain::placeText(mlir::Location location) {
  auto at = location->findInstanceOf<mlir::FileLineColLoc>();
  if (!at)
    return "";
  return jsonText(at.getFilename().getValue() + ":" +
                  llvm::Twine(at.getLine()) + ":" +
                  llvm::Twine(at.getColumn()));
}

namespace {

struct RemarksAsJson : mlir::remark::detail::MLIRRemarkStreamerBase {
  RemarksAsJson(Places &places, llvm::json::Array &remarks)
      : places(places), remarks(remarks) {}

  void streamOptimizationRemark(
      const mlir::remark::detail::Remark &remark) override {
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::interleave(
        remark.getArgs(), os, [&](const auto &part) { os << part.val; }, ": ");
    remarks.push_back(llvm::json::Object{
        {"made", remark.getRemarkType() == llvm::remarks::Type::Passed},
        {"pass", remark.getCategoryName()},
        {"text", jsonText(text)},
        {"at", placeText(remark.getLocation())},
        {"places", places.of(remark.getLocation())}});
  }

  Places &places;
  llvm::json::Array &remarks;
};

} // namespace

void explain::collectRemarks(mlir::MLIRContext &context, Places &places,
                             llvm::json::Array &remarks) {
  // `all` adds to the kinds that have a filter, and turns none on.
  mlir::remark::RemarkCategories every;
  every.passed = every.missed = ".*";
  [[maybe_unused]] bool isEnabled =
      succeeded(mlir::remark::enableOptimizationRemarks(
          context, std::make_unique<RemarksAsJson>(places, remarks),
          std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), every));
  assert(isEnabled && "nothing that can fail is asked for");
}
