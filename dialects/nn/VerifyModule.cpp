//===- VerifyModule.cpp - what is true of a module as a whole -------------===//
//
// The numbers M1, M2, … are those of VerifyModule.h.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/VerifyModule.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/SizeTable.h"
#include "dialects/scalar/Scalar.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

FlatSymbolRefAttr heddle::nn::calleeOf(Operation *op) {
  auto call = dyn_cast<CallOpInterface>(op);
  auto callee = call ? dyn_cast<SymbolRefAttr>(call.getCallableForCallee())
                     : SymbolRefAttr();
  return dyn_cast_if_present<FlatSymbolRefAttr>(callee);
}

/// Rows that a product quantises for itself, which nothing else knows. // M3
static bool isQuantised(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa<DynamicType>(tensor.getElementType());
}

static bool hasAxes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa_and_nonnull<AxesAttr>(tensor.getEncoding());
}

//===----------------------------------------------------------------------===//
// Functions and calls
//===----------------------------------------------------------------------===//

static LogicalResult verifyFunction(func::FuncOp function) { // M2
  if (function.isDeclaration() || !function.getBody().hasOneBlock())
    return function.emitError()
           << "@" << function.getName() << " has "
           << (function.isDeclaration() ? "no body" : "several blocks")
           << ", needs one block";
  for (Type type : llvm::concat<const Type>(function.getArgumentTypes(),
                                            function.getResultTypes()))
    if (!hasAxes(type))
      return function.emitError()
             << "@" << function.getName() << " takes or gives " << type
             << ", needs tensors with named axes";
  return success();
}

namespace {
/// How deep calls go below each function, callees first.
class Depths {
public:
  explicit Depths(ModuleOp module) : symbols(module) {}

  LogicalResult measure(func::FuncOp function, unsigned above = 0) { // M6
    if (known.contains(function))
      return success();
    if (above > mostCallsDeep || !open.insert(function).second)
      return function.emitError()
             << "@" << function.getName()
             << (above > mostCallsDeep
                     ? " is called more than " + std::to_string(mostCallsDeep) +
                           " deep"
                     : " calls itself");
    unsigned deepest = 0;
    bool anyFailed =
        function
            .walk([&](Operation *op) {
              FlatSymbolRefAttr name = calleeOf(op);
              if (!name)
                return WalkResult::advance();
              auto callee = symbols.lookup<func::FuncOp>(name.getValue());
              if (failed(measure(callee, above + 1)))
                return WalkResult::interrupt();
              deepest = std::max(deepest, known.lookup(callee) + 1);
              return WalkResult::advance();
            })
            .wasInterrupted();
    open.erase(function);
    known[function] = deepest;
    if (!anyFailed && deepest > mostCallsDeep)
      return function.emitError()
             << "@" << function.getName() << " calls more than "
             << mostCallsDeep << " deep";
    return failure(anyFailed);
  }

private:
  SymbolTable symbols;
  llvm::DenseMap<Operation *, unsigned> known;
  llvm::DenseSet<Operation *> open;
};
} // namespace

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

static bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

/// Of a region about a pair of positions, or a number in a function. // M3
static LogicalResult verifyScalarOp(Operation *op) {
  if (op->getNumRegions() != 0 ||
      !llvm::all_of(op->getResultTypes(), isScalar) ||
      !llvm::all_of(op->getOperandTypes(), isScalar))
    return op->emitOpError("is of no scalars, needs some in an nn module");
  return success();
}

/// What is said about a pair of positions is evaluated like an expression: what
/// is used twice may be written twice. // M3
static LogicalResult verifyExpression(Operation *op) {
  constexpr size_t largest = 4096;
  llvm::DenseMap<Operation *, size_t> terms;
  for (Region &region : op->getRegions())
    for (Operation &inner : region.getOps()) {
      size_t &sum = terms[&inner];
      sum = 1;
      for (Value operand : inner.getOperands())
        sum =
            std::min(sum + terms.lookup(operand.getDefiningOp()), largest + 1);
      if (sum > largest)
        return inner.emitOpError()
               << "ends an expression of more than " << largest << " terms";
    }
  return success();
}

FailureOr<LoopTurns> heddle::nn::turnsOf(scf::ForOp loop) {
  auto lower = getConstantIntValue(loop.getLowerBound()),
       upper = getConstantIntValue(loop.getUpperBound()),
       step = getConstantIntValue(loop.getStep());
  if (!lower || !upper || !step)
    return loop.emitError("a loop over weights needs constant bounds");
  if (*step != 1 || *lower < 0 || *upper > (int64_t(1) << 31))
    return loop.emitError("a loop over weights counts by one, from 0 or more "
                          "to 2^31 at most, found ")
           << *lower << " to " << *upper << " step " << *step;
  return LoopTurns{*lower, std::max<int64_t>(0, *upper - *lower)};
}

