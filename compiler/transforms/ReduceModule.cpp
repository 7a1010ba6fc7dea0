//===- ReduceModule.cpp - smaller modules that show the same --------------===//
//
// Delta debugging (Zeller and Hildebrandt 2002): large pieces are tried first,
// then their halves, down to single operations. MLIR's reduction-tree erases
// operations without a thought for who reads them, of which only what nobody
// reads passes the verifier; README.md has what came of it.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/ReduceModule.h"
#include "dialects/nn/NN.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

//===----------------------------------------------------------------------===//
// One operation
//===----------------------------------------------------------------------===//

/// A value of this type before `op` in its block: an operand of it, else an
/// argument, else what is nearest to the block's beginning.
static Value valueBefore(Operation *op, Type type) {
  for (Value operand : op->getOperands())
    if (operand.getType() == type)
      return operand;
  for (Value argument : op->getBlock()->getArguments())
    if (argument.getType() == type)
      return argument;
  for (Operation &earlier : *op->getBlock()) {
    if (&earlier == op)
      break;
    for (Value result : earlier.getResults())
      if (result.getType() == type)
        return result;
  }
  return {};
}

/// A weight in the place of an operation of static sizes; null: it has others,
/// or is none but a weight.
static Value weightInstead(Operation *op, Type resultType) {
  auto type = dyn_cast<RankedTensorType>(resultType);
  if (isa<WeightOp>(op) || !type || !type.hasStaticShape() ||
      !isa_and_nonnull<AxesAttr>(type.getEncoding()))
    return {};
  OpBuilder builder(op);
  return WeightOp::create(builder, op->getLoc(), type,
                          builder.getStringAttr("reduced"), UnitAttr(),
                          ValueRange());
}

static bool isCalled(func::FuncOp function) {
  auto uses = SymbolTable::getSymbolUses(function, function->getParentOp());
  return !uses || !uses->empty();
}

/// A new argument of the function that the operation stands in; null: callers
/// would have to give it.
static Value argumentInstead(Operation *op, Type type) {
  auto function = dyn_cast<func::FuncOp>(op->getParentOp());
  if (!function || isCalled(function))
    return {};
  unsigned number = function.getNumArguments();
  (void)function.insertArgument(number, type, DictionaryAttr(), op->getLoc());
  return function.getArgument(number);
}

/// Removes an operation if there is something in the place of its results.
static bool removeOp(Operation *op) {
  if (op->hasTrait<OpTrait::IsTerminator>())
    return false;
  SmallVector<Value> instead;
  for (Value result : op->getResults()) {
    Value value;
    if (!result.use_empty()) {
      value = valueBefore(op, result.getType());
      if (!value)
        value = weightInstead(op, result.getType());
      if (!value)
        value = argumentInstead(op, result.getType());
      if (!value)
        return false;
    }
    instead.push_back(value);
  }
  for (auto [result, value] : llvm::zip(op->getResults(), instead))
    if (value)
      result.replaceAllUsesWith(value);
  op->erase();
  return true;
}

//===----------------------------------------------------------------------===//
// A module
//===----------------------------------------------------------------------===//

/// Changes a copy of the module, which takes its place where it still shows it.
static bool tryChange(OwningOpRef<ModuleOp> &module, Shows shows,
                      llvm::function_ref<bool(ModuleOp)> change) {
  OwningOpRef<ModuleOp> copy = module->clone();
  if (!change(*copy) || failed(verify(*copy)) || !shows(*copy))
    return false;
  module = std::move(copy);
  return true;
}

static SmallVector<Operation *> allOps(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != module)
      ops.push_back(op);
  });
  return ops;
}

static void removeOps(OwningOpRef<ModuleOp> &module, Shows shows) {
  for (size_t size = allOps(*module).size(); size > 0; size /= 2) {
    for (size_t begin = 0; begin < allOps(*module).size();) {
      // Behind operations come their users and what lies in them.
      auto remove = [&](ModuleOp copy) {
        SmallVector<Operation *> ops = allOps(copy);
        size_t end = std::min(begin + size, ops.size());
        bool changes = false;
        for (size_t i = end; i-- > begin;)
          changes |= removeOp(ops[i]);
        return changes;
      };
      if (!tryChange(module, shows, remove))
        begin += size;
    }
  }
}

