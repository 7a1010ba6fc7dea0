//===- Matmul.cpp - kernel.matmul as vector code --------------------------===//
//
// y[m][n] = act(Σ_k x[m][k]·w[k][n] + bias[n]), w in panels.
//
// The result is cut into tiles of rows × columns whose sums stay in registers
// from the first k to the last. Two families of tiles cover every M:
//
//   few rows    1 … R/2 rows × 2V vectors: enough independent sums to hide the
//               latency of an addition, and four lines of weight in flight
//   many rows   R/2 … R rows × V vectors: rows are dealt to tiles as evenly as
//               possible, so that no tile is left over with few rows
//
// A task is one tile's columns of one block of rows. Blocks are small enough
// that their x stays in the second-level cache while panels stream past; while
// one panel is computed on, the next is prefetched.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Matmul.h"
#include "compiler/microkernels/Tasks.h"
#include "compiler/microkernels/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

/// What two products must agree in to share their code.
struct MatmulShape {
  int64_t inputs, outputs; // K, N
  int64_t panel;           // columns of a panel
  int64_t xStride, yStride;
  bool bias;
  kernel::Activation activation;

  explicit MatmulShape(kernel::MatmulOp op)
      : inputs(op.getInputs()), outputs(op.getOutputs()), panel(op.getPanel()),
        xStride(rowStride(op.getX())), yStride(rowStride(op.getY())),
        bias(static_cast<bool>(op.getBias())), activation(op.getActivation()) {}

  std::string name() const {
    std::string text =
        "matmul_" + std::to_string(inputs) + "x" + std::to_string(outputs);
    if (xStride != inputs)
      text += "_x" + std::to_string(xStride);
    if (yStride != outputs)
      text += "_y" + std::to_string(yStride);
    if (bias)
      text += "_bias";
    if (activation != kernel::Activation::None)
      text += "_" + kernel::stringifyActivation(activation).str();
    return text;
  }

private:
  static int64_t rowStride(Value matrix) {
    SmallVector<int64_t> strides;
    int64_t offset;
    LogicalResult strided =
        cast<MemRefType>(matrix.getType()).getStridesAndOffset(strides, offset);
    assert(succeeded(strided) && "kernel.matmul verified its operands");
    (void)strided;
    return strides[0];
  }
};

/// Emits the functions of one shape, callees first.
class MatmulEmitter {
public:
  MatmulEmitter(OpBuilder &builder, Location loc, const Target &target,
                SymbolTable &symbols, const MatmulShape &shape)
      : v(builder, loc, target), target(target), symbols(symbols),
        shape(shape) {}

  /// Emits the loop over tasks in place of `op`.
  void emitTasks(kernel::MatmulOp op);

private:
  /// One of the two families of tiles: row counts, columns of a task, and how
  /// many lines of the next panels one tile prefetches for every k.
  struct Family {
    int64_t leastRows, mostRows, columns, prefetches;
  };
  Family fewRows() const {
    int64_t columns = 2 * target.tile.vectors * target.lanes();
    return {1, std::max<int64_t>(target.tile.rows / 2, 1), columns,
            llvm::divideCeilSigned(columns * 4, tuning::cacheLine)};
  }
  Family manyRows() const {
    return {fewRows().mostRows, target.tile.rows,
            target.tile.vectors * target.lanes(), 1};
  }
  /// Rows and columns of a tile, all static.
  struct Tile {
    int64_t rows, columns, prefetches;
  };
  Value hasFewRows(Value rows);
  int64_t columnTasks(const Family &family) const {
    return llvm::divideCeil(shape.outputs, family.columns);
  }
  int64_t rowsPerBlock() const;

  func::FuncOp taskFunction();
  func::FuncOp microkernel(Tile tile);

  /// A contiguous part of a range.
  struct Share {
    Value first, size;
  };
  Share deal(Value total, Value parts, Value number);

  void emitFewRowsTask(ValueRange operands, Value rows, Value task);
  void emitManyRowsTask(ValueRange operands, Value rows, Value task);
  void emitTileCall(Family family, Value rows, Value first, ValueRange tile);
  void emitKernelBody(Tile tile, ValueRange arguments);
  void emitActivationLoop(Tile tile, Value y);

  /// Where column n of the weight begins, in elements: (n / NR)·K·NR + n mod
  /// NR.
  Value panelOffset(Value column);
  int64_t panelOffset(int64_t column) const {
    return column / shape.panel * shape.inputs * shape.panel +
           column % shape.panel;
  }
  Value index(int64_t number) { return v.index(number); }
  template <typename OpTy> Value make(Value a, Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }

  VectorBuilder v;
  const Target &target;
  SymbolTable &symbols;
  const MatmulShape &shape;
};

} // namespace

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