static LogicalResult verifyLoop(scf::ForOp loop) { // M3
  if (failed(turnsOf(loop)))
    return failure();
  if (!loop.getInductionVar().getType().isIndex() ||
      !llvm::all_of(loop.getResultTypes(), hasAxes))
    return loop.emitError("a loop over weights counts in index and carries "
                          "tensors with named axes");
  return success();
}

static LogicalResult verifyLayout(WeightOp weight);

static LogicalResult verifyIndices(Operation *op, ValueRange indices) { // M5
  for (Value index : indices) {
    scf::ForOp loop = scf::getForInductionVarOwner(index);
    if (!getConstantIntValue(index) && !(loop && loop->isAncestor(op)))
      return op->emitOpError("has an index that is neither a constant nor that "
                             "of a loop around it");
  }
  return success();
}

/// Whether all quantised rows that an op reads or makes are its to.
static bool movesQuantised(Operation *op) {
  auto isKept = [](Value value) {
    return isa_and_present<CacheAppendOp, StateReadOp>(value.getDefiningOp());
  };
  if (llvm::any_of(op->getResultTypes(), isQuantised) &&
      !isa<NarrowOp, CacheAppendOp, StateReadOp>(op))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value value) {
    if (!isQuantised(value.getType()))
      return true;
    return isKept(value) ? isa<AttentionOp>(op) : isa<LinearOp>(op);
  });
}

