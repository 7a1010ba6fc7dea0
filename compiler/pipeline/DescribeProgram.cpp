//===- DescribeProgram.cpp - describe-program -----------------------------===//
//
// Enters: an nn module that nn-plan-memory has been over. Leaves: the same with
// the attributes heddle.program and heddle.weights (see Passes.td).
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Program.h"
#include "compiler/pipeline/Passes.h"
#include "compiler/pipeline/Sites.h"
#include "compiler/pipeline/WeightTable.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/SizeTable.h"
#include "dialects/nn/VerifyModule.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace heddle::pipeline {
#define GEN_PASS_DEF_DESCRIBEPROGRAM
#include "compiler/pipeline/Passes.h.inc"
} // namespace heddle::pipeline

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;
using codegen::ElementType;
using codegen::GenerateRole;
using codegen::Program;
using codegen::ProgramCache;
using codegen::ProgramEntry;
using codegen::ProgramSize;
using codegen::ProgramValue;
using nn::SizeExpr;

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

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
  assert(type.isInteger(32) && "nn has no other element types");
  return ElementType::I32;
}

static int64_t bytesOf(Type elementType) {
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

namespace {

class Describer {
public:
  Describer(ModuleOp module, const nn::PathTree &tree)
      : module(module), sizes(module), tree(tree) {}

  Program program(const WeightTable &weights);
  WeightTable weights();

private:
  ProgramSize size(nn::SizeOp op);
  ProgramValue value(RankedTensorType type);
  ProgramEntry entry(func::FuncOp function);
  ProgramCache cache(const nn::PathTree::Slot &slot);
  void addCaches(Program &program);
  void addSessionUses(func::FuncOp function, ProgramEntry &entry);
  SmallVector<func::FuncOp> reachedFrom(func::FuncOp function);
  bool readsInChunks();
  GenerateRole roleOf(StringRef entry);

  ModuleOp module;
  nn::SizeTable sizes;
  const nn::PathTree &tree;
};

} // namespace

ProgramSize Describer::size(nn::SizeOp op) {
  ProgramSize size;
  size.name = op.getSymName().str();
  size.min = *op.getMin();
  size.max = *op.getMax();
  size.step = op.getStep();
  size.per = op.getPer().value_or("").str();
  size.growsBy = sizes.grownFrom(op.getSymName()).str();
  return size;
}

ProgramValue Describer::value(RankedTensorType type) {
  ProgramValue value;
  nn::AxesAttr axes = nn::axesOf(type);
  value.axes = axes.str();
  value.type = elementTypeOf(type.getElementType());
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    value.dims.push_back(sizes.axis(type, axis));
  value.elements = sizes.elements(type);
  if (StringAttr over = axes.getOver())
    if (FailureOr<SizeExpr> bound = SizeExpr::parse(over.getValue());
        succeeded(bound))
      value.indexBound = sizes.known(*bound).asConstant().value_or(0);
  return value;
}

/// `generate a, b`: the last is the step, the others run before the loop.
GenerateRole Describer::roleOf(StringRef entry) {
  auto names = module->getAttrOfType<ArrayAttr>(nn::NNDialect::kGenerateAttr);
  if (!names || names.empty())
    return GenerateRole::None;
  auto isEntry = [&](Attribute name) {
    return cast<StringAttr>(name).getValue() == entry;
  };
  if (isEntry(names.getValue().back()))
    return GenerateRole::Step;
  return llvm::any_of(names, isEntry) ? GenerateRole::Before
                                      : GenerateRole::None;
}

/// A function and all that it calls, each once.
SmallVector<func::FuncOp> Describer::reachedFrom(func::FuncOp function) {
  llvm::SmallSetVector<func::FuncOp, 8> reached;
  reached.insert(function);
  for (size_t i = 0; i < reached.size(); ++i)
    func::FuncOp(reached[i]).walk([&](Operation *op) {
      if (FlatSymbolRefAttr callee = nn::calleeOf(op))
        reached.insert(module.lookupSymbol<func::FuncOp>(callee));
    });
  return llvm::to_vector(reached);
}

/// The sizes through which an entry and its callees touch the session.
void Describer::addSessionUses(func::FuncOp entryFunction,
                               ProgramEntry &entry) {
  llvm::SmallSetVector<StringRef, 4> grows, sets, reads;
  // A state without a size of its own has one position a row.
  auto countedIn = [&](Type state) -> StringRef {
    auto axes = nn::axesOf(state);
    bool counted = axes.getNames().size() > 1 && sizes.isRagged(axes.expr(1));
    return counted ? axes.axisName(1) : StringRef();
  };
  for (func::FuncOp function : reachedFrom(entryFunction))
    function.walk([&](nn::SessionOpInterface op) {
      switch (op.sessionUse()) {
      case nn::SessionUse::Appends:
        grows.insert(countedIn(op.keptTypes().front()));
        break;
      case nn::SessionUse::Sets:
        sets.insert(countedIn(op.keptTypes().front()));
        break;
      case nn::SessionUse::Reads:
        reads.insert(countedIn(op.keptTypes().front()));
        break;
      case nn::SessionUse::Carries:
        break;
      }
    });
  auto store = [](auto &names, std::vector<std::string> &list) {
    for (StringRef name : names)
      if (!name.empty())
        list.push_back(name.str());
  };
  store(grows, entry.grows);
  store(sets, entry.sets);
  store(reads, entry.reads);
}

ProgramEntry Describer::entry(func::FuncOp function) {
  ProgramEntry entry;
  entry.name = function.getName().str();
  entry.function = entry.name;
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    ProgramValue input = value(cast<RankedTensorType>(type));
    auto name =
        function.getArgAttrOfType<StringAttr>(number, nn::NNDialect::kNameAttr);
    input.name = name ? name.str() : ("input" + Twine(number)).str();
    if (auto number_ = function.getArgAttrOfType<FloatAttr>(
            number, nn::NNDialect::kDefaultAttr))
      input.defaultValue = number_.getValueAsDouble();
    entry.inputs.push_back(std::move(input));
  }
  for (auto [number, type] : llvm::enumerate(function.getResultTypes())) {
    ProgramValue output = value(cast<RankedTensorType>(type));
    output.name = function.getNumResults() == 1
                      ? "result"
                      : ("result" + Twine(number + 1)).str();
    entry.outputs.push_back(std::move(output));
  }
  if (auto arena = function->getAttrOfType<StringAttr>(nn::kArenaAttr))
    entry.arenaBytes = sizes.known(*SizeExpr::parse(arena.getValue()));
  entry.generates = roleOf(entry.name);
  std::tie(entry.weightSlot, entry.cacheSlot) = tree.entryStart(entry.name);
  addSessionUses(function, entry);
  return entry;
}

