//===- Norm.cpp - kernel.norm as vector code ------------------------------===//
//
// Two or three passes over a line that is in the first-level cache: its mean,
// the mean square of what is left, the result. A sum has `chains` vectors in
// flight, added at the end: its order depends on the length of a line alone.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Norm.h"
#include "compiler/microkernels/Tasks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class NormEmitter {
public:
  NormEmitter(OpBuilder &builder, kernel::NormOp op, const Target &target,
              SymbolTable &symbols)
      : v(builder, op.getLoc(), target), target(target), op(op),
        symbols(symbols), size(op.getX().getType().getDimSize(1)),
        xStride(stridesOf(op.getX())[0]), yStride(stridesOf(op.getY())[0]) {}

  void emit();

private:
  static constexpr int64_t chains = 4;

  std::string name();
  func::FuncOp taskFunction();
  void emitLine(Value x, Value weight, Value bias, Value y);

  /// Calls `body` for every vector of a line: in a loop `chains` at a time,
  /// then for what is left, with how many of its lanes count. `carried` goes
  /// through all calls, one value a chain.
  SmallVector<Value> eachVector(
      ValueRange carried,
      function_ref<Value(Value column, int64_t lanes, Value carried)> body);
  /// Σ f(x[n]) / N, in every lane.
  Value meanOf(Value x, function_ref<Value(Value)> f);

  VectorBuilder v;
  const Target &target;
  kernel::NormOp op;
  SymbolTable &symbols;
  int64_t size, xStride, yStride;
};

} // namespace

std::string NormEmitter::name() {
  std::string text = op.getCentered() ? "layer_norm_" : "rms_norm_";
  text += std::to_string(size);
  if (xStride != size || yStride != size)
    text += "_x" + std::to_string(xStride) + "_y" + std::to_string(yStride);
  if (op.getBias())
    text += "_bias";
  // Functions of different eps differ.
  SmallString<16> eps;
  op.getEps().toString(eps);
  return text + "_" + eps.str().str();
}

//  tasks = ceil(M / lines of a task)
void NormEmitter::emit() {
  func::FuncOp function = taskFunction();
  Value lines = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  SmallVector<Value> operands = {v.addressOf(op.getX()),
                                 v.addressOf(op.getWeight())};
  if (op.getBias())
    operands.push_back(v.addressOf(op.getBias()));
  operands.append({v.addressOf(op.getY()), lines});
  Value tasks = arith::CeilDivUIOp::create(v.builder, v.loc, lines,
                                           v.index(tuning::normLines));
  // A line costs about ten operations an element.
  emitTasks(v, tasks, {lines, 10 * size}, [&](Value task) {
    operands.push_back(task);
    func::CallOp::create(v.builder, v.loc, function, operands);
  });
}

/// @norm(x, weight[, bias], y, lines, task)
func::FuncOp NormEmitter::taskFunction() {
  if (auto existing = symbols.lookup<func::FuncOp>(name()))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  auto pointer = LLVM::LLVMPointerType::get(v.builder.getContext());
  SmallVector<Type> types(op.getBias() ? 4 : 3, pointer);
  types.append(2, v.builder.getIndexType());
  func::FuncOp function = v.beginFunction(symbols, name(), types);
  ValueRange arguments = function.getArguments();
  Value x = arguments[0], weight = arguments[1],
        bias = op.getBias() ? arguments[2] : Value(),
        y = arguments.drop_back(2).back(), lines = arguments.drop_back().back(),
        task = arguments.back();
  Value first =
      arith::MulIOp::create(v.builder, v.loc, task, v.index(tuning::normLines));
  Value last =
      arith::MinUIOp::create(v.builder, v.loc,
                             arith::AddIOp::create(v.builder, v.loc, first,
                                                   v.index(tuning::normLines)),
                             lines);
  auto loop = scf::ForOp::create(v.builder, v.loc, first, last, v.index(1));
  func::ReturnOp::create(v.builder, v.loc);
  v.builder.setInsertionPointToStart(loop.getBody());
  auto lineOf = [&](Value base, int64_t stride) {
    return v.advance(base, arith::MulIOp::create(v.builder, v.loc,
                                                 loop.getInductionVar(),
                                                 v.index(stride)));
  };
  emitLine(lineOf(x, xStride), weight, bias, lineOf(y, yStride));
  return function;
}