int64_t MatmulEmitter::rowsPerBlock() const {
  int64_t rows = tuning::inputBlockBytes / (4 * shape.xStride);
  return std::max(rows / target.tile.rows, int64_t{1}) * target.tile.rows;
}

/// 1 ≤ M ≤ R/2, as M − 1 < R/2 without sign: no rows make no tasks of either
/// family.
Value MatmulEmitter::hasFewRows(Value rows) {
  Value others = make<arith::SubIOp>(rows, index(1));
  return arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::ult,
                               others, index(fewRows().mostRows));
}

//  tasks = M ≤ R/2 ? ceil(N / 2W) : ceil(N / W) · ceil(M / block)
//  parallel task in 0 .. tasks: call @matmul(x, w, bias, y, M, task)
void MatmulEmitter::emitTasks(kernel::MatmulOp op) {
  func::FuncOp task = taskFunction();
  Value rows = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  SmallVector<Value> operands = {v.addressOf(op.getX()),
                                 v.addressOf(op.getWeight())};
  if (shape.bias)
    operands.push_back(v.addressOf(op.getBias()));
  operands.push_back(v.addressOf(op.getY()));
  operands.push_back(rows);

  Value few = hasFewRows(rows);
  Value blocks = make<arith::CeilDivUIOp>(rows, index(rowsPerBlock()));
  Value many = make<arith::MulIOp>(blocks, index(columnTasks(manyRows())));
  Value tasks = arith::SelectOp::create(v.builder, v.loc, few,
                                        index(columnTasks(fewRows())), many);

  Value worth = arith::CmpIOp::create(
      v.builder, v.loc, arith::CmpIPredicate::uge, rows,
      index(llvm::divideCeil(tuning::parallelWork,
                             shape.inputs * shape.outputs)));
  microkernels::emitTasks(v, tasks, worth, [&](Value number) {
    SmallVector<Value> arguments(operands);
    arguments.push_back(number);
    func::CallOp::create(v.builder, v.loc, task, arguments);
  });
}

/// @matmul(x, w[, bias], y, rows, task)
func::FuncOp MatmulEmitter::taskFunction() {
  std::string name = shape.name();
  if (auto existing = symbols.lookup<func::FuncOp>(name))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  auto pointer = LLVM::LLVMPointerType::get(v.builder.getContext());
  SmallVector<Type> types(shape.bias ? 4 : 3, pointer);
  types.append(2, v.builder.getIndexType());
  func::FuncOp function = v.beginFunction(symbols, name, types);
  ValueRange arguments = function.getArguments();
  ValueRange operands = arguments.drop_back(2);
  Value rows = arguments.drop_back().back(), task = arguments.back();

  Value few = hasFewRows(rows);
  auto either = scf::IfOp::create(v.builder, v.loc, few, /*withElse=*/true);
  func::ReturnOp::create(v.builder, v.loc);
  v.builder.setInsertionPointToStart(either.thenBlock());
  emitFewRowsTask(operands, rows, task);
  v.builder.setInsertionPointToStart(either.elseBlock());
  emitManyRowsTask(operands, rows, task);
  return function;
}

Value MatmulEmitter::panelOffset(Value column) {
  Value width = index(shape.panel);
  Value panel = make<arith::DivUIOp>(column, width);
  Value within = make<arith::RemUIOp>(column, width);
  Value start = make<arith::MulIOp>(panel, index(shape.inputs * shape.panel));
  return make<arith::AddIOp>(start, within);
}

/// The pointers of `operands` moved to a row and a column: x, w, bias, y.
/// And where the weight of the task behind begins.
void MatmulEmitter::emitFewRowsTask(ValueRange operands, Value rows,
                                    Value task) {
  Family family = fewRows();
  Value first = make<arith::MulIOp>(task, index(family.columns));
  SmallVector<Value> tile(operands);
  Value behind = make<arith::AddIOp>(first, index(family.columns));
  Value last = index((columnTasks(family) - 1) * family.columns);
  tile.push_back(
      v.advance(operands[1], panelOffset(make<arith::MinUIOp>(behind, last))));
  tile[1] = v.advance(operands[1], panelOffset(first));
  for (Value &pointer : MutableArrayRef(tile).drop_front(2).drop_back())
    pointer = v.advance(pointer, first); // bias and y
  emitTileCall(family, rows, first, tile);
}

/// total / parts each, one more for the first total mod parts.
MatmulEmitter::Share MatmulEmitter::deal(Value total, Value parts,
                                         Value number) {
  Value least = make<arith::DivUIOp>(total, parts);
  Value larger = make<arith::RemUIOp>(total, parts);
  Value isLarger = arith::CmpIOp::create(
      v.builder, v.loc, arith::CmpIPredicate::ult, number, larger);
  Value extra =
      arith::SelectOp::create(v.builder, v.loc, isLarger, index(1), index(0));
  Value before = make<arith::AddIOp>(make<arith::MulIOp>(number, least),
                                     make<arith::MinUIOp>(number, larger));
  return {before, make<arith::AddIOp>(least, extra)};
}