/// A slot's type is [B, positions…, rest]: a position is the rest.
ProgramCache Describer::cache(const nn::PathTree::Slot &slot) {
  RankedTensorType tensor = slot.type;
  ProgramCache cache;
  cache.path = slot.path;
  // What a recurrence carries is, like a cache, nobody's to set.
  nn::SessionUse use = cast<nn::SessionOpInterface>(slot.op).sessionUse();
  cache.isState = use == nn::SessionUse::Sets || use == nn::SessionUse::Reads;
  bool counted = tensor.getRank() > 1 && sizes.isRagged(sizes.axis(tensor, 1));
  if (counted)
    cache.size = nn::axesOf(tensor).axisName(1).str();
  cache.positionBytes = bytesOf(tensor.getElementType());
  for (int64_t axis = counted ? 2 : 1; axis < tensor.getRank(); ++axis)
    cache.positionBytes *= tensor.getDimSize(axis);
  return cache;
}

void Describer::addCaches(Program &program) {
  llvm::StringMap<int64_t> numbers;
  for (const nn::PathTree::Slot &slot : tree.caches()) {
    auto [at, isNew] = numbers.try_emplace(slot.path, program.caches.size());
    if (isNew)
      program.caches.push_back(cache(slot));
    program.cacheSlots.push_back(at->second);
  }
}

/// Whether a prompt may be given in several calls: nothing that the entry which
/// writes text reaches mixes positions of the prompt, or of what a session
/// keeps of it, but for an earlier one reaching a later one.
bool Describer::readsInChunks() {
  SmallVector<StringRef> axes;
  for (nn::SizeOp size : sizes.dynamicSizes())
    if (StringRef from = sizes.grownFrom(size.getSymName()); !from.empty())
      axes.append({from, size.getSymName()});
  func::FuncOp step;
  for (auto function : module.getOps<func::FuncOp>())
    if (roleOf(function.getSymName()) == GenerateRole::Step)
      step = function;
  if (axes.empty() || !step)
    return false;
  auto keepsOrder = [&](Operation *op) {
    return llvm::none_of(axes, [&](StringRef axis) {
      return nn::dependenceAlong(op, axis) == nn::Dependence::Any;
    });
  };
  return llvm::all_of(reachedFrom(step), [&](func::FuncOp function) {
    return !function
                .walk([&](Operation *op) {
                  return keepsOrder(op) ? WalkResult::advance()
                                        : WalkResult::interrupt();
                })
                .wasInterrupted();
  });
}

