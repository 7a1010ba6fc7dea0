//===- MatmulTiles.cpp - how a product is cut into tiles ------------------===//
//
// The families of tiles, where their columns lie in the packed weight, and the
// arguments that a function of a tile or of a task has.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/MatmulEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace heddle::microkernels {

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Of a paired product half of the vectors are the first sums.
int64_t MatmulEmitter::columnsOf(int64_t vectors) const {
  int64_t columns = vectors * target.lanes();
  return epilogue.paired ? columns / 2 : columns;
}

/// Where the vectors of a tile begin, from its first column.
SmallVector<int64_t> MatmulEmitter::vectorOffsets(int64_t columns) const {
  SmallVector<int64_t> offsets;
  for (int64_t half : {0, 1})
    for (int64_t column = 0; column < columns; column += target.lanes())
      if (half == 0 || epilogue.paired)
        offsets.push_back(
            operands.columnOffset(packed(column) + half * paired));
  return offsets;
}

MatmulEmitter::Family MatmulEmitter::oneRow() const {
  int64_t vectors = operands.singleRowVectors;
  return {1, 1, columnsOf(vectors ? vectors : 2 * operands.tile.vectors), {}};
}

MatmulEmitter::Family MatmulEmitter::fewRows() const {
  int64_t vectors = operands.fewRowsVectors;
  Family family = {2,
                   operands.tile.rows / 2,
                   columnsOf(vectors ? vectors : 2 * operands.tile.vectors),
                   {}};
  if (operands.rowsOfFew) {
    family.mostRows = operands.rowsOfFew;
    family.nextLines = linesOfStep(family);
    family.isAhead = true;
  }
  return family;
}

/// The smallest of the parts of at most `size` that more than `rows` rows are
/// dealt to evenly. The fewer rows a number of parts has, the smaller they are,
/// and the more parts, the more alike.
static int64_t leastPart(int64_t rows, int64_t size) {
  int64_t least = rows + 1, parts = llvm::divideCeil(least, size);
  return std::min(least / parts, (parts * size + 1) / (parts + 1));
}

MatmulEmitter::Family MatmulEmitter::manyRows() const {
  int64_t few = smallFamilies().back().mostRows;
  Family family = {
      leastPart(leastPart(few, rowsPerBlock()) - 1, operands.tile.rows),
      operands.tile.rows,
      columnsOf(operands.tile.vectors),
      {0}};
  if (target.prefetchesAhead) {
    // Two tiles are to ask for all of a panel; a single one for what is ahead.
    family.nextLines = linesOfStep(family);
    if (operands.stepLines > 2)
      family.nextLines.truncate(llvm::divideCeil(operands.stepLines, 2));
    family.isShared = true;
  } else if (operands.stepLines > 2) {
    // Two far apart, so that half the tiles are enough.
    family.nextLines.push_back(llvm::divideCeil(operands.stepLines, 2) *
                               tuning::cacheLine);
  }
  return family;
}

/// Tiles of many rows are for few too where those are to ask for what is ahead.
bool MatmulEmitter::hasFewRows() const {
  return !target.prefetchesAhead || !operands.fewRowsAsk;
}

SmallVector<MatmulEmitter::Family, 2> MatmulEmitter::smallFamilies() const {
  if (hasFewRows())
    return {oneRow(), fewRows()};
  return {oneRow()};
}

/// The lines of one step of k that hold the vectors of a tile.
SmallVector<int64_t> MatmulEmitter::linesOfStep(const Family &family) const {
  SmallVector<int64_t> lines;
  if (operands.stepLines) {
    for (int64_t line = 0; line < operands.stepLines; ++line)
      lines.push_back(line * tuning::cacheLine);
    return lines;
  }
  for (int64_t offset : vectorOffsets(family.columns))
    for (int64_t byte = 0; byte < target.vectorBits / 8;
         byte += tuning::cacheLine) {
      int64_t line = (offset + byte) / tuning::cacheLine * tuning::cacheLine;
      if (!llvm::is_contained(lines, line))
        lines.push_back(line);
    }
  return lines;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

SmallVector<Value> MatmulEmitter::present(const Arguments &arguments) const {
  SmallVector<Value> values = {arguments.x, arguments.weight};
  if (epilogue.bias)
    values.push_back(arguments.bias);
  llvm::append_range(values, arguments.others);
  values.push_back(arguments.y);
  return values;
}

MatmulEmitter::Arguments MatmulEmitter::named(ValueRange values) const {
  Arguments arguments;
  arguments.x = values[0];
  arguments.weight = values[1];
  if (epilogue.bias)
    arguments.bias = values[2];
  values = values.drop_front(epilogue.bias ? 3 : 2);
  llvm::append_range(arguments.others, values.drop_back());
  arguments.y = values.back();
  return arguments;
}

SmallVector<Type> MatmulEmitter::pointerTypes() const {
  auto pointer = LLVM::LLVMPointerType::get(v.builder.getContext());
  return SmallVector<Type>(3 + epilogue.bias + epilogue.strides.size(),
                           pointer);
}

Value MatmulEmitter::weightAt(Value weight, Value column) {
  Value place = column;
  if (epilogue.paired) {
    Value pairs = make<arith::DivUIOp>(column, index(paired));
    place =
        make<arith::AddIOp>(make<arith::MulIOp>(pairs, index(paired)), column);
  }
  return v.advanceBytes(weight, operands.columnOffset(v, place));
}

/// All but x moved to a column of y.
MatmulEmitter::Arguments MatmulEmitter::atColumn(Arguments arguments,
                                                 Value column) {
  arguments.weight = weightAt(arguments.weight, column);
  if (arguments.bias)
    arguments.bias = v.advance(arguments.bias, column);
  for (auto [other, number] :
       llvm::zip_equal(arguments.others, epilogue.isNumber))
    if (!number)
      other = v.advance(other, column);
  arguments.y = v.advance(arguments.y, column);
  return arguments;
}

/// x, y and matrices beside it moved to a row.
MatmulEmitter::Arguments MatmulEmitter::atRow(Arguments arguments, Value row) {
  auto distance = [&](int64_t stride) {
    return make<arith::MulIOp>(row, index(stride));
  };
  arguments.x = v.advanceBytes(arguments.x, distance(operands.xRowBytes));
  for (auto [other, stride] :
       llvm::zip_equal(arguments.others, epilogue.strides))
    if (stride)
      other = v.advance(other, distance(stride));
  arguments.y = v.advance(arguments.y, distance(epilogue.yStride));
  return arguments;
}

} // namespace heddle::microkernels
