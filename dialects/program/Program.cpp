//===- Program.cpp - the program dialect ----------------------------------===//

#include "dialects/program/Program.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "runtime/abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::program;

#include "dialects/program/ProgramDialect.cpp.inc"
#include "dialects/program/ProgramEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/program/ProgramAttrs.cpp.inc"

void ProgramDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/program/ProgramAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/program/ProgramOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// #program.slots<0 to 40, 0>
//===----------------------------------------------------------------------===//

SlotsAttr SlotsAttr::get(MLIRContext *context, ArrayRef<int32_t> slots) {
  SmallVector<int64_t> ranges;
  for (int32_t slot : slots) {
    if (!ranges.empty() && slot == ranges.back() + 1)
      ranges.back() = slot;
    else
      ranges.append({slot, slot});
  }
  return get(context, ArrayRef<int64_t>(ranges));
}

Attribute SlotsAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> ranges;
  SMLoc place = parser.getCurrentLocation();
  auto parseRange = [&]() -> ParseResult {
    int64_t first = 0;
    if (parser.parseInteger(first))
      return failure();
    int64_t last = first;
    if (succeeded(parser.parseOptionalKeyword("to")) &&
        parser.parseInteger(last))
      return failure();
    ranges.append({first, last});
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseRange))
    return {};
  return getChecked([&] { return parser.emitError(place); },
                    parser.getContext(), ArrayRef<int64_t>(ranges));
}

void SlotsAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::ListSeparator comma;
  for (size_t at = 0; at < getRanges().size(); at += 2) {
    int64_t first = getRanges()[at], last = getRanges()[at + 1];
    printer << StringRef(comma) << first;
    if (first != last)
      printer << " to " << last;
  }
  printer << '>';
}

std::vector<int32_t> program::slotsOf(SlotsAttr line) {
  std::vector<int32_t> slots;
  ArrayRef<int64_t> ranges = line ? line.getRanges() : ArrayRef<int64_t>();
  for (size_t at = 0; at < ranges.size(); at += 2)
    for (int64_t slot = ranges[at]; slot <= ranges[at + 1]; ++slot)
      slots.push_back(slot);
  return slots;
}

//===----------------------------------------------------------------------===//
// <"q" [2, 3] "E D"> then <"k" [4, 3] "F D">
//===----------------------------------------------------------------------===//

static ParseResult parseParts(OpAsmParser &parser, ArrayAttr &parts) {
  SmallVector<Attribute> list;
  do {
    PartAttr part;
    if (parser.parseCustomAttributeWithFallback(part))
      return failure();
    list.push_back(part);
  } while (succeeded(parser.parseOptionalKeyword("then")));
  parts = parser.getBuilder().getArrayAttr(list);
  return success();
}

static void printParts(OpAsmPrinter &printer, Operation *, ArrayAttr parts) {
  llvm::interleave(
      parts.getAsRange<PartAttr>(), printer,
      [&](PartAttr part) { printer.printStrippedAttrOrType(part); }, " then ");
}

#define GET_OP_CLASSES
#include "dialects/program/ProgramOps.cpp.inc"

//===----------------------------------------------------------------------===//
// What follows from a description
//===----------------------------------------------------------------------===//

DescriptionOp program::descriptionOf(ModuleOp module) {
  auto descriptions = module.getOps<DescriptionOp>();
  return descriptions.empty() ? DescriptionOp() : *descriptions.begin();
}

nn::SizeExpr program::elementsOf(ArrayAttr dims) {
  nn::SizeExpr elements(1);
  for (auto dim : dims.getAsValueRange<StringAttr>())
    elements *= *nn::SizeExpr::parse(dim);
  return elements;
}

kernel::MatrixShape TensorOp::matrix() {
  kernel::MatrixShape whole;
  for (PartAttr part : partRange()) {
    kernel::MatrixShape matrix =
        getLayout().getLayout().matrix(part.getShape());
    whole = {whole.outputs + matrix.outputs, matrix.inputs};
  }
  return whole;
}

static std::vector<int32_t> joinLines(DescriptionOp description,
                                      SlotsAttr (EntryOp::*line)()) {
  std::vector<int32_t> slots;
  for (EntryOp entry : description.getOps<EntryOp>())
    llvm::append_range(slots, slotsOf((entry.*line)()));
  return slots;
}

std::vector<int32_t> DescriptionOp::weightSlots() {
  return joinLines(*this, &EntryOp::getWeightsAttr);
}

std::vector<int32_t> DescriptionOp::cacheSlots() {
  return joinLines(*this, &EntryOp::getCachesAttr);
}

uint64_t DescriptionOp::fingerprint() {
  auto tensors = llvm::to_vector(getOps<TensorOp>());
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "file " << HEDDLE_FILE_VERSION << '\n';
  for (int32_t slot : weightSlots()) {
    TensorOp tensor = tensors[slot];
    for (PartAttr part : tensor.partRange()) {
      os << part.getPath() << '[';
      llvm::interleaveComma(part.getShape(), os);
      os << ']';
    }
    os << tensor.getLayout().getText() << ' ' << tensor.packedBytes() << '\n';
  }
  return llvm::xxh3_64bits(text);
}