Program Describer::program(const WeightTable &weights) {
  Program program;
  if (auto name = module->getAttrOfType<StringAttr>(nn::NNDialect::kModelAttr))
    program.name = name.str();
  program.fingerprint = fingerprint(weights);
  for (nn::SizeOp op : sizes.dynamicSizes())
    program.sizes.push_back(size(op));
  for (auto function : module.getOps<func::FuncOp>())
    if (nn::isEntry(function))
      program.entries.push_back(entry(function));
  addCaches(program);
  program.sites = numberSites(module, sizes);
  for (int32_t slot : weights.slots)
    program.weightBytes.push_back(weights.tensors[slot].packedBytes());
  program.rowSize = sizes.rows().str();
  program.hasTokenizer = module->hasAttr("nn.tokenizer");
  program.prefillInChunks = readsInChunks();
  return program;
}

//===----------------------------------------------------------------------===//
// The weights
//===----------------------------------------------------------------------===//

/// What a weight is for says what it is filled with where there is no
/// checkpoint: a norm's scale with ones, a bias or a running mean with zeros.
static WeightFill fillOf(nn::WeightOp weight) {
  for (OpOperand &use : weight->getUses()) {
    switch (nn::roleOf(use)) {
    case nn::OperandRole::Scale:
      return WeightFill::Ones;
    case nn::OperandRole::Shift:
      return WeightFill::Zeros;
    case nn::OperandRole::Factor:
      return WeightFill::Normal;
    default:
      continue;
    }
  }
  return WeightFill::Normal;
}

/// The layout that a conversion wishes for, else plain.
static kernel::PackedLayout layoutOf(nn::WeightOp weight) {
  if (kernel::LayoutAttr layout = weight.getLayoutAttr())
    return layout.getLayout();
  // Whatever is narrower still lies in panels.
  auto type =
      weight.getStored() ? kernel::PackedType::BF16 : kernel::PackedType::F32;
  return kernel::PackedLayout::plain(type, nn::isStoredTransposed(weight));
}

static std::string locationText(Location location) {
  auto file = location->findInstanceOf<FileLineColLoc>();
  if (!file)
    return "";
  return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
          Twine(file.getColumn()))
      .str();
}

/// A merged weight's location is that of its parts, unless two are the same.
static std::vector<WeightTable::Part> partsOf(const nn::PathTree::Slot &slot,
                                              nn::WeightOp op) {
  SmallVector<Location> locations(op.getPartCount(), op.getLoc());
  if (auto fused = dyn_cast<FusedLoc>(op.getLoc());
      fused && fused.getLocations().size() == locations.size())
    locations.assign(fused.getLocations().begin(), fused.getLocations().end());
  std::vector<WeightTable::Part> parts;
  for (auto [number, location] : llvm::enumerate(locations)) {
    RankedTensorType type = op.getPartType(number);
    parts.push_back({number == 0 ? slot.path : slot.then[number - 1],
                     type.getShape().vec(), nn::axesOf(type).str(),
                     locationText(location)});
  }
  return parts;
}

WeightTable Describer::weights() {
  WeightTable table;
  // Slots with equal paths are one tensor, unless they want it packed
  // differently: an embedding whose rows are read, tied to a matrix product.
  llvm::StringMap<int32_t> numbers;
  for (const nn::PathTree::Slot &slot : tree.weights()) {
    auto op = cast<nn::WeightOp>(slot.op);
    WeightTable::Tensor tensor;
    tensor.parts = partsOf(slot, op);
    tensor.layout = layoutOf(op);
    tensor.fill = fillOf(op);
    std::string key = tensor.layout.asString();
    for (const WeightTable::Part &part : tensor.parts)
      key += "\n" + part.path;
    auto [at, isNew] = numbers.try_emplace(key, table.tensors.size());
    if (isNew)
      table.tensors.push_back(std::move(tensor));
    table.slots.push_back(at->second);
  }
  return table;
}

/// Rows that a product quantises for itself are nothing that a caller can give.
static LogicalResult verifyEntry(func::FuncOp function) {
  for (Type type : llvm::concat<const Type>(function.getArgumentTypes(),
                                            function.getResultTypes()))
    if (isa<nn::DynamicType>(cast<RankedTensorType>(type).getElementType()))
      return function.emitError()
             << "the entry @" << function.getName() << " takes or gives "
             << type << ", needs plain elements";
  return success();
}

namespace {

struct DescribeProgram : pipeline::impl::DescribeProgramBase<DescribeProgram> {
  void runOnOperation() override {
    if (failed(nn::verifyModule(getOperation())))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (nn::isEntry(function) && failed(verifyEntry(function)))
        return signalPassFailure();
    FailureOr<nn::PathTree> tree = nn::PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    Describer describer(getOperation(), *tree);
    WeightTable weights = describer.weights();
    codegen::setProgramAttribute(getOperation(), describer.program(weights));
    setWeightTable(getOperation(), weights);
  }
};

} // namespace
