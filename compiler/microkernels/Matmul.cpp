//===- Matmul.cpp - kernel.matmul as vector code --------------------------===//
//
// y[m][n] = epilogue(Σ_k x[m][k]·w[k][n] + bias[n], …), w in panels.
//
// The result is cut into tiles of rows × columns whose sums stay in registers
// from the first k to the last. Three families of tiles cover every M:
//
//   one row     × 4V vectors: as fast as the weight comes, from several panels
//               at once
//   few rows    2 … R/2 rows × 2V vectors: enough independent sums to hide the
//               latency of an addition; or as the operands say
//   many rows   R/2 … R rows × V vectors: rows are dealt to tiles as evenly as
//               possible, so that no tile is left over with few rows
//
// A task is one tile's columns of one block of rows. Blocks are small enough
// that their x stays in the second-level cache while panels stream past; while
// many tiles are computed with one panel, the next is prefetched, and what is
// ahead in this one by a single tile, where the machine does it better in
// software. What the epilogue reads of other matrices is prefetched as a tile
// begins.
//
// What depends on the type of the operands is in MatmulOperands.h, what becomes
// of the sums in MatmulEpilogue.h.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Matmul.h"
#include "compiler/microkernels/ByteMatmul.h"
#include "compiler/microkernels/FloatMatmul.h"
#include "compiler/microkernels/MatmulEmitter.h"
#include "compiler/microkernels/Tasks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace heddle::microkernels {

Value MatmulOperands::columnOffset(VectorBuilder &v, Value packed) const {
  auto times = [&](Value a, int64_t b) -> Value {
    return arith::MulIOp::create(v.builder, v.loc, a, v.index(b));
  };
  Value width = v.index(panel);
  Value number = arith::DivUIOp::create(v.builder, v.loc, packed, width);
  Value within = arith::RemUIOp::create(v.builder, v.loc, packed, width);
  return arith::AddIOp::create(v.builder, v.loc, times(number, panelBytes),
                               times(within, columnBytes));
}

void MatmulOperands::prefetchNext(VectorBuilder &v, const Tile &tile,
                                  Value next, Value step, Value offset,
                                  int64_t count) const {
  if (!tile.spacing) {
    for (int64_t line : tile.nextLines)
      for (int64_t s = 0; s < count; ++s)
        v.prefetch(
            v.advanceBytes(v.advanceBytes(next, offset), line + s * stepBytes),
            tile.isNear);
    return;
  }
  int64_t lines = tile.nextLines.size();
  Value ofStep =
      arith::MulIOp::create(v.builder, v.loc, tile.spacing, v.index(lines));
  Value line = v.advanceBytes(
      next, arith::MulIOp::create(v.builder, v.loc, ofStep, step));
  // One after the other: multiples of the spacing would take registers.
  for (int64_t i = 0; i < count * lines; ++i) {
    v.prefetch(line, tile.isNear);
    line = v.advanceBytes(line, tile.spacing);
  }
}

std::unique_ptr<MatmulOperands> MatmulOperands::of(kernel::MatmulOp op,
                                                   const Target &target) {
  Type element = op.getX().getType().getElementType();
  return element.isInteger() ? createByteOperands(op, target)
                             : createFloatOperands(op, target);
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

int64_t MatmulEmitter::rowsPerBlock() const {
  int64_t rows = tuning::inputBlockBytes / operands.xRowBytes;
  return std::max(rows / operands.tile.rows, int64_t{1}) * operands.tile.rows;
}

/// 1 ≤ M ≤ most rows, as M − 1 < most rows without sign: no rows make no tasks
/// of any family.
Value MatmulEmitter::belongsTo(const Family &family, Value rows) {
  Value others = make<arith::SubIOp>(rows, index(1));
  return arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::ult,
                               others, index(family.mostRows));
}

//  tasks = M = 1 ? ceil(N / 4W) : M ≤ R/2 ? ceil(N / 2W)
//                               : ceil(N / W) · ceil(M / block)
//  parallel task in 0 .. tasks: call @matmul(x, w, …, y, M, task)
void MatmulEmitter::emitTasks(kernel::MatmulOp op) {
  func::FuncOp task = taskFunction();
  Value rows = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  Arguments arguments;
  arguments.x = v.addressOf(op.getX());
  arguments.weight = v.addressOf(op.getWeight());
  if (epilogue.bias)
    arguments.bias = v.addressOf(op.getBias());
  for (Value other : op.getOthers())
    arguments.others.push_back(v.addressOf(other));
  arguments.y = v.addressOf(op.getY());

  Value blocks = make<arith::CeilDivUIOp>(rows, index(rowsPerBlock()));
  Value tasks = make<arith::MulIOp>(blocks, index(columnTasks(manyRows())));
  for (const Family &family : llvm::reverse(smallFamilies()))
    tasks = arith::SelectOp::create(v.builder, v.loc, belongsTo(family, rows),
                                    index(columnTasks(family)), tasks);

  microkernels::emitTasks(
      v, tasks, {rows, inputs * op.getPackedColumns()}, [&](Value number) {
        SmallVector<Value> values = present(arguments);
        values.append({rows, number});
        func::CallOp::create(v.builder, v.loc, task, values);
      });
}

