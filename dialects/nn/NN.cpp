//===- NN.cpp - the nn dialect and its axes attribute ---------------------===//

#include "dialects/nn/NN.h"
#include "dialects/kernel/KeptRow.h"

#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Inline.h"
#include "dialects/nn/Names.h"
#include "dialects/scalar/Numbers.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

#include "dialects/nn/NNDialect.cpp.inc"
#include "dialects/nn/NNEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/nn/NNAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/nn/NNTypes.cpp.inc"

void NNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/nn/NNAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/nn/NNTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/nn/NNOps.cpp.inc"
      >();
  addInliner(*this);
  addAliases(*this);
}

//===----------------------------------------------------------------------===//
// #nn.axes<B, T, "3*H*K" over V>
//===----------------------------------------------------------------------===//

AxesAttr AxesAttr::get(MLIRContext *context, ArrayRef<StringRef> names,
                       StringRef over) {
  auto toAttr = [&](StringRef name) { return StringAttr::get(context, name); };
  return get(context, llvm::map_to_vector(names, toAttr),
             over.empty() ? StringAttr() : toAttr(over));
}

int AxesAttr::find(StringRef name) const {
  for (auto [axis, attr] : llvm::enumerate(getNames()))
    if (attr.getValue() == name)
      return axis;
  return -1;
}

/// What was read is an expression. A sum of axes that were joined may have more
/// terms than can be read: it is a name then, equal to itself alone.
SizeExpr AxesAttr::expr(unsigned axis) const {
  return SizeExpr::parse(axisName(axis))
      .value_or(SizeExpr::name(axisName(axis)));
}

std::string AxesAttr::str() const {
  return llvm::join(
      llvm::map_range(getNames(),
                      [](StringAttr name) { return name.getValue(); }),
      " ");
}

/// C3: what tensors of models consist of.
static bool isElement(Type type) {
  return type.isF32() || type.isBF16() || type.isF16() || type.isInteger(1) ||
         type.isInteger(8) || type.isInteger(32) || type.isInteger(64) ||
         isa<DynamicType>(type);
}

/// C4: bytes of what has so many can be counted, also those of several.
static constexpr int64_t mostElements = int64_t(1) << 40;

LogicalResult
AxesAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (!element) // It was no type, which has been said.
    return failure();
  if (shape.size() != rank()) // C1
    return emitError() << "tensor has " << shape.size()
                       << " dimensions and names for " << rank();
  for (auto [axis, size] : llvm::enumerate(shape)) {
    std::optional<int64_t> constant = expr(axis).asConstant();
    if (constant && *constant != size) // C1
      return emitError() << "axis " << axisName(axis) << " has size "
                         << (ShapedType::isDynamic(size)
                                 ? "?"
                                 : std::to_string(size));
  }
  if (getOver() && !element.isInteger()) // C2
    return emitError() << element << " cannot be over " << getOver().getValue();
  if (!isElement(element)) // C3
    return emitError() << "elements are " << element
                       << ", needs f32, bf16, f16, i1, i8, i32, i64 or "
                          "!nn.dynamic";
  if (isa<DynamicType>(element) &&
      (shape.empty() || ShapedType::isDynamic(shape.back()))) // C3
    return emitError() << element << " needs rows of a static length";
  int64_t elements = 1;
  for (int64_t size : shape) // C4
    if (!ShapedType::isDynamic(size) &&
        (size < 1 || llvm::MulOverflow(elements, size, elements) ||
         elements > mostElements))
      return emitError() << "tensor has "
                         << (size < 1 ? "an axis of no" : "more than 2^40")
                         << " elements";
  return success();
}

/// A size name stands bare, any other expression in quotes.
static void printSize(AsmPrinter &printer, StringRef text) {
  bool bare =
      !text.empty() && !llvm::isDigit(text.front()) &&
      llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (bare)
    printer << text;
  else
    printer.printString(text);
}

static ParseResult parseSize(AsmParser &parser, StringAttr &size) {
  std::string text;
  auto location = parser.getCurrentLocation();
  if (failed(parser.parseOptionalKeywordOrString(&text)))
    return parser.emitError(location, "expected the size of an axis");
  FailureOr<SizeExpr> expr = SizeExpr::parse(text);
  if (failed(expr))
    return parser.emitError(location) << "'" << text << "' is not a size";
  if (expr->str() != text)
    return parser.emitError(location)
           << "'" << text << "' is not canonical, write '" << expr->str()
           << "'";
  size = StringAttr::get(parser.getContext(), text);
  return success();
}

Attribute AxesAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> names;
  StringAttr over;
  if (parser.parseLess())
    return {};
  auto parseOver = [&]() -> ParseResult {
    if (failed(parser.parseOptionalKeyword("over")))
      return success();
    return parseSize(parser, over);
  };
  if (failed(parser.parseOptionalGreater())) {
    if (failed(parser.parseOptionalKeyword("over"))) {
      do {
        if (parseSize(parser, names.emplace_back()))
          return {};
      } while (succeeded(parser.parseOptionalComma()));
      if (parseOver())
        return {};
    } else if (parseSize(parser, over)) {
      return {};
    }
    if (parser.parseGreater())
      return {};
  }
  return get(parser.getContext(), names, over);
}

void AxesAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(getNames(), printer, [&](StringAttr name) {
    printSize(printer, name.getValue());
  });
  if (getOver()) {
    printer << (getNames().empty() ? "over " : " over ");
    printSize(printer, getOver().getValue());
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// #nn.stored<q8>
//===----------------------------------------------------------------------===//

FailureOr<kernel::PackedType> StoredAttr::parseType(AsmParser &parser) {
  StringRef name;
  auto location = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  if (auto type = kernel::packedTypeNamed(name))
    return *type;
  return parser.emitError(location)
         << "found " << name << ", needed " << kernel::packedTypeNames();
}

LogicalResult StoredAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 kernel::PackedType type) {
  if (type == kernel::PackedType::F32) // C1
    return emitError() << "f32 is what weights are stored as without it";
  return success();
}

Attribute StoredAttr::parse(AsmParser &parser, Type) {
  auto location = parser.getCurrentLocation();
  if (parser.parseLess())
    return {};
  auto type = parseType(parser);
  if (failed(type) || parser.parseGreater())
    return {};
  return parser.getChecked<StoredAttr>(location, parser.getContext(), *type);
}

void StoredAttr::print(AsmPrinter &printer) const {
  printer << '<' << kernel::nameOf(getType()) << '>';
}

//===----------------------------------------------------------------------===//
// #nn.numbers<[1.0, 0.01]>
//===----------------------------------------------------------------------===//

Attribute NumbersAttr::parse(AsmParser &parser, Type) {
  SmallVector<double> values;
  auto parseNumber = [&] { return parser.parseFloat(values.emplace_back()); };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     parseNumber) ||
      parser.parseGreater())
    return {};
  return get(parser.getContext(),
             DenseF64ArrayAttr::get(parser.getContext(), values));
}

void NumbersAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getArray().asArrayRef(), printer, [&](double value) {
    scalar::printShortest(printer.getStream(), value);
  });
  printer << "]>";
}

//===----------------------------------------------------------------------===//
// Types of tensors
//===----------------------------------------------------------------------===//

RankedTensorType heddle::nn::tensorOf(ArrayRef<int64_t> sizes, Type element,
                                      AxesAttr axes) {
  assert(sizes.size() == axes.rank() && "one size an axis");
  return RankedTensorType::get(sizes, element, axes);
}

kernel::QuantisedRow heddle::nn::quantisedRow(RankedTensorType type) {
  auto dynamic = cast<DynamicType>(type.getElementType());
  return {type.getShape().back(), dynamic.getGroup(), dynamic.getWide()};
}

/// With rows of so many bytes.
static RankedTensorType asBytes(RankedTensorType type, int64_t bytes) {
  SmallVector<int64_t> sizes(type.getShape());
  SmallVector<StringAttr> names(axesOf(type).getNames());
  sizes.back() = bytes;
  names.back() = StringAttr::get(type.getContext(), std::to_string(bytes));
  return tensorOf(sizes, IntegerType::get(type.getContext(), 8),
                  AxesAttr::get(type.getContext(), names, StringAttr()));
}

bool heddle::nn::mayBeKeptAs(Type given, Type kept) {
  auto dynamic = dyn_cast<DynamicType>(kept);
  bool isNarrower =
      kept.isBF16() || (dynamic && dynamic.getGroup() == DynamicType::kRow);
  return kept == given || (given.isF32() && isNarrower);
}

RankedTensorType heddle::nn::keptAs(RankedTensorType type) {
  return isa<DynamicType>(type.getElementType())
             ? asBytes(type, kernel::KeptRow::bytes(type.getShape().back()))
             : storedAs(type);
}

RankedTensorType heddle::nn::storedAs(RankedTensorType type) {
  if (type.getElementType().isInteger(1))
    return type.clone(IntegerType::get(type.getContext(), 8));
  auto dynamic = dyn_cast<DynamicType>(type.getElementType());
  if (!dynamic)
    return type;
  return asBytes(type, quantisedRow(type).bytes());
}

RankedTensorType heddle::nn::withoutAxis(RankedTensorType type,
                                         StringRef axis) {
  int at = axesOf(type).find(axis);
  SmallVector<int64_t> sizes(type.getShape());
  SmallVector<StringAttr> names(axesOf(type).getNames());
  sizes.erase(sizes.begin() + at);
  names.erase(names.begin() + at);
  return tensorOf(sizes, type.getElementType(),
                  AxesAttr::get(type.getContext(), names, StringAttr()));
}

bool heddle::nn::isStoredTransposed(WeightOp weight) {
  return llvm::any_of(weight->getUses(), [](OpOperand &use) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    return linear && linear.getInOut() && linear.getWeight() == use.get();
  });
}

//===----------------------------------------------------------------------===//
// !nn.dynamic<row>, !nn.dynamic<32>, !nn.dynamic<32, wide>
//===----------------------------------------------------------------------===//

LogicalResult DynamicType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t group, bool wide) {
  if (group != kRow && group != 16 && group != 32)
    return emitError() << "a group is the row or 16 or 32 elements, found "
                       << group; // C1
  if (wide && group == kRow)
    return emitError() << "what is wide has groups"; // C2
  return success();
}

Type DynamicType::parse(AsmParser &parser) {
  int64_t group = kRow;
  auto location = parser.getCurrentLocation();
  if (parser.parseLess() || (failed(parser.parseOptionalKeyword("row")) &&
                             parser.parseInteger(group)))
    return {};
  bool wide = succeeded(parser.parseOptionalComma());
  if ((wide && parser.parseKeyword("wide")) || parser.parseGreater())
    return {};
  return parser.getChecked<DynamicType>(location, parser.getContext(), group,
                                        wide);
}

void DynamicType::print(AsmPrinter &printer) const {
  printer << '<';
  if (getGroup() == kRow)
    printer << "row";
  else
    printer << getGroup();
  printer << (getWide() ? ", wide>" : ">");
}