//  block = task / columnTasks, column = task mod columnTasks · W
//  deal M rows to ceil(M / B) blocks, and the M' of this one to ceil(M' / R)
//  tiles: every tile has at least R/2 rows, since M > R/2
void MatmulEmitter::emitManyRowsTask(ValueRange operands, Value rows,
                                     Value task) {
  Family family = manyRows();
  Value columnTaskCount = index(columnTasks(family));
  Value block = make<arith::DivUIOp>(task, columnTaskCount);
  Value column = make<arith::RemUIOp>(task, columnTaskCount);
  Value first = make<arith::MulIOp>(column, index(family.columns));
  Value behind = make<arith::AddIOp>(first, index(family.columns));
  Value last = index((columnTasks(family) - 1) * family.columns);
  Value weight = v.advance(operands[1], panelOffset(first));
  Value next =
      v.advance(operands[1], panelOffset(make<arith::MinUIOp>(behind, last)));

  Value blocks = make<arith::CeilDivUIOp>(rows, index(rowsPerBlock()));
  Share ofRows = deal(rows, blocks, block);
  Value tiles = make<arith::CeilDivUIOp>(ofRows.size, index(family.mostRows));

  auto loop = scf::ForOp::create(v.builder, v.loc, index(0), tiles, index(1));
  OpBuilder::InsertionGuard guard(v.builder);
  v.builder.setInsertionPointToStart(loop.getBody());
  Value number = loop.getInductionVar();
  Share ofBlock = deal(ofRows.size, tiles, number);
  Value row = make<arith::AddIOp>(ofRows.first, ofBlock.first);

  SmallVector<Value> tile(operands);
  tile[0] =
      v.advance(operands[0], make<arith::MulIOp>(row, index(shape.xStride)));
  tile[1] = weight;
  if (shape.bias)
    tile[2] = v.advance(operands[2], first);
  Value rowOfY = make<arith::MulIOp>(row, index(shape.yStride));
  tile.back() = v.advance(operands.back(), make<arith::AddIOp>(rowOfY, first));
  // Successive tiles prefetch different lines of the next panel's rows.
  int64_t lines = family.columns * 4 / tuning::cacheLine;
  Value line = make<arith::RemUIOp>(number, index(std::max<int64_t>(lines, 1)));
  tile.push_back(
      v.advance(next, make<arith::MulIOp>(line, index(tuning::cacheLine / 4))));
  emitTileCall(family, ofBlock.size, first, tile);
}

/// switch (rows): call the micro-kernel of so many rows; the last columns of y,
/// where they do not fill a tile, have their own.
void MatmulEmitter::emitTileCall(Family family, Value rows, Value first,
                                 ValueRange tile) {
  auto emitSwitch = [&](int64_t columns) {
    SmallVector<int64_t> cases;
    for (int64_t r = family.leastRows; r < family.mostRows; ++r)
      cases.push_back(r);
    auto dispatch = scf::IndexSwitchOp::create(v.builder, v.loc, TypeRange(),
                                               rows, cases, cases.size());
    for (Region &region : dispatch->getRegions()) {
      // The first region is the default: a tile with all rows.
      unsigned number = region.getRegionNumber();
      int64_t count = number == 0 ? family.mostRows : cases[number - 1];
      OpBuilder::InsertionGuard guard(v.builder);
      v.builder.createBlock(&region);
      func::FuncOp kernel = microkernel({count, columns, family.prefetches});
      func::CallOp::create(v.builder, v.loc, kernel, tile);
      scf::YieldOp::create(v.builder, v.loc);
    }
  };
  int64_t tail = shape.outputs % family.columns;
  if (tail == 0)
    return emitSwitch(family.columns);
  Value isTail =
      arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::eq, first,
                            index(shape.outputs - tail));
  auto either = scf::IfOp::create(v.builder, v.loc, isTail, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(v.builder);
  v.builder.setInsertionPointToStart(either.thenBlock());
  emitSwitch(tail);
  v.builder.setInsertionPointToStart(either.elseBlock());
  if (shape.outputs > family.columns)
    emitSwitch(family.columns);
}

//===----------------------------------------------------------------------===//
// Micro-kernel
//===----------------------------------------------------------------------===//

