//===- Topk.cpp - kernel.topk as vector code ------------------------------===//
//
// A line of N elements is blocks of about √N (a short line one block), each
// known by its largest element that is not chosen yet. A choice then costs two
// times √N, not N:
//
//   largest[b] = max key(x[i]) over block b
//   for every choice:
//     b = the first block with the largest `largest`
//     i = the first element of b with that key, behind the last one
//     largest[b] = max key(x[j]) over j behind i
//
// "Behind" is in the order in which elements are chosen: keys fall, then
// indices rise. Keys are integers in the order of the floats, −0 like 0; the
// least one, `none`, is for what is no number, is chosen, or does not exist.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Topk.h"
#include "compiler/microkernels/Lanes.h"
#include "compiler/microkernels/Tasks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace heddle::microkernels {
namespace {

class TopkEmitter {
public:
  TopkEmitter(OpBuilder &builder, kernel::TopkOp op, const Target &target,
              SymbolTable &symbols)
      : v(builder, op.getLoc(), target), op(op), symbols(symbols),
        size(op.getX().getType().getDimSize(1)),
        choices(op.getValues().getType().getDimSize(1)),
        stride(stridesOf(op.getX())[0]), lanes(target.lanes()),
        block(llvm::alignTo(size <= tuning::topkWholeLine * lanes
                                ? size
                                : static_cast<int64_t>(std::sqrt(size)),
                            lanes)),
        blocks(llvm::divideCeil(size, block)) {}

  void emit();

private:
  using Predicate = arith::CmpIPredicate;
  static constexpr int32_t none = std::numeric_limits<int32_t>::min(),
                           most = std::numeric_limits<int32_t>::max();

  func::FuncOp taskFunction();
  void emitLine(Value x, Value values, Value indices, Value largest);
  Value keys(Value x, Value at);
  Value largestOf(Value x, Value first,
                  function_ref<Value(Value keys, Value indices)> counts);
  std::pair<Value, Value> bestBlock(Value largest);

