//===- DescribeProgram.cpp - describe-program -----------------------------===//
//
// Enters: an nn module that nn-plan-memory has been over. Leaves: the same with
// a program.description in front, in place of one that was there (see
// Passes.td).
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "compiler/transforms/Sites.h"
#include "compiler/transforms/Slots.h"
#include "dialects/nn/Content.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/VerifyModule.h"
#include "dialects/program/Program.h"
#include "llvm/ADT/SetVector.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_DESCRIBEPROGRAM
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;
using nn::SizeExpr;
using program::GenerateRole;

namespace {

class Describer {
public:
  Describer(ModuleOp module, const nn::PathTree &tree)
      : module(module), sizes(module), slots(tree),
        builder(OpBuilder::atBlockBegin(module.getBody())) {}

  void describe();

private:
  void addDescription();
  void addSize(nn::SizeOp size);
  void findCounted();
  void addCounted();
  void addEntry(func::FuncOp function);
  template <typename ValueOp, typename... Rest>
  void addValue(Location location, const Twine &name, RankedTensorType type,
                Rest... rest);

  struct SessionUses {
    ArrayAttr grows, sets, reads;
  };
  SessionUses sessionUses(func::FuncOp function);
  SmallVector<func::FuncOp> reachedFrom(func::FuncOp function);
  func::FuncOp stepFunction();
  bool readsInChunks();
  GenerateRole roleOf(StringRef entry);

  ModuleOp module;
  nn::SizeTable sizes;
  /// Counts what a session has read along `axis`, where a recurrence alone
  /// keeps something of it.
  struct {
    std::string name;
    StringRef axis;
  } counted;
  transforms::Slots slots;
  OpBuilder builder;
};

} // namespace

//===----------------------------------------------------------------------===//
// Sizes and entries
//===----------------------------------------------------------------------===//

void Describer::addSize(nn::SizeOp size) {
  StringAttr per, grownBy;
  if (size.getPer())
    per = builder.getStringAttr(*size.getPer());
  if (StringRef from = sizes.grownFrom(size.getSymName()); !from.empty())
    grownBy = builder.getStringAttr(from);
  program::SizeOp::create(builder, size.getLoc(), size.getSymNameAttr(),
                          size.getMinAttr(), size.getMaxAttr(),
                          size.getStepAttr(), per, grownBy);
}

/// The size along which a scan goes on from call to call, or empty.
static StringRef axisOfSession(nn::ScanOp scan, const nn::SizeTable &sizes) {
  if (!scan.isKept())
    return {};
  SizeExpr axis = sizes.known(*SizeExpr::parse(scan.getAxis()));
  int index = axis.asName() ? sizes.indexOf(*axis.asName()) : -1;
  if (index < 0)
    return {};
  nn::SizeOp size = sizes.dynamicSizes()[index];
  return size.getSymName();
}

/// Where text is written from what a recurrence carries, and no cache counts
/// the positions of a session, a size of its own does.
void Describer::findCounted() {
  func::FuncOp step = stepFunction();
  if (!step)
    return;
  for (func::FuncOp function : reachedFrom(step))
    function.walk([&](nn::ScanOp scan) {
      if (StringRef axis = axisOfSession(scan, sizes); sizes.isRagged(axis))
        counted.axis = axis;
    });
  auto grows = [&](nn::SizeOp size) {
    return sizes.grownFrom(size.getSymName()) == counted.axis;
  };
  if (counted.axis.empty() || llvm::any_of(sizes.dynamicSizes(), grows)) {
    counted.axis = {};
    return;
  }
  counted.name = (counted.axis + "_read").str();
  while (module.lookupSymbol(counted.name))
    counted.name += "_";
}

