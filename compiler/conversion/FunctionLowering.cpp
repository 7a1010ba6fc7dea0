//===- FunctionLowering.cpp - from tensors to buffers, one function -------===//

#include "compiler/conversion/FunctionLowering.h"

#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using nn::SizeExpr;

void FunctionLowering::refuse(const llvm::Twine &reason) {
  if (!refused)
    emitError(location) << reason;
  refused = true;
}

//===----------------------------------------------------------------------===//
// A function
//===----------------------------------------------------------------------===//

LogicalResult FunctionLowering::lowerBlock(Block &block) {
  for (Operation &op : block) {
    location = op.getLoc();
    // Constants that were merged are of no line: of their function, then.
    if (isa<UnknownLoc>(location))
      location = op.getParentOfType<func::FuncOp>().getLoc();
    if (isa<arith::ArithDialect>(op.getDialect())) { // indices of loops
      builder.clone(op, mapping);
      continue;
    }
    if (failed(patterns.lower(&op, *this)))
      return failure();
    if (auto site = op.getAttrOfType<IntegerAttr>(nn::kSiteAttr))
      kernel::MarkOp::create(
          builder, location, framePointer, site,
          builder.getStringAttr(op.getName().stripDialect()));
  }
  return success();
}

/// An entry gets the frame alone; a block also the slots and the arena that its
/// caller leaves it, and the memory of its arguments and results.
func::FuncOp FunctionLowering::declare(func::FuncOp function) {
  Type index = builder.getIndexType();
  bool entry = nn::isEntry(function);
  SmallVector<Type> inputs{builder.getType<kernel::FrameType>()};
  if (!entry) {
    FunctionType type = function.getFunctionType();
    inputs.append({builder.getType<kernel::SlotsType>(), index, index});
    for (Type value :
         llvm::concat<const Type>(type.getInputs(), type.getResults()))
      inputs.push_back(memoryType(cast<RankedTensorType>(value)));
  }
  auto lowered = func::FuncOp::create(
      builder, location, function.getName(),
      builder.getFunctionType(inputs, entry ? TypeRange(builder.getI32Type())
                                            : TypeRange()));
  if (entry)
    lowered->setAttr(kernel::KernelDialect::kEntryAttr, builder.getUnitAttr());
  else
    lowered.setPrivate();
  return lowered;
}

void FunctionLowering::takeFrame(func::FuncOp function, Block *body) {
  framePointer = body->getArgument(0);
  auto [weight, cache] = tree.entryStart(function.getName());
  weightSlots =
      kernel::EntrySlotsOp::create(builder, location, framePointer, weight);
  cacheSlots = constantIndex(cache);
  calleeArena = constantIndex(0);
  for (BlockArgument argument : function.getArguments()) {
    auto tensor = tensorType(argument);
    mapping.map(Value(argument),
                Value(kernel::InputOp::create(
                    builder, location, memoryType(tensor), framePointer,
                    argument.getArgNumber(), dynamicDims(tensor))));
  }
  for (auto [number, result] : llvm::enumerate(function.getResultTypes())) {
    auto tensor = cast<RankedTensorType>(result);
    results.push_back(kernel::OutputOp::create(builder, location,
                                               memoryType(tensor), framePointer,
                                               number, dynamicDims(tensor)));
  }
}

void FunctionLowering::takeArguments(func::FuncOp function, Block *body) {
  framePointer = body->getArgument(0);
  weightSlots = body->getArgument(1);
  cacheSlots = body->getArgument(2);
  calleeArena = body->getArgument(3);
  unsigned next = 4;
  for (BlockArgument argument : function.getArguments())
    mapping.map(Value(argument), Value(body->getArgument(next++)));
  for (size_t i = 0; i < function.getNumResults(); ++i)
    results.push_back(body->getArgument(next++));
}

void FunctionLowering::countTokens(BlockArgument argument) {
  auto x = cast<RankedTensorType>(argument.getType());
  SizeExpr tokens(1);
  for (unsigned axis = 0; axis + 1 < x.getRank(); ++axis)
    tokens *= sizes.axis(x, axis);
  tokenMonomial = tokens.str();
  tokenCount = memref::DimOp::create(builder, location,
                                     mapping.lookup(Value(argument)), 0);
}

LogicalResult FunctionLowering::lower(func::FuncOp function, bool grouped) {
  location = function.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(function);
  Block *body = declare(function).addEntryBlock();
  builder.setInsertionPointToStart(body);
  bool entry = nn::isEntry(function);
  if (entry)
    takeFrame(function, body);
  else
    takeArguments(function, body);
  if (grouped)
    countTokens(function.getArgument(0));
  placeBuffers(function);
  if (failed(lowerBlock(function.getBody().front())))
    return failure();
  location = function.getLoc();
  SmallVector<Value> status;
  if (entry)
    status.push_back(arith::ConstantIntOp::create(builder, location,
                                                  builder.getI32Type(), 0));
  func::ReturnOp::create(builder, location, status);
  function.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// A module
//===----------------------------------------------------------------------===//

/// Notes which sizes and monomials the code reads, in the order in which the
/// frame will hold them.
static void nameFrameFields(ModuleOp module, const nn::SizeTable &sizes) {
  OpBuilder builder(module.getContext());
  SmallVector<Attribute> names, monomials;
  for (nn::SizeOp size : sizes.dynamicSizes())
    names.push_back(size.getSymNameAttr());
  llvm::SmallSetVector<Attribute, 8> used;
  module.walk([&](Operation *op) {
    if (isa<kernel::ExtentOp, kernel::RowStartOp>(op))
      used.insert(op->getAttr("monomial"));
  });
  monomials.append(used.begin(), used.end());
  module->setAttr(kernel::KernelDialect::kSizesAttr,
                  builder.getArrayAttr(names));
  module->setAttr(kernel::KernelDialect::kMonomialsAttr,
                  builder.getArrayAttr(monomials));
}

LogicalResult heddle::conversion::lowerModule(ModuleOp module,
                                              LoweringPatterns patterns,
                                              const TaskSizes &tasks) {
  if (failed(nn::verifyModule(module)))
    return failure();
  nn::SizeTable sizes(module);
  FailureOr<nn::PathTree> tree = nn::PathTree::build(module);
  if (failed(tree))
    return failure();
  FunctionLowering::addStructure(patterns);
  llvm::StringSet<> grouped;
  module.walk([&](nn::RouteOp route) {
    if (route.getGrouped())
      grouped.insert(route.getCallee());
  });
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (!function->hasAttr(nn::kBuffersAttr))
      return function.emitError("has no memory plan: run nn-plan-memory first");
    OpBuilder builder(function);
    if (failed(FunctionLowering(sizes, *tree, builder, patterns, tasks)
                   .lower(function, grouped.contains(function.getName()))))
      return failure();
  }
  nameFrameFields(module, sizes);
  for (Operation &op : llvm::make_early_inc_range(module.getOps()))
    if (isa<nn::SizeOp, nn::StateOp>(op))
      op.erase();
  return success();
}
