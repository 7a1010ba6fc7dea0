//===- OutlineParallel.cpp - parallel regions as calls of the runtime -----===//
//
// Enters: functions with kernel.parallel. Leaves: a function for each body, and
// calls of the frame's parallel_for (runtime/abi.h) with it. What a body reads
// from outside travels in a struct on the caller's stack, which outlives the
// call because parallel_for returns when all tasks are done.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/FrameLoads.h"
#include "compiler/conversion/KernelToLLVM.h"
#include "compiler/conversion/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"
#include "runtime/abi.h"
#include <cstddef>

namespace heddle::conversion {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "compiler/conversion/Passes.h.inc"
} // namespace heddle::conversion

using namespace mlir;
using namespace heddle;

namespace {

class Outliner {
public:
  Outliner(kernel::ParallelOp op, SymbolTable &symbols)
      : op(op), symbols(symbols), builder(op), loc(op.getLoc()),
        converter(op.getContext()) {
    conversion::addFrameConversions(converter);
  }

  LogicalResult run() {
    if (failed(collectCaptures()))
      return failure();
    func::FuncOp task = createTask();
    Value context = storeContext();
    if (op.getCondition()) {
      auto either = scf::IfOp::create(builder, loc, op.getCondition(),
                                      /*withElse=*/true);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(either.thenBlock());
      shareTasks(task, context);
      builder.setInsertionPointToStart(either.elseBlock());
      runInTurn(task, context);
    } else {
      shareTasks(task, context);
    }
    op.erase();
    return success();
  }

private:
  Type pointer() { return LLVM::LLVMPointerType::get(op.getContext()); }

  LogicalResult collectCaptures() {
    llvm::SetVector<Value> used;
    getUsedValuesDefinedAbove(op.getBody(), used);
    for (Value value : used)
      (matchPattern(value, m_Constant()) ? constants : captures)
          .push_back(value);
    SmallVector<Type> fields;
    for (Value value : captures) {
      fields.push_back(converter.convertType(value.getType()));
      if (!fields.back())
        return op.emitOpError() << "reads a value of " << value.getType()
                                << ", which cannot be handed to a thread";
    }
    contextType = LLVM::LLVMStructType::getLiteral(op.getContext(), fields);
    return success();
  }

  /// A value as the type it will have in LLVM's dialect, or back from it.
  Value cast(Value value, Type type) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(builder, loc, type, value)
        .getResult(0);
  }

  /// @f_task_n(context, index): the body.
  func::FuncOp createTask() {
    OpBuilder::InsertionGuard guard(builder);
    auto parent = op->getParentOfType<func::FuncOp>();
    auto task = func::FuncOp::create(
        loc, (parent.getName() + "_task_0").str(),
        builder.getFunctionType({pointer(), builder.getIndexType()}, {}));
    task.setPrivate();
    task->setAttr(
        "llvm.linkage",
        LLVM::LinkageAttr::get(op.getContext(), LLVM::Linkage::Internal));
    symbols.insert(task); // renames it where the name is taken
    builder.setInsertionPointToStart(task.addEntryBlock());
    IRMapping mapping;
    for (Value constant : constants)
      mapping.map(constant,
                  builder.clone(*constant.getDefiningOp())->getResult(0));
    Value context =
        LLVM::LoadOp::create(builder, loc, contextType, task.getArgument(0));
    for (auto [number, value] : llvm::enumerate(captures)) {
      Value field = LLVM::ExtractValueOp::create(builder, loc, context, number);
      mapping.map(value, cast(field, value.getType()));
    }
    mapping.map(op.getIndex(), task.getArgument(1));
    for (Operation &inner : op.getBody().front().without_terminator())
      builder.clone(inner, mapping);
    func::ReturnOp::create(builder, loc);
    return task;
  }

  /// The context lies at the function's start: a loop must not grow the stack.
  Value storeContext() {
    Value context;
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(
          &op->getParentOfType<func::FuncOp>().getBody().front());
      Value one = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                           builder.getI64IntegerAttr(1));
      context =
          LLVM::AllocaOp::create(builder, loc, pointer(), contextType, one);
    }
    Value fields = LLVM::UndefOp::create(builder, loc, contextType);
    for (auto [number, value] : llvm::enumerate(captures))
      fields = LLVM::InsertValueOp::create(
          builder, loc, fields, cast(value, contextType.getBody()[number]),
          number);
    LLVM::StoreOp::create(builder, loc, fields, context);
    return context;
  }

  void shareTasks(func::FuncOp task, Value context) {
    Value function =
        func::ConstantOp::create(builder, loc, task.getFunctionType(),
                                 FlatSymbolRefAttr::get(task.getNameAttr()));
    Type word = builder.getI64Type();
    Value count = arith::IndexCastOp::create(builder, loc, word, op.getCount());
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(op.getContext()),
                                    {pointer(), pointer(), pointer(), word});
    conversion::FrameLoads loads(builder, loc);
    Value frame = loads.pointerTo(op.getFrame());
    auto field = [&](size_t offset) {
      return loads.load(pointer(), loads.at(frame, offset));
    };
    Value share = field(offsetof(heddle_frame, parallel_for)),
          pool = field(offsetof(heddle_frame, pool));
    LLVM::CallOp::create(
        builder, loc, type,
        ValueRange{share, pool, cast(function, pointer()), context, count});
  }

  void runInTurn(func::FuncOp task, Value context) {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0),
          one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto loop = scf::ForOp::create(builder, loc, zero, op.getCount(), one);
    builder.setInsertionPointToStart(loop.getBody());
    func::CallOp::create(builder, loc, task,
                         ValueRange{context, loop.getInductionVar()});
  }

  kernel::ParallelOp op;
  SymbolTable &symbols;
  OpBuilder builder;
  Location loc;
  LLVMTypeConverter converter;
  SmallVector<Value> captures, constants;
  LLVM::LLVMStructType contextType;
};

struct OutlineParallel
    : heddle::conversion::impl::OutlineParallelBase<OutlineParallel> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<kernel::ParallelOp> regions;
    getOperation().walk(
        [&](kernel::ParallelOp region) { regions.push_back(region); });
    for (kernel::ParallelOp region : regions)
      if (failed(Outliner(region, symbols).run()))
        return signalPassFailure();
  }
};

} // namespace
