//===- Program.cpp - Program of a module's description --------------------===//

#include "compiler/codegen/Program.h"
#include "compiler/codegen/Interface.h"
#include "dialects/program/Program.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::codegen;
using nn::SizeExpr;

std::string codegen::weightsFileName(const Program &program) {
  return program.weightsFile.empty() ? program.name + ".weights"
                                     : program.weightsFile;
}

int codegen::sizeIndex(const Program &program, StringRef name) {
  for (auto [index, size] : llvm::enumerate(program.sizes))
    if (size.name == name)
      return index;
  return -1;
}

//===----------------------------------------------------------------------===//
// Lines of the description
//===----------------------------------------------------------------------===//

static std::string textOf(std::optional<StringRef> text) {
  return text.value_or("").str();
}

static std::vector<std::string> textsOf(std::optional<ArrayAttr> list) {
  std::vector<std::string> texts;
  if (list)
    for (StringRef text : list->getAsValueRange<StringAttr>())
      texts.push_back(text.str());
  return texts;
}

static ElementType elementTypeOf(Type type) {
  if (type.isF32())
    return ElementType::F32;
  if (type.isBF16())
    return ElementType::BF16;
  if (type.isF16())
    return ElementType::F16;
  if (type.isInteger(1))
    return ElementType::Bool;
  if (type.isInteger(8))
    return ElementType::I8;
  if (type.isInteger(64))
    return ElementType::I64;
  assert(type.isInteger(32) && "a description has no other element types");
  return ElementType::I32;
}

static ProgramSize read(program::SizeOp size) {
  return {size.getName().str(),
          static_cast<int64_t>(size.getMin()),
          static_cast<int64_t>(size.getMax()),
          static_cast<int64_t>(size.getStep()),
          textOf(size.getPer()),
          textOf(size.getGrownBy())};
}

template <typename ValueOp> static ProgramValue readValue(ValueOp op) {
  ProgramValue value;
  value.name = op.getName().str();
  value.axes = op.getAxes().str();
  value.type = elementTypeOf(op.getType());
  for (StringRef dim : op.getDims().template getAsValueRange<StringAttr>())
    value.dims.push_back(*SizeExpr::parse(dim));
  value.elements = program::elementsOf(op.getDims());
  value.indexBound = op.getBelow().value_or(0);
  return value;
}

static ProgramEntry read(program::EntryOp op) {
  ProgramEntry entry;
  entry.name = entry.function = op.getFunction().str();
  for (auto input : op.getOps<program::InputOp>()) {
    entry.inputs.push_back(readValue(input));
    if (auto number = input.getDefaultValue())
      entry.inputs.back().defaultValue = number->convertToDouble();
    entry.inputs.back().content = input.getContent();
  }
  for (auto output : op.getOps<program::OutputOp>())
    entry.outputs.push_back(readValue(output));
  entry.arenaBytes = op.getArena().value_or(SizeExpr());
  entry.generates = op.getGenerates();
  entry.grows = textsOf(op.getGrows());
  entry.sets = textsOf(op.getSets());
  entry.reads = textsOf(op.getReads());
  return entry;
}

static ProgramCache read(program::CacheOp cache) {
  return {cache.getPath().str(),
          static_cast<int64_t>(cache.getBytes()),
          textOf(cache.getSize()),
          cache.getState(),
          static_cast<int64_t>(cache.getStreams().value_or(1)),
          static_cast<int64_t>(cache.getWindow().value_or(0))};
}

/// The file's name alone: a program tells nobody where it was built.
static std::string placeOf(mlir::Location location) {
  auto place = location->findInstanceOf<mlir::FileLineColLoc>();
  if (!place)
    return "";
  return (llvm::sys::path::filename(place.getFilename().getValue()) + ":" +
          llvm::Twine(place.getLine()) + ":" + llvm::Twine(place.getColumn()))
      .str();
}

static ProgramSite read(program::SiteOp site) {
  return {site.getName().str(),
          site.getFlops().value_or(SizeExpr()),
          site.getBytes().value_or(SizeExpr()),
          site.getArithmetic() ? elementTypeOf(*site.getArithmetic())
                               : ElementType::F32,
          site.getLayer().value_or("").str(),
          static_cast<int64_t>(site.getFrom().value_or(0)),
          site.getLayer() && !site.getWithin(),
          placeOf(site.getLoc())};
}

template <typename LineOp, typename Line>
static void readAll(program::DescriptionOp description,
                    std::vector<Line> &lines) {
  for (auto line : description.getOps<LineOp>())
    lines.push_back(read(line));
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

/// The entries, each of which begins its slots where those before it end.
static LogicalResult readEntries(program::DescriptionOp description,
                                 Program &program) {
  int64_t weightSlot = 0, cacheSlot = 0;
  for (auto op : description.getOps<program::EntryOp>()) {
    if (isInterfaceName(op.getFunction()))
      return op.emitOpError() << "`" << op.getFunction()
                              << "` has the name of a function that every "
                                 "model has, needs another";
    program.entries.push_back(read(op));
    program.entries.back().weightSlot = weightSlot;
    program.entries.back().cacheSlot = cacheSlot;
    weightSlot += program::slotsOf(op.getWeightsAttr()).size();
    cacheSlot += program::slotsOf(op.getCachesAttr()).size();
  }
  if (program.entries.empty())
    return description.emitOpError("has no entry, needs one to call");
  return success();
}

static bool isMonomial(const SizeExpr &expr, const Program &program) {
  if (expr.terms().size() != 1)
    return false;
  return llvm::all_of(expr.terms().front().factors, [&](const auto &factor) {
    return sizeIndex(program, factor.first) >= 0 && factor.second >= INT8_MIN &&
           factor.second <= INT8_MAX;
  });
}

/// Their order is what convert-to-llvm counted by; it stands on the module.
static LogicalResult readMonomials(ModuleOp module, Program &program) {
  auto texts =
      module->getAttrOfType<ArrayAttr>(kernel::KernelDialect::kMonomialsAttr);
  for (Attribute element : texts ? texts.getValue() : ArrayRef<Attribute>()) {
    auto text = dyn_cast<StringAttr>(element);
    FailureOr<SizeExpr> monomial =
        text ? SizeExpr::parse(text.getValue()) : FailureOr<SizeExpr>();
    if (failed(monomial) || !isMonomial(*monomial, program))
      return module.emitError()
             << kernel::KernelDialect::kMonomialsAttr << " has " << element
             << ", needs products of the program's sizes such as \"B*T\"";
    program.monomials.push_back(*monomial);
  }
  return success();
}

FailureOr<Program> codegen::readProgram(ModuleOp module) {
  program::DescriptionOp description = program::descriptionOf(module);
  if (!description)
    return module.emitError("found no program.description, needed one: it "
                            "describes the entries to the runtime");
  Program program;
  program.name = description.getName().str();
  program.fingerprint = description.fingerprint();
  readAll<program::SizeOp>(description, program.sizes);
  readAll<program::CacheOp>(description, program.caches);
  readAll<program::SiteOp>(description, program.sites);
  if (failed(readEntries(description, program)) ||
      failed(readMonomials(module, program)))
    return failure();
  auto tensors = llvm::to_vector(description.getOps<program::TensorOp>());
  for (int32_t slot : description.weightSlots())
    program.weightBytes.push_back(tensors[slot].packedBytes());
  llvm::append_range(program.cacheSlots, description.cacheSlots());
  program.rowSize = textOf(description.getRows());
  program.prefillInChunks = description.getPrefillInChunks();
  program.hasTokenizer = description.getTokenizer();
  return program;
}