/// @matmul_RxC(x, w[, bias], y, next): one tile, every sum in a register.
func::FuncOp MatmulEmitter::microkernel(Tile tile) {
  std::string name = shape.name() + "_tile_" + std::to_string(tile.rows) + "x" +
                     std::to_string(tile.columns);
  if (auto existing = symbols.lookup<func::FuncOp>(name))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  auto pointer = LLVM::LLVMPointerType::get(v.builder.getContext());
  SmallVector<Type> types(shape.bias ? 5 : 4, pointer);
  func::FuncOp function = v.beginFunction(symbols, name, types);
  for (unsigned i = 0; i < types.size(); ++i)
    function.setArgAttr(i, "llvm.noalias", v.builder.getUnitAttr());
  emitKernelBody(tile, function.getArguments());
  func::ReturnOp::create(v.builder, v.loc);
  return function;
}

void MatmulEmitter::emitKernelBody(Tile tile, ValueRange arguments) {
  Value x = arguments[0], weight = arguments[1];
  Value next = arguments.back(), y = arguments.drop_back().back();
  int64_t lanes = target.lanes();
  int64_t vectors = llvm::divideCeil(tile.columns, lanes);
  auto lanesIn = [&](int64_t vector) {
    return std::min(tile.columns - vector * lanes, lanes);
  };

  // sums[i][j] = 0
  SmallVector<Value> sums(tile.rows * vectors, v.splat(0));
  // for k: sums[i][j] += x[i][k] · w[k][j]
  auto loop = scf::ForOp::create(v.builder, v.loc, index(0),
                                 index(shape.inputs), index(1), sums);
  {
    OpBuilder::InsertionGuard guard(v.builder);
    v.builder.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    Value weightRow = make<arith::MulIOp>(k, index(shape.panel));
    Value atWeight = v.advance(weight, weightRow);
    Value atX = v.advance(x, k);
    SmallVector<Value> weights;
    for (int64_t j = 0; j < vectors; ++j)
      weights.push_back(v.loadVector(
          v.advance(atWeight, panelOffset(j * lanes)), target.vectorBits / 8));
    Value atNext = v.advance(next, weightRow);
    for (int64_t line = 0; line < tile.prefetches; ++line)
      v.prefetch(v.advance(atNext, panelOffset(line * tuning::cacheLine / 4)));
    SmallVector<Value> updated;
    for (int64_t i = 0; i < tile.rows; ++i) {
      Value element = v.loadSplat(v.advance(atX, i * shape.xStride));
      for (int64_t j = 0; j < vectors; ++j)
        updated.push_back(v.mulAdd(element, weights[j],
                                   loop.getRegionIterArgs()[i * vectors + j]));
    }
    scf::YieldOp::create(v.builder, v.loc, updated);
  }

  // y[i][j] = sums[i][j] + bias[j]
  SmallVector<Value> bias;
  for (int64_t j = 0; shape.bias && j < vectors; ++j)
    bias.push_back(v.loadFirst(v.advance(arguments[2], j * lanes), lanesIn(j)));
  bool inRegisters = shape.activation == kernel::Activation::None ||
                     shape.activation == kernel::Activation::Relu;
  for (int64_t i = 0; i < tile.rows; ++i)
    for (int64_t j = 0; j < vectors; ++j) {
      Value result = loop.getResult(i * vectors + j);
      if (shape.bias)
        result = v.add(result, bias[j]);
      if (inRegisters)
        result = emitActivation(v, shape.activation, result);
      v.storeFirst(result, v.advance(y, i * shape.yStride + j * lanes),
                   lanesIn(j));
    }
  if (!inRegisters)
    emitActivationLoop(tile, y);
}

/// for i: y[i][j] = act(y[i][j]), the tile being in the first-level cache. Long
/// functions in a loop: unrolled over a tile they would be most of the code.
void MatmulEmitter::emitActivationLoop(Tile tile, Value y) {
  int64_t lanes = target.lanes();
  auto loop = scf::ForOp::create(v.builder, v.loc, index(0), index(tile.rows),
                                 index(1));
  OpBuilder::InsertionGuard guard(v.builder);
  v.builder.setInsertionPointToStart(loop.getBody());
  Value row = v.advance(
      y, make<arith::MulIOp>(loop.getInductionVar(), index(shape.yStride)));
  for (int64_t column = 0; column < tile.columns; column += lanes) {
    int64_t count = std::min(tile.columns - column, lanes);
    Value place = v.advance(row, column);
    Value x = v.loadFirst(place, count);
    v.storeFirst(emitActivation(v, shape.activation, x), place, count);
  }
}

void lowerMatmul(RewriterBase &rewriter, kernel::MatmulOp op,
                 const Target &target, SymbolTable &symbols) {
  MatmulShape shape(op);
  rewriter.setInsertionPoint(op);
  MatmulEmitter(rewriter, op.getLoc(), target, symbols, shape).emitTasks(op);
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
