//===- NNOps.cpp - the ops of the dialect ---------------------------------===//

#include "dialects/nn/Verify.h"
#include "dialects/scalar/Numbers.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;
using scalar::parseNumber;
using scalar::printNumber;

static ParseResult parseLineBreakAfter(OpAsmParser &, size_t) {
  return success();
}

/// What ends with a region has a short line for its types already.
static void printLineBreakAfter(OpAsmPrinter &printer, Operation *op,
                                size_t columns) {
  for (Region &region : op->getRegions())
    if (!region.empty())
      return;
  std::string text;
  llvm::raw_string_ostream os(text);
  for (Value operand : op->getOperands())
    printer.printOperand(operand, os);
  for (Type type :
       llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                SmallVector<Type>(op->getResultTypes())))
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      if (auto axes = dyn_cast_or_null<AxesAttr>(tensor.getEncoding()))
        os << "!, " << axes.str();
  if (text.size() <= columns)
    return;
  printer.printNewline();
  printer << "   ";
}

#include "dialects/nn/NNInterfaces.cpp.inc"
/// Within an op, the type alone.
static ParseResult parseStored(OpAsmParser &parser, StoredAttr &stored) {
  auto location = parser.getCurrentLocation();
  auto type = StoredAttr::parseType(parser);
  if (failed(type))
    return failure();
  stored = parser.getChecked<StoredAttr>(location, parser.getContext(), *type);
  return success(stored != nullptr);
}

static void printStored(OpAsmPrinter &printer, Operation *, StoredAttr stored) {
  printer << kernel::nameOf(stored.getType());
}

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.cpp.inc"