/// @matmul(x, w[, bias][, others], y, rows, task)
func::FuncOp MatmulEmitter::taskFunction() {
  if (auto existing = symbols.lookup<func::FuncOp>(name()))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  SmallVector<Type> types = pointerTypes();
  types.append(2, v.builder.getIndexType());
  func::FuncOp function = v.beginFunction(symbols, name(), types);
  ValueRange values = function.getArguments();
  Arguments arguments = named(values.drop_back(2));
  Value rows = values.drop_back().back(), task = values.back();

  for (const Family &family : smallFamilies()) {
    auto either = scf::IfOp::create(v.builder, v.loc, belongsTo(family, rows),
                                    /*withElse=*/true);
    if (family.leastRows == 1)
      func::ReturnOp::create(v.builder, v.loc);
    v.builder.setInsertionPointToStart(either.thenBlock());
    emitFewRowsTask(family, arguments, rows, task);
    v.builder.setInsertionPointToStart(either.elseBlock());
  }
  emitManyRowsTask(arguments, rows, task);
  return function;
}

/// One tile. The machine's own prefetch brings the weight, or the operands'.
void MatmulEmitter::emitFewRowsTask(const Family &family, Arguments arguments,
                                    Value rows, Value task) {
  Value first = make<arith::MulIOp>(task, index(family.columns));
  Arguments columns = atColumn(arguments, first);
  SmallVector<Value> tile = present(columns);
  tile.push_back(family.isAhead
                     ? v.advanceBytes(columns.weight, tuning::bytesAhead)
                     : columns.weight);
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

//  tasks of a share = blocks · columns of a share
//  share = task / tasks of a share, then block by block of it column by column
//  deal M rows to ceil(M / B) blocks, and the M' of this one to ceil(M' / R)
//  tiles: every tile has at least R/2 rows, since M > R/2
void MatmulEmitter::emitManyRowsTask(Arguments arguments, Value rows,
                                     Value task) {
  Family family = manyRows();
  Value blocks = make<arith::CeilDivUIOp>(rows, index(rowsPerBlock()));
  // Threads take neighbouring tasks: one reads few shares' weights, and the
  // rows of a block stay near it while a share's columns go past.
  int64_t columnCount = columnTasks(family),
          shareColumns = llvm::divideCeil(columnCount, tuning::columnShares);
  Value shareTasks = make<arith::MulIOp>(blocks, index(shareColumns));
  Value firstColumn = make<arith::MulIOp>(
      make<arith::DivUIOp>(task, shareTasks), index(shareColumns));
  Value columnsHere =
      make<arith::MinUIOp>(make<arith::SubIOp>(index(columnCount), firstColumn),
                           index(shareColumns));
  Value ofShare = make<arith::RemUIOp>(task, shareTasks);
  Value block = make<arith::DivUIOp>(ofShare, columnsHere);
  Value column = make<arith::AddIOp>(
      firstColumn, make<arith::RemUIOp>(ofShare, columnsHere));
  Value first = make<arith::MulIOp>(column, index(family.columns));
  Value behind = make<arith::AddIOp>(first, index(family.columns));
  Value last = index((columnTasks(family) - 1) * family.columns);
  Arguments columns = atColumn(arguments, first);
  Share ofRows = deal(rows, blocks, block);
  Value tiles = make<arith::CeilDivUIOp>(ofRows.size, index(family.mostRows));
  // Where it is not worth it, what is being read is prefetched, or is to be
  // soon. Behind the last panel that does nothing.
  bool isAhead = target.prefetchesAhead;
  Value worth = arith::CmpIOp::create(
      v.builder, v.loc, arith::CmpIPredicate::uge, tiles,
      index(isAhead ? tuning::prefetchTilesAhead : tuning::prefetchTiles));
  Value next = arith::SelectOp::create(
      v.builder, v.loc, worth,
      weightAt(arguments.weight, make<arith::MinUIOp>(behind, last)),
      isAhead ? v.advanceBytes(columns.weight, tuning::bytesAhead)
              : columns.weight);
  // Each tile prefetches its part of the panel, in the order of memory and at
  // an even pace; or successive tiles different lines of every step.
  Value spacing, parts = index(linesOfStep(family).size()),
                 part = index(tuning::cacheLine);
  if (family.isShared) {
    parts = tiles;
    int64_t lines = family.nextLines.size();
    spacing =
        make<arith::CeilDivUIOp>(index(operands.panelBytes / operands.steps),
                                 make<arith::MulIOp>(tiles, index(lines)));
    part = make<arith::MulIOp>(spacing, index(operands.steps * lines));
  }
  v.loop(index(0), tiles, 1, [&](Value number) {
    Share ofBlock = deal(ofRows.size, tiles, number);
    SmallVector<Value> tile = present(
        atRow(columns, make<arith::AddIOp>(ofRows.first, ofBlock.first)));
    Value place = make<arith::RemUIOp>(number, parts);
    tile.push_back(v.advanceBytes(next, make<arith::MulIOp>(place, part)));
    if (spacing)
      tile.push_back(spacing);
    emitTileCall(family, ofBlock.size, first, tile);
  });
}

/// switch (rows): call the micro-kernel of so many rows; the last columns of y,
/// where they do not fill a tile, have their own.
void MatmulEmitter::emitTileCall(const Family &family, Value rows, Value first,
                                 ValueRange tile) {
  auto emitCall = [&](int64_t rowCount, int64_t columns) {
    func::FuncOp kernel = microkernel(family, rowCount, columns);
    func::CallOp::create(v.builder, v.loc, kernel, tile);
  };
  auto emitSwitch = [&](int64_t columns) {
    // LLVM's translation does not stand a switch without cases.
    if (family.leastRows == family.mostRows)
      return emitCall(family.mostRows, columns);
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
      emitCall(count, columns);
      scf::YieldOp::create(v.builder, v.loc);
    }
  };
  int64_t tail = outputs % family.columns;
  if (tail == 0)
    return emitSwitch(family.columns);
  Value isTail = arith::CmpIOp::create(
      v.builder, v.loc, arith::CmpIPredicate::eq, first, index(outputs - tail));
  auto either = scf::IfOp::create(v.builder, v.loc, isTail, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(v.builder);
  v.builder.setInsertionPointToStart(either.thenBlock());
  emitSwitch(tail);
  v.builder.setInsertionPointToStart(either.elseBlock());
  if (outputs > family.columns)
    emitSwitch(family.columns);
}

/// @matmul_tile_RxC(x, w[, bias][, others], y, next): one tile, every sum in
/// a register.
func::FuncOp MatmulEmitter::microkernel(const Family &family, int64_t rows,
                                        int64_t columns) {
  std::string name = this->name() + "_tile_" + std::to_string(rows) + "x" +
                     std::to_string(columns);
  // Those of another family may be as large.
  if (family.isAhead)
    name += "_ahead";
  if (family.isShared)
    name += "_part";
  if (auto existing = symbols.lookup<func::FuncOp>(name))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  SmallVector<Type> types = pointerTypes();
  types.push_back(types.front());
  if (family.isShared)
    types.push_back(v.builder.getIndexType());
  func::FuncOp function = v.beginFunction(symbols, name, types);
  ValueRange values = function.getArguments();
  Tile tile = {rows, vectorOffsets(columns), family.nextLines, family.isAhead};
  if (family.isShared) {
    // Fewer rows are a single tile.
    tile.isNear = rows > family.mostRows / 2;
    tile.spacing = values.back();
    values = values.drop_back();
  }
  Arguments arguments = named(values.drop_back());
  // What the epilogue reads may be y.
  auto mayBeY = [&](Value argument) {
    return !arguments.others.empty() &&
           (argument == arguments.y ||
            llvm::is_contained(arguments.others, argument));
  };
  for (BlockArgument argument : function.getArguments())
    if (isa<LLVM::LLVMPointerType>(argument.getType()) && !mayBeY(argument))
      function.setArgAttr(argument.getArgNumber(), "llvm.noalias",
                          v.builder.getUnitAttr());
  MatmulEpilogue::Place place = {arguments.bias, arguments.others, arguments.y};
  epilogue.prefetch(v, rows, columns, place);
  SmallVector<Value> sums =
      operands.emitSums(v, tile, arguments.x, arguments.weight, values.back());
  epilogue.emit(v, sums, rows, columns, place);
  func::ReturnOp::create(v.builder, v.loc);
  return function;
}

LogicalResult lowerMatmul(RewriterBase &rewriter, kernel::MatmulOp op,
                          const Target &target, SymbolTable &symbols) {
  std::unique_ptr<MatmulOperands> operands = MatmulOperands::of(op, target);
  if (!operands)
    return failure();
  rewriter.setInsertionPoint(op);
  MatmulEmitter(rewriter, op, *operands, target, symbols).emitTasks(op);
  rewriter.eraseOp(op);
  return success();
}

} // namespace heddle::microkernels