SmallVector<Value>
NormEmitter::eachVector(ValueRange carried,
                        function_ref<Value(Value, int64_t, Value)> body) {
  int64_t lanes = target.lanes(), step = chains * lanes;
  int64_t whole = size / step * step;
  SmallVector<Value> values(carried);
  auto chainOf = [&](ValueRange all, int64_t chain) {
    return all.empty() ? Value() : all[chain];
  };
  if (whole) {
    auto loop = scf::ForOp::create(v.builder, v.loc, v.index(0), v.index(whole),
                                   v.index(step), values);
    OpBuilder::InsertionGuard guard(v.builder);
    v.builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> updated;
    for (int64_t chain = 0; chain < chains; ++chain) {
      Value column = arith::AddIOp::create(
          v.builder, v.loc, loop.getInductionVar(), v.index(chain * lanes));
      Value next =
          body(column, lanes, chainOf(loop.getRegionIterArgs(), chain));
      if (next)
        updated.push_back(next);
    }
    if (!updated.empty())
      scf::YieldOp::create(v.builder, v.loc, updated);
    values.assign(loop.getResults().begin(), loop.getResults().end());
  }
  for (int64_t column = whole, chain = 0; column < size;
       column += lanes, ++chain) {
    Value next = body(v.index(column), std::min(lanes, size - column),
                      chainOf(values, chain));
    if (next)
      values[chain] = next;
  }
  return values;
}

Value NormEmitter::meanOf(Value x, function_ref<Value(Value)> f) {
  SmallVector<Value> zeros(chains, v.splat(0));
  SmallVector<Value> sums =
      eachVector(zeros, [&](Value column, int64_t lanes, Value sum) {
        Value term = f(v.loadFirst(v.advance(x, column), lanes));
        // f(0) need not be 0 in the lanes behind the end.
        return v.add(sum, v.onlyFirst(term, lanes));
      });
  Value sum = v.add(v.add(sums[0], sums[1]), v.add(sums[2], sums[3]));
  return v.div(v.sumOfLanes(sum), v.splat(static_cast<float>(size)));
}

void NormEmitter::emitLine(Value x, Value weight, Value bias, Value y) {
  Value mean;
  if (op.getCentered())
    mean = meanOf(x, [](Value element) { return element; });
  auto distance = [&](Value element) {
    return mean ? v.sub(element, mean) : element;
  };
  Value variance = meanOf(x, [&](Value element) {
    Value d = distance(element);
    return v.mul(d, d);
  });
  Value eps = v.splat(static_cast<float>(op.getEps().convertToDouble()));
  Value root =
      LLVM::SqrtOp::create(v.builder, v.loc, v.add(variance, eps)).getResult();
  Value scale = v.div(v.splat(1), root);
  // y[n] = (x[n] − μ) · scale · weight[n] + bias[n]
  eachVector({}, [&](Value column, int64_t lanes, Value) {
    auto load = [&](Value base) {
      return v.loadFirst(v.advance(base, column), lanes);
    };
    Value result = v.mul(distance(load(x)), scale);
    result = bias ? v.mulAdd(result, load(weight), load(bias))
                  : v.mul(result, load(weight));
    v.storeFirst(result, v.advance(y, column), lanes);
    return Value();
  });
}

void lowerNorm(RewriterBase &rewriter, kernel::NormOp op, const Target &target,
               SymbolTable &symbols) {
  rewriter.setInsertionPoint(op);
  NormEmitter(rewriter, op, target, symbols).emit();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
