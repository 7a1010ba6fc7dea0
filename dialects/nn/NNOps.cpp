//===- NNOps.cpp - the ops of the dialect ---------------------------------===//

#include "dialects/nn/Verify.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

/// [1.0, 0.01] with as many digits as it takes: the arrays of MLIR print six,
/// which moves a rotation by radians at large positions.
static ParseResult parseExactNumbers(OpAsmParser &parser,
                                     DenseF64ArrayAttr &numbers) {
  SmallVector<double> values;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parser.parseFloat(values.emplace_back());
      }))
    return failure();
  numbers = parser.getBuilder().getDenseF64ArrayAttr(values);
  return success();
}

static void printExactNumbers(OpAsmPrinter &printer, Operation *,
                              DenseF64ArrayAttr numbers) {
  printer << '[';
  llvm::interleaveComma(numbers.asArrayRef(), printer, [&](double value) {
    printer.printFloat(APFloat(value));
  });
  printer << ']';
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
