//===- ProgramVerify.cpp - whether a description says what it may say -----===//
//
// A description may come from a file, and what it says becomes names of files,
// symbols and C, and fields of runtime/abi.h. The numbers C1, C2, … are those
// of ProgramOps.td and ProgramAttrs.td.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/PathTree.h"
#include "dialects/program/Program.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "runtime/abi.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::program;
using nn::SizeExpr;

static LogicalResult verifyName(Operation *op, StringRef name) {
  if (nn::isName(name))
    return success();
  return op->emitOpError() << "is called \"" << name
                           << "\", needs letters, digits and underscores, a "
                              "digit not in front";
}

/// Paths and names of ops are shown on terminals.
static LogicalResult verifyShown(Operation *op, StringRef text) {
  if (llvm::none_of(text,
                    [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return success();
  return op->emitOpError("has a control character in its name, needs none");
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

/// As of a tensor of the nn dialect.
static constexpr int64_t mostElements = int64_t(1) << 40;

LogicalResult PartAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               StringRef path, ArrayRef<int64_t> shape,
                               StringRef, StringRef) {
  int64_t elements = 1;
  for (int64_t size : shape)
    if (size < 1 || llvm::MulOverflow(elements, size, elements) ||
        elements > mostElements)
      return emitError()
             << path << ": needs sizes from 1 on, 2^40 elements at most"; // C1
  return success();
}

static constexpr int64_t mostSlots = nn::PathTree::mostSlots;

static int64_t countOf(ArrayRef<int64_t> ranges) {
  int64_t count = 0;
  for (size_t at = 0; at < ranges.size(); at += 2)
    count += ranges[at + 1] - ranges[at] + 1;
  return count;
}

LogicalResult SlotsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                ArrayRef<int64_t> ranges) {
  assert(ranges.size() % 2 == 0 && "ranges have a first and a last number");
  for (size_t at = 0; at < ranges.size(); at += 2)
    if (ranges[at] < 0 || ranges[at] > ranges[at + 1] ||
        ranges[at + 1] > INT32_MAX)
      return emitError() << "slots " << ranges[at] << " to " << ranges[at + 1]
                         << ", needs numbers from 0 on that go up"; // C1
  if (countOf(ranges) > mostSlots)
    return emitError() << "there are " << countOf(ranges) << " slots, needs "
                       << mostSlots << " at most"; // C2
  return success();
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

LogicalResult SizeOp::verify() {
  if (failed(verifyName(*this, getName()))) // C1
    return failure();
  if (getMax() < getMin() || getMax() < 1 || getStep() < 1) // C2
    return emitOpError() << "is " << getMin() << " to " << getMax() << " step "
                         << getStep() << ", needs a range that is not empty";
  return success();
}

template <typename ValueOp> static LogicalResult verifyValue(ValueOp op) {
  if (failed(verifyName(op, op.getName()))) // C1
    return failure();
  for (StringRef axis : llvm::split(op.getAxes(), ' '))
    if (!axis.empty() && failed(SizeExpr::parse(axis))) // C2
      return op.emitOpError()
             << "has the axis \"" << axis << "\", needs a size expression";
  constexpr size_t mostTerms = 64;
  size_t terms = 1;
  for (StringRef dim : op.getDims().template getAsValueRange<StringAttr>()) {
    terms *= std::max<size_t>(1, SizeExpr::parse(dim)->terms().size());
    if (terms > mostTerms) // C3
      return op.emitOpError() << "has a number of elements of more than "
                              << mostTerms << " terms";
  }
  return success();
}

LogicalResult InputOp::verify() { return verifyValue(*this); }
LogicalResult OutputOp::verify() { return verifyValue(*this); }

LogicalResult EntryOp::verify() {
  for (Operation &op : getOps())
    if (!isa<InputOp, OutputOp>(op)) // C2
      return op.emitOpError("is no part of an entry, needs inputs and outputs");
  return verifyName(*this, getFunction()); // C1
}

LogicalResult EntryOp::verifyRegions() {
  int64_t inputs = llvm::range_size(getOps<InputOp>());
  if (inputs > HEDDLE_MAX_INPUTS) // C2
    return emitOpError() << "has " << inputs << " inputs, needs "
                         << HEDDLE_MAX_INPUTS << " at most";
  llvm::StringSet<> names;
  for (Operation &op : getOps()) {
    StringRef name = op.getAttrOfType<StringAttr>("name").getValue();
    if (!names.insert(name).second) // C2
      return op.emitOpError() << "`" << name << "` is there twice";
  }
  return success();
}

LogicalResult EntryOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto function = tables.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getFunctionAttr());
  if (!function || function.isExternal()) // C1
    return emitOpError() << "calls the function " << getFunctionAttr()
                         << ", which the module does not have";
  return success();
}

LogicalResult CacheOp::verify() {
  uint64_t streams = getStreams().value_or(1);
  if (getBytes() % streams) // C2
    return emitOpError() << "has " << getBytes() << " bytes in " << streams
                         << " streams, needs a multiple of them";
  if (getWindow() && (!getSize() || getState())) // C3
    return emitOpError("is read within a window, needs positions that calls "
                       "append");
  return verifyShown(*this, getPath()); // C1
}

LogicalResult SiteOp::verify() {
  if (failed(verifyShown(*this, getLayer().value_or("")))) // C1
    return failure();
  return verifyShown(*this, getName()); // C1
}

LogicalResult TensorOp::verify() {
  kernel::PackedLayout layout = getLayout().getLayout();
  int64_t inputs = 0;
  for (PartAttr part : partRange()) { // C1
    int64_t others =
        std::exchange(inputs, layout.matrix(part.getShape()).inputs);
    if (others && inputs != others)
      return emitOpError() << "has parts of " << others << " and " << inputs
                           << " inputs, needs the same";
  }
  if (!inputs)
    return emitOpError("has no part, needs one");  // C1
  if (llvm::Error error = layout.verify(matrix())) // C2
    return emitOpError() << llvm::toString(std::move(error));
  return success();
}

//===----------------------------------------------------------------------===//
// The description
//===----------------------------------------------------------------------===//

/// Calls `use` with all that a line says in sizes.
static void forEachSizeExpr(Operation *line,
                            function_ref<void(const SizeExpr &)> use) {
  auto useName = [&](std::optional<StringRef> name) {
    if (name)
      use(SizeExpr::name(*name));
  };
  auto useNames = [&](std::optional<ArrayAttr> names) {
    if (names)
      for (StringRef name : names->getAsValueRange<StringAttr>())
        useName(name);
  };
  auto useValue = [&](auto value) {
    for (StringRef dim : value.getDims().template getAsValueRange<StringAttr>())
      use(*SizeExpr::parse(dim));
    use(elementsOf(value.getDims()));
  };
  llvm::TypeSwitch<Operation *>(line)
      .Case([&](DescriptionOp description) { useName(description.getRows()); })
      .Case([&](SizeOp size) {
        useName(size.getPer());
        useName(size.getGrownBy());
      })
      .Case([&](EntryOp entry) {
        use(entry.getArena().value_or(SizeExpr()));
        useNames(entry.getGrows());
        useNames(entry.getSets());
        useNames(entry.getReads());
      })
      .Case<InputOp, OutputOp>(useValue)
      .Case([&](CacheOp cache) { useName(cache.getSize()); })
      .Case([&](SiteOp site) {
        use(site.getFlops().value_or(SizeExpr()));
        use(site.getBytes().value_or(SizeExpr()));
      });
}

/// C3
static LogicalResult verifySizes(Operation *line,
                                 const llvm::StringSet<> &sizes) {
  std::string fault;
  forEachSizeExpr(line, [&](const SizeExpr &expr) {
    for (const SizeExpr::Term &term : expr.terms())
      for (const auto &[name, power] : term.factors) {
        if (!sizes.contains(name))
          fault = "the size `" + name + "`, needs one of the program's";
        else if (power < INT8_MIN || power > INT8_MAX)
          fault = "the power " + std::to_string(power) + " of `" + name +
                  "`, needs -128 to 127";
      }
  });
  return fault.empty() ? success() : line->emitOpError("has ") << fault;
}

/// C4
template <typename LineOp>
static LogicalResult verifyNumbers(DescriptionOp description) {
  int64_t next = 0;
  for (LineOp line : description.getOps<LineOp>())
    if (static_cast<int64_t>(line.getNumber()) != next++)
      return line.emitOpError() << "has the number " << line.getNumber()
                                << ", needs " << next - 1 << ", in order";
  return success();
}

/// There are `there` to be in a slot, and `total` slots so far. // C5
static LogicalResult verifySlots(EntryOp entry, StringRef what, SlotsAttr line,
                                 int64_t there, int64_t &total) {
  ArrayRef<int64_t> ranges = line ? line.getRanges() : ArrayRef<int64_t>();
  for (size_t at = 1; at < ranges.size(); at += 2)
    if (ranges[at] >= there)
      return entry.emitOpError()
             << "has " << what << " " << ranges[at] << " in a slot, needs 0 to "
             << there << " exclusive";
  total += countOf(ranges);
  if (total > mostSlots)
    return entry.emitOpError() << "brings the program to " << total
                               << " slots, needs " << mostSlots << " at most";
  return success();
}

LogicalResult DescriptionOp::verify() {
  for (auto other : getOperation()->getBlock()->getOps<DescriptionOp>())
    if (other->isBeforeInBlock(*this)) // C1
      return emitOpError("is there twice, needs to be the module's only one");
  for (Operation &op : getOps())
    if (!isa<SizeOp, EntryOp, CacheOp, SiteOp, TensorOp>(op)) // C2
      return op.emitOpError("is no part of the description of a program");
  return getName().empty() ? success() : verifyName(*this, getName()); // C1
}

LogicalResult DescriptionOp::verifyRegions() {
  llvm::StringSet<> sizes, functions;
  for (SizeOp size : getOps<SizeOp>())
    if (!sizes.insert(size.getName()).second) // C2
      return size.emitOpError() << "`" << size.getName() << "` is there twice";
  if (sizes.size() > HEDDLE_MAX_SIZES) // C2
    return emitOpError() << "has " << sizes.size() << " sizes, needs "
                         << HEDDLE_MAX_SIZES << " at most";
  int64_t tensors = llvm::range_size(getOps<TensorOp>()),
          caches = llvm::range_size(getOps<CacheOp>()), slots = 0;
  for (EntryOp entry : getOps<EntryOp>()) {
    if (!functions.insert(entry.getFunction()).second) // C2
      return entry.emitOpError()
             << entry.getFunctionAttr() << " is there twice";
    if (failed(verifySlots(entry, "tensor", entry.getWeightsAttr(), tensors,
                           slots)) ||
        failed(
            verifySlots(entry, "cache", entry.getCachesAttr(), caches, slots)))
      return failure();
  }
  if (failed(verifyNumbers<CacheOp>(*this)) ||
      failed(verifyNumbers<SiteOp>(*this)) ||
      failed(verifyNumbers<TensorOp>(*this)))
    return failure();
  return failure(getOperation()
                     ->walk([&](Operation *line) {
                       return failed(verifySizes(line, sizes))
                                  ? WalkResult::interrupt()
                                  : WalkResult::advance();
                     })
                     .wasInterrupted());
}