static bool hasBody(Operation *op) {
  return op->getNumRegions() == 1 && op->getRegion(0).hasOneBlock() &&
         !op->hasTrait<OpTrait::IsIsolatedFromAbove>() &&
         !op->getRegion(0).front().empty();
}

/// Puts what lies in an operation, as in a loop, in its place.
static bool unwrapOp(Operation *op) {
  Block &body = op->getRegion(0).front();
  Operation *last = &body.back();
  SmallVector<Value> arguments;
  for (Value argument : body.getArguments())
    arguments.push_back(valueBefore(op, argument.getType()));
  if (llvm::is_contained(arguments, Value()) ||
      last->getOperandTypes() != op->getResultTypes())
    return false;
  for (auto [argument, value] : llvm::zip(body.getArguments(), arguments))
    argument.replaceAllUsesWith(value);
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         body.getOperations(), body.begin(),
                                         last->getIterator());
  op->replaceAllUsesWith(last->getOperands());
  op->erase();
  return true;
}

static void unwrapOps(OwningOpRef<ModuleOp> &module, Shows shows) {
  for (size_t i = 0; i < allOps(*module).size(); ++i)
    while (i < allOps(*module).size() && hasBody(allOps(*module)[i]) &&
           tryChange(
               module, shows,
               [&](ModuleOp copy) { return unwrapOp(allOps(copy)[i]); }))
      ;
}

/// The functions that nobody calls: of others callers would change with them.
static SmallVector<func::FuncOp> entriesOf(ModuleOp module) {
  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (!isCalled(function) && function.getBody().hasOneBlock())
      entries.push_back(function);
  return entries;
}

static bool returnLess(func::FuncOp function, unsigned number) {
  Operation *last = function.getBody().front().getTerminator();
  if (last->getNumOperands() != function.getNumResults())
    return false;
  last->eraseOperand(number);
  (void)function.eraseResult(number);
  return true;
}

static bool takeLess(func::FuncOp function, unsigned number) {
  if (!function.getArgument(number).use_empty())
    return false;
  (void)function.eraseArgument(number);
  return true;
}

/// Returns what the function's operation of this number computes, and leaves
/// out all that is behind it.
static bool returnAt(func::FuncOp function, unsigned number) {
  Block &block = function.getBody().front();
  Operation *last = block.getTerminator(), *op = &block.front();
  while (number-- > 0 && op != last)
    op = op->getNextNode();
  if (op == last || op->getNextNode() == last ||
      last->getNumOperands() != function.getNumResults())
    return false;
  last->setOperands(op->getResults());
  function.removeResAttrsAttr();
  function.setFunctionType(FunctionType::get(function.getContext(),
                                             function.getArgumentTypes(),
                                             op->getResultTypes()));
  while (last->getPrevNode() != op)
    last->getPrevNode()->erase();
  return true;
}

static void narrowFunctions(OwningOpRef<ModuleOp> &module, Shows shows) {
  for (size_t i = 0; i < entriesOf(*module).size(); ++i) {
    auto tryEach = [&](unsigned count, auto change) {
      while (count-- > 0)
        tryChange(module, shows, [&](ModuleOp copy) {
          return change(entriesOf(copy)[i], count);
        });
    };
    auto endAt = [&](unsigned number) {
      return tryChange(module, shows, [&](ModuleOp copy) {
        return returnAt(entriesOf(copy)[i], number);
      });
    };
    size_t ops = entriesOf(*module)[i].getBody().front().getOperations().size();
    (void)llvm::any_of(llvm::seq(ops), endAt);
    tryEach(entriesOf(*module)[i].getNumResults(), returnLess);
    tryEach(entriesOf(*module)[i].getNumArguments(), takeLess);
  }
}

static bool simplify(ModuleOp module) {
  PassManager passes(module.getContext());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createSymbolDCEPass());
  return succeeded(passes.run(module));
}

static size_t sizeOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text.size();
}

void heddle::transforms::reduceModule(OwningOpRef<ModuleOp> &module,
                                      Shows shows) {
  ScopedDiagnosticHandler quiet(module->getContext(),
                                [](Diagnostic &) { return success(); });
  size_t before, after = sizeOf(*module);
  do {
    before = after;
    removeOps(module, shows);
    unwrapOps(module, shows);
    narrowFunctions(module, shows);
    tryChange(module, shows, [&](ModuleOp copy) {
      return simplify(copy) && sizeOf(copy) < sizeOf(*module);
    });
    after = sizeOf(*module);
  } while (after < before);
}