/// It has no end: what is carried needs the same room after any number.
void Describer::addCounted() {
  if (counted.axis.empty())
    return;
  nn::SizeOp size = sizes.dynamicSizes()[sizes.indexOf(counted.axis)];
  program::SizeOp::create(
      builder, size.getLoc(), builder.getStringAttr(counted.name),
      builder.getI64IntegerAttr(1),
      builder.getI64IntegerAttr((int64_t(1) << 31) - 1),
      builder.getI64IntegerAttr(1), builder.getStringAttr(*size.getPer()),
      size.getSymNameAttr());
}

template <typename ValueOp, typename... Rest>
void Describer::addValue(Location location, const Twine &name,
                         RankedTensorType type, Rest... rest) {
  nn::AxesAttr axes = nn::axesOf(type);
  SmallVector<Attribute> dims;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    dims.push_back(builder.getStringAttr(sizes.axis(type, axis).str()));
  IntegerAttr below;
  if (StringAttr over = axes.getOver())
    if (FailureOr<SizeExpr> bound = SizeExpr::parse(over.getValue());
        succeeded(bound))
      if (auto number = sizes.known(*bound).asConstant())
        below = builder.getI64IntegerAttr(*number);
  ValueOp::create(builder, location, builder.getStringAttr(name),
                  builder.getStringAttr(axes.str()),
                  TypeAttr::get(type.getElementType()),
                  builder.getArrayAttr(dims), below, rest...);
}

