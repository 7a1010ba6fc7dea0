//===- Verify.cpp - what verifiers share ----------------------------------===//

#include "dialects/nn/Verify.h"

using namespace mlir;

namespace heddle::nn {

ArrayRef<StringAttr> namesOf(Value value) { return axesOf(value).getNames(); }

int64_t sizeOf(Value value, unsigned axis) {
  return cast<RankedTensorType>(value.getType()).getDimSize(axis);
}

std::string spell(ArrayRef<StringAttr> names) {
  std::string text = "[";
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      names, os, [&](StringAttr name) { os << name.getValue(); }, " ");
  return text + "]";
}

LogicalResult sameAxes(Operation *op, StringRef what,
                       ArrayRef<StringAttr> found,
                       ArrayRef<StringAttr> needed) {
  if (found == needed)
    return success();
  return op->emitOpError() << what << " has axes " << spell(found) << ", needs "
                           << spell(needed);
}

LogicalResult sameTypeAsX(Operation *op, Value x, Value result) {
  if (x.getType() == result.getType())
    return success();
  return op->emitOpError() << "result is " << result.getType() << ", needs "
                           << x.getType();
}

LogicalResult hasAxis(Operation *op, Value x, StringRef axis) {
  if (axesOf(x).find(axis) >= 0)
    return success();
  return op->emitOpError() << "x " << spell(namesOf(x)) << " has no axis "
                           << axis;
}

SmallVector<StringAttr> without(Value x, StringRef axis) {
  SmallVector<StringAttr> names(namesOf(x));
  if (int at = axesOf(x).find(axis); at >= 0)
    names.erase(names.begin() + at);
  return names;
}

} // namespace heddle::nn
