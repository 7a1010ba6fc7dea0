//===- Numbers.cpp - numbers of models in text ----------------------------===//

#include "dialects/scalar/Numbers.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/Format.h"
#include <charconv>
#include <cmath>

using namespace mlir;
using namespace heddle;

void scalar::printShortest(raw_ostream &os, double number) {
  if (!std::isfinite(number)) { // MLIR reads these by their bits.
    os << llvm::format_hex(llvm::bit_cast<uint64_t>(number), 18,
                           /*Upper=*/true);
    return;
  }
  char digits[32];
  char *end = std::to_chars(digits, std::end(digits), number).ptr;
  auto [mantissa, exponent] = StringRef(digits, end - digits).split('e');
  os << mantissa << (mantissa.contains('.') ? "" : ".0");
  if (!exponent.empty())
    os << 'e' << exponent;
}

ParseResult scalar::parseNumber(OpAsmParser &parser, FloatAttr &number) {
  double value = 0;
  if (parser.parseFloat(value))
    return failure();
  number = parser.getBuilder().getF64FloatAttr(value);
  return success();
}

void scalar::printNumber(OpAsmPrinter &printer, Operation *, FloatAttr number) {
  printShortest(printer.getStream(), number.getValueAsDouble());
}