/// `generate a, b`: the last is the step, the others run before the loop.
GenerateRole Describer::roleOf(StringRef entry) {
  auto verifier = module->getAttrOfType<StringAttr>(nn::kVerifyAttr);
  if (verifier && verifier.getValue() == entry)
    return GenerateRole::Verify;
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

/// The entry that is called again and again, or null.
func::FuncOp Describer::stepFunction() {
  for (auto function : module.getOps<func::FuncOp>())
    if (nn::isEntry(function) &&
        roleOf(function.getSymName()) == GenerateRole::Step)
      return function;
  return {};
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
Describer::SessionUses Describer::sessionUses(func::FuncOp entry) {
  llvm::SmallSetVector<StringRef, 4> grows, sets, reads;
  // A state without a size of its own has one position a row.
  auto countedIn = [&](Type state) -> StringRef {
    auto axes = nn::axesOf(state);
    bool counted = axes.getNames().size() > 1 && sizes.isRagged(axes.expr(1));
    return counted ? axes.axisName(1) : StringRef();
  };
  for (func::FuncOp function : reachedFrom(entry))
    function.walk([&](nn::SessionOpInterface op) {
      if (auto scan = dyn_cast<nn::ScanOp>(*op);
          scan && !counted.axis.empty() &&
          axisOfSession(scan, sizes) == counted.axis)
        grows.insert(counted.name);
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
  auto list = [&](auto &names) {
    names.remove(StringRef());
    return names.empty() ? ArrayAttr()
                         : builder.getStrArrayAttr(names.getArrayRef());
  };
  return {list(grows), list(sets), list(reads)};
}

static program::Content contentOf(func::FuncOp function, unsigned input) {
  auto content = function.getArgAttrOfType<StringAttr>(input, nn::kContentAttr);
  return !content                ? program::Content::Numbers
         : content == nn::kImage ? program::Content::Image
                                 : program::Content::Audio;
}

void Describer::addEntry(func::FuncOp function) {
  StringRef name = function.getName();
  MLIRContext *context = module.getContext();
  StringAttr arena;
  if (auto bytes = function->getAttrOfType<StringAttr>(nn::kArenaAttr))
    if (SizeExpr known = sizes.known(*SizeExpr::parse(bytes.getValue()));
        !known.terms().empty())
      arena = builder.getStringAttr(known.str());
  SessionUses uses = sessionUses(function);
  auto entry = program::EntryOp::create(
      builder, function.getLoc(), FlatSymbolRefAttr::get(context, name),
      roleOf(name), arena, slots.weightsOf(name, context),
      slots.cachesOf(name, context), uses.grows, uses.sets, uses.reads);
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&entry.getValues());
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto given =
        function.getArgAttrOfType<StringAttr>(number, nn::NNDialect::kNameAttr);
    FloatAttr defaultValue;
    if (auto value = function.getArgAttrOfType<FloatAttr>(
            number, nn::NNDialect::kDefaultAttr))
      defaultValue = builder.getF64FloatAttr(value.getValueAsDouble());
    addValue<program::InputOp>(function.getArgument(number).getLoc(),
                               given ? given.str()
                                     : "input" + std::to_string(number),
                               cast<RankedTensorType>(type), defaultValue,
                               contentOf(function, number));
  }
  for (auto [number, type] : llvm::enumerate(function.getResultTypes())) {
    auto given = function.getResultAttrOfType<StringAttr>(
        number, nn::NNDialect::kNameAttr);
    addValue<program::OutputOp>(function.getLoc(),
                                given ? given.str()
                                : function.getNumResults() == 1
                                    ? "result"
                                    : "result" + std::to_string(number + 1),
                                cast<RankedTensorType>(type));
  }
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

/// Whether a prompt may be given in several calls: nothing that the entry which
/// writes text reaches mixes positions of the prompt, or of what a session
/// keeps of it, but for an earlier one reaching a later one.
bool Describer::readsInChunks() {
  SmallVector<StringRef> axes;
  if (!counted.axis.empty())
    axes.push_back(counted.axis);
  for (nn::SizeOp size : sizes.dynamicSizes())
    if (StringRef from = sizes.grownFrom(size.getSymName()); !from.empty())
      axes.append({from, size.getSymName()});
  func::FuncOp step = stepFunction();
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

void Describer::addDescription() {
  auto name = module->getAttrOfType<StringAttr>(nn::NNDialect::kModelAttr);
  StringAttr rows;
  if (!sizes.rows().empty())
    rows = builder.getStringAttr(sizes.rows());
  auto flag = [&](bool value) {
    return value ? builder.getUnitAttr() : UnitAttr();
  };
  auto description = program::DescriptionOp::create(
      builder, module.getLoc(), name ? name : builder.getStringAttr(""), rows,
      flag(readsInChunks()),
      flag(module->hasAttr(nn::NNDialect::kTokenizerAttr)));
  builder.createBlock(&description.getBody());
}

void Describer::describe() {
  findCounted();
  addDescription();
  for (nn::SizeOp size : sizes.dynamicSizes())
    addSize(size);
  addCounted();
  for (auto function : module.getOps<func::FuncOp>())
    if (nn::isEntry(function))
      addEntry(function);
  slots.addCaches(sizes, builder);
  transforms::numberSites(module, sizes, builder);
  slots.addTensors(builder);
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

/// What one session buffer keeps does not depend on who reads it.
static LogicalResult verifyWindows(const nn::PathTree &tree) {
  llvm::StringMap<uint64_t> windows;
  for (const nn::PathTree::Slot &slot : tree.caches()) {
    auto append = dyn_cast<nn::CacheAppendOp>(slot.op);
    uint64_t window = append ? append.getWindow().value_or(0) : 0;
    auto [known, isNew] = windows.try_emplace(slot.path, window);
    if (!isNew && known->second != window)
      return slot.op->emitOpError()
             << "keeps " << slot.path << " within " << window
             << " positions, another op within " << known->second
             << " (0: all)";
  }
  return success();
}

namespace {

struct DescribeProgram
    : transforms::impl::DescribeProgramBase<DescribeProgram> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(nn::verifyModule(module)))
      return signalPassFailure();
    for (auto function : module.getOps<func::FuncOp>())
      if (nn::isEntry(function) && failed(verifyEntry(function)))
        return signalPassFailure();
    FailureOr<nn::PathTree> tree = nn::PathTree::build(module);
    if (failed(tree) || failed(verifyWindows(*tree)))
      return signalPassFailure();
    if (program::DescriptionOp before = program::descriptionOf(module))
      before.erase();
    Describer(module, *tree).describe();
  }
};

} // namespace