static LogicalResult verifyOp(Operation *op) {
  if (!movesQuantised(op))
    return op->emitOpError("has quantised rows, which nn.narrow makes for "
                           "nn.linear alone, and a session keeps for "
                           "nn.attention"); // M3
  // What makes a number of numbers, which the op around has verified.
  if (isa<EpilogueOpInterface>(op->getParentOp()))
    return success();
  if (auto attention = dyn_cast<AttentionOp>(op->getParentOp());
      attention && op->getParentRegion() == &attention.getScore())
    return success();
  if (op->getParentOp()->hasTrait<AboutPairs>()) { // M3
    if (op->hasTrait<WithinPairs>())
      return success();
    if (!isa<arith::ArithDialect, math::MathDialect, scalar::ScalarDialect>(
            op->getDialect()))
      return op->emitOpError("cannot stand in what is said about a pair of "
                             "positions");
  }
  if (isa<func::ReturnOp, scf::YieldOp>(op))
    return success();
  if (isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
    return verifyScalarOp(op);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return verifyLoop(loop);
  if (!isa<NNDialect>(op->getDialect()) || isa<SymbolOpInterface>(op))
    return op->emitOpError("is no op of a function of an nn module");
  if (op->hasTrait<AboutPairs>())
    return verifyExpression(op);
  if (auto path = dyn_cast<PathOpInterface>(op))
    if (failed(verifyIndices(op, path.getPathIndices())))
      return failure();
  auto weight = dyn_cast<WeightOp>(op);
  return weight ? verifyLayout(weight) : success();
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

kernel::PackedType heddle::nn::packedTypeOf(WeightOp weight) {
  return weight.getStored().value_or(kernel::PackedType::F32);
}

kernel::PackedLayout heddle::nn::panelsOf(LinearOp linear,
                                          kernel::PackedType type) {
  SmallVector<int64_t> groups;
  if (linear->getNumResults() > 1)
    for (unsigned group = 0; group < linear->getNumResults(); ++group)
      groups.push_back(linear.getGroupSize(group));
  return kernel::PackedLayout::ofProduct(type, linear.getInOut(), groups,
                                         linear.getPaired());
}

/// Whether a use of a weight reads these panels. // M7
static bool readsPanels(OpOperand &use, const kernel::PackedLayout &layout) {
  if (auto embed = dyn_cast<EmbedOp>(use.getOwner()))
    return embed.getTable() == use.get() && !layout.transposed;
  auto linear = dyn_cast<LinearOp>(use.getOwner());
  return linear && use.get() == linear.getWeight() &&
         use.getOperandNumber() == 1 && panelsOf(linear, layout.type) == layout;
}

static LogicalResult verifyLayout(WeightOp weight) { // M7
  kernel::PackedLayout layout = kernel::PackedLayout::plain(
      kernel::PackedType::F32, isStoredTransposed(weight));
  RankedTensorType type = weight.getType();
  if (kernel::LayoutAttr attribute = weight.getLayoutAttr()) {
    layout = attribute.getLayout();
    if (layout.kind != kernel::PackedLayout::Kind::Panel)
      return weight.emitOpError()
             << "layout is " << attribute << ", needs panels";
    if (layout.type != packedTypeOf(weight) || !type.getElementType().isF32())
      return weight.emitOpError()
             << "is stored as " << kernel::nameOf(packedTypeOf(weight))
             << ", the layout is " << attribute;
    if (llvm::Error error = layout.verify(layout.matrix(type.getShape())))
      return weight.emitOpError() << llvm::toString(std::move(error));
    for (OpOperand &use : weight->getUses())
      if (!readsPanels(use, layout))
        return weight.emitOpError()
               << "lies as " << attribute << ", which '"
               << use.getOwner()->getName() << "' cannot read";
  }
  for (unsigned part = 0; part < weight.getPartCount(); ++part)
    if (layout.matrix(weight.getPartType(part).getShape()).inputs !=
        layout.matrix(type.getShape()).inputs)
      return weight.emitOpError("has parts that are not joined along its "
                                "outputs");
  return success();
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// What is wrong with an axis, or nothing. // M4
static std::string refusalOf(const SizeExpr &named, int64_t size,
                             const SizeTable &sizes) {
  SizeExpr expr = sizes.known(named);
  if (!ShapedType::isDynamic(size)) {
    std::optional<int64_t> value = expr.asConstant();
    return value && *value != size
               ? named.str() + " is " + std::to_string(*value) + ", not " +
                     std::to_string(size)
               : std::string();
  }
  if (expr.isConstant())
    return named.str() + " is known, not only at run time";
  for (const SizeExpr::Term &term : expr.terms())
    for (const auto &[name, power] : term.factors) {
      if (sizes.indexOf(name) < 0)
        return "there is no size " + name + " that is known at run time";
      if (power < 0)
        return named.str() + " divides by " + name +
               ", which is known only at run time";
    }
  return {};
}

/// Of the polynomial that says how many elements a tensor has. Work and memory
/// are products of a few of them.
static constexpr size_t mostTermsOfTensor = 64;

static LogicalResult verifyAxes(Location location, Type type,
                                const SizeTable &sizes) {
  if (!hasAxes(type))
    return success();
  auto tensor = cast<RankedTensorType>(type);
  size_t terms = 1;
  for (unsigned axis = 0; axis < tensor.getRank(); ++axis) {
    std::string refusal =
        refusalOf(axesOf(type).expr(axis), tensor.getDimSize(axis), sizes);
    if (!refusal.empty())
      return emitError(location) << type << ": " << refusal;
    SizeExpr length = sizes.axis(tensor, axis);
    terms *= std::max<size_t>(1, length.terms().size());
    if (terms > mostTermsOfTensor)
      return emitError(location)
             << type << ": the number of elements has more than "
             << mostTermsOfTensor << " terms";
  }
  return success();
}

LogicalResult heddle::nn::verifyModule(ModuleOp module) {
  for (Operation &op : module.getOps()) {
    if (!isa<SizeOp, StateOp, func::FuncOp>(op) &&
        !op.hasTrait<BesideModel>()) // M1
      return op.emitOpError("is not of an nn module: there are sizes, states "
                            "and functions");
    if (auto function = dyn_cast<func::FuncOp>(op))
      if (failed(verifyFunction(function)))
        return failure();
  }
  Depths depths(module);
  SizeTable sizes(module);
  auto wrong = [&](Operation *op) {
    if (op->getParentOp() == module)
      return WalkResult::advance();
    bool isWrong = failed(verifyOp(op));
    for (Type type : op->getResultTypes())
      isWrong = isWrong || failed(verifyAxes(op->getLoc(), type, sizes));
    for (Region &region : op->getRegions())
      for (Type type : region.getArgumentTypes())
        isWrong = isWrong || failed(verifyAxes(op->getLoc(), type, sizes));
    return isWrong ? WalkResult::interrupt() : WalkResult::advance();
  };
  for (auto state : module.getOps<StateOp>())
    if (failed(verifyAxes(state.getLoc(), state.getType(), sizes)))
      return failure();
  for (auto function : module.getOps<func::FuncOp>()) {
    for (Type type : llvm::concat<const Type>(function.getArgumentTypes(),
                                              function.getResultTypes()))
      if (failed(verifyAxes(function.getLoc(), type, sizes)))
        return failure();
    if (function.walk(wrong).wasInterrupted() ||
        failed(depths.measure(function)))
      return failure();
  }
  return success();
}