  Value indices(Value first) { return Lanes(v).risingFrom(first); }
  Value compare(Predicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(v.builder, v.loc, predicate, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(v.builder, v.loc, condition, a, b);
  }
  Value word(int32_t number) {
    return arith::ConstantIntOp::create(v.builder, v.loc, number, 32);
  }
  Value everywhere(Value word) {
    return vector::BroadcastOp::create(v.builder, v.loc, v.ints(), word);
  }
  Value across(vector::CombiningKind kind, Value vector) {
    return vector::ReductionOp::create(v.builder, v.loc, kind, vector);
  }
  Value asIndex(Value word) {
    return arith::IndexCastOp::create(v.builder, v.loc,
                                      v.builder.getIndexType(), word);
  }
  template <typename OpTy> Value make(Value a, Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }
  /// Whether an element is behind another in the order of choices.
  Value isBehind(Value key, Value index, Value key0, Value index0) {
    Value equal = make<arith::AndIOp>(compare(Predicate::eq, key, key0),
                                      compare(Predicate::sgt, index, index0));
    return make<arith::OrIOp>(compare(Predicate::slt, key, key0), equal);
  }

  VectorBuilder v;
  kernel::TopkOp op;
  SymbolTable &symbols;
  int64_t size, choices, stride, lanes, block, blocks;
};

} // namespace

//  tasks = ceil(M / lines of a task)
void TopkEmitter::emit() {
  func::FuncOp function = taskFunction();
  Value lines = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  Value x = v.addressOf(op.getX()), values = v.addressOf(op.getValues()),
        chosen = v.addressOf(op.getIndices());
  Value tasks = make<arith::CeilDivUIOp>(lines, v.index(tuning::topkLines));
  emitTasks(v, tasks, {lines, size + 2 * choices * block}, [&](Value task) {
    func::CallOp::create(v.builder, v.loc, function,
                         ValueRange{x, values, chosen, lines, task});
  });
}

/// @topk(x, values, indices, lines, task)
func::FuncOp TopkEmitter::taskFunction() {
  std::string name =
      "topk_" + std::to_string(choices) + "_of_" + std::to_string(size);
  if (stride != size)
    name += "_x" + std::to_string(stride);
  if (auto existing = symbols.lookup<func::FuncOp>(name))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  auto pointer = LLVM::LLVMPointerType::get(v.builder.getContext());
  Type index = v.builder.getIndexType();
  func::FuncOp function =
      v.beginFunction(symbols, name, {pointer, pointer, pointer, index, index});
  ValueRange arguments = function.getArguments();
  // Whole vectors: blocks that do not exist have nothing.
  Value largest = v.stackFloats(llvm::alignTo(blocks, lanes));
  Value task = arguments[4];
  Value first = make<arith::MulIOp>(task, v.index(tuning::topkLines));
  Value last = make<arith::MinUIOp>(
      make<arith::AddIOp>(first, v.index(tuning::topkLines)), arguments[3]);
  v.loop(first, last, 1, [&](Value line) {
    auto of = [&](Value base, int64_t distance) {
      return v.advance(base, make<arith::MulIOp>(line, v.index(distance)));
    };
    emitLine(of(arguments[0], stride), of(arguments[1], choices),
             of(arguments[2], choices), largest);
  });
  func::ReturnOp::create(v.builder, v.loc);
  return function;
}

/// Of x[at …]: bits, or where negative those of the magnitude upside down.
Value TopkEmitter::keys(Value x, Value at) {
  Lanes code(v);
  Value exists = code.below(make<arith::SubIOp>(v.index(size), at));
  Value elements = code.load(v.advance(x, at), v.builder.getF32Type(), exists);
  Value isNumber = arith::CmpFOp::create(
      v.builder, v.loc, arith::CmpFPredicate::ORD, elements, elements);
  // −0 + 0 = 0
  Value bits = v.bitsOf(v.add(elements, v.splat(0)));
  Value sign = make<arith::ShRSIOp>(bits, v.splatInt(31));
  Value key =
      make<arith::XOrIOp>(bits, make<arith::AndIOp>(sign, v.splatInt(most)));
  return select(make<arith::AndIOp>(exists, isNumber), key, v.splatInt(none));
}

/// The largest key of the block that begins at `first`, of what counts.
Value TopkEmitter::largestOf(Value x, Value first,
                             function_ref<Value(Value, Value)> counts) {
  Value end = make<arith::AddIOp>(first, v.index(block));
  Value all =
      v.loop(first, end, lanes, v.splatInt(none),
             [&](Value at, ValueRange before) -> SmallVector<Value> {
               Value key = keys(x, at);
               if (counts)
                 key = select(counts(key, indices(at)), key, v.splatInt(none));
               return {make<arith::MaxSIOp>(before[0], key)};
             })[0];
  return across(vector::CombiningKind::MAXSI, all);
}

/// The largest key of all blocks, and the first block that has it.
std::pair<Value, Value> TopkEmitter::bestBlock(Value largest) {
  if (blocks == 1)
    return {LLVM::LoadOp::create(v.builder, v.loc, v.builder.getI32Type(),
                                 largest, 4),
            word(0)};
  SmallVector<Value> best =
      v.loop(v.index(0), v.index(llvm::alignTo(blocks, lanes)), lanes,
             {v.splatInt(none), v.splatInt(0)},
             [&](Value at, ValueRange before) -> SmallVector<Value> {
               Value key = v.loadInts(v.advance(largest, at));
               Value better = compare(Predicate::sgt, key, before[0]);
               return {make<arith::MaxSIOp>(before[0], key),
                       select(better, indices(at), before[1])};
             });
  Value key = across(vector::CombiningKind::MAXSI, best[0]);
  Value number = across(vector::CombiningKind::MINSI,
                        select(compare(Predicate::eq, best[0], everywhere(key)),
                               best[1], v.splatInt(most)));
  return {key, number};
}

void TopkEmitter::emitLine(Value x, Value values, Value chosen, Value largest) {
  v.loop(v.index(0), v.index(llvm::alignTo(blocks, lanes)), lanes,
         [&](Value at) { v.store(v.splatInt(none), v.advance(largest, at)); });
  v.loop(v.index(0), v.index(blocks), 1, [&](Value number) {
    Value first = make<arith::MulIOp>(number, v.index(block));
    LLVM::StoreOp::create(v.builder, v.loc, largestOf(x, first, nullptr),
                          v.advance(largest, number), 4);
  });
  v.loop(
      v.index(0), v.index(choices), 1, {word(most), word(-1)},
      [&](Value choice, ValueRange before) -> SmallVector<Value> {
        auto [key, number] = bestBlock(largest);
        Value first = make<arith::MulIOp>(asIndex(number), v.index(block));
        Value end = make<arith::AddIOp>(first, v.index(block));
        Value keyBefore = everywhere(before[0]),
              indexBefore = everywhere(before[1]), keyNow = everywhere(key);
        // min i: key(x[i]) = key, behind the choice before
        Value at =
            v.loop(first, end, lanes, v.splatInt(most),
                   [&](Value at, ValueRange soFar) -> SmallVector<Value> {
                     Value here = keys(x, at), index = indices(at);
                     Value fits = make<arith::AndIOp>(
                         compare(Predicate::eq, here, keyNow),
                         isBehind(here, index, keyBefore, indexBefore));
                     return {make<arith::MinSIOp>(
                         soFar[0], select(fits, index, v.splatInt(most)))};
                   })[0];
        Value index = across(vector::CombiningKind::MINSI, at);
        Value left = largestOf(x, first, [&](Value here, Value indices) {
          return isBehind(here, indices, keyNow, everywhere(index));
        });
        LLVM::StoreOp::create(v.builder, v.loc, left,
                              v.advance(largest, asIndex(number)), 4);

        Value any = compare(Predicate::ne, key, word(none));
        index = select(any, index, word(size));
        Value place = make<arith::MinUIOp>(asIndex(index), v.index(size - 1));
        Value element = LLVM::LoadOp::create(
            v.builder, v.loc, v.builder.getF32Type(), v.advance(x, place), 4);
        Value least = arith::ConstantOp::create(
            v.builder, v.loc,
            v.builder.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
        LLVM::StoreOp::create(v.builder, v.loc, select(any, element, least),
                              v.advance(values, choice), 4);
        // One of the line's in any case: it may choose a row of a table.
        Value stored = arith::IndexCastOp::create(
            v.builder, v.loc, v.builder.getI32Type(), place);
        LLVM::StoreOp::create(v.builder, v.loc, stored,
                              v.advance(chosen, choice), 4);
        return {key, index};
      });
}

void lowerTopk(RewriterBase &rewriter, kernel::TopkOp op, const Target &target,
               SymbolTable &symbols) {
  rewriter.setInsertionPoint(op);
  TopkEmitter(rewriter, op, target, symbols).emit();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
