//===- KernelVerify.cpp - constraints of the machine operations -----------===//
//
// The numbers C1, C2, … are those of the op descriptions in the .td files.
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle::kernel;

/// Distance between the rows of a matrix whose rows are contiguous, if static.
static std::optional<int64_t> rowStride(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || strides[1] != 1 ||
      ShapedType::isDynamic(strides[0]))
    return std::nullopt;
  return strides[0];
}

/// No gaps between elements; where they begin does not matter.
static bool isDense(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset, expected = 1;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
    if (strides[axis] != expected && type.getDimSize(axis) != 1)
      return false;
    expected *= type.getDimSize(axis);
  }
  return true;
}

LogicalResult MatmulOp::verify() {
  MemRefType x = getX().getType(), y = getY().getType(),
             weight = getWeight().getType();
  int64_t inputs = getInputs(), outputs = getOutputs();
  if (inputs <= 0 || outputs <= 0 || !weight.hasStaticShape())
    return emitOpError("needs static sizes but the number of rows"); // C1
  if (!x.isDynamicDim(0) && !y.isDynamicDim(0) &&
      x.getDimSize(0) != y.getDimSize(0))
    return emitOpError() << "x has " << x.getDimSize(0) << " rows, y has "
                         << y.getDimSize(0); // C1
  if (!rowStride(x) || !rowStride(y))
    return emitOpError("needs contiguous rows, a static distance apart"); // C2
  int64_t panel = getPanel();
  if (panel <= 0 || panel % 16 || !isDense(weight))
    return emitOpError("needs a dense weight in panels of a multiple of 16 "
                       "columns"); // C3
  int64_t panels = llvm::divideCeil(outputs, panel);
  if (weight.getDimSize(0) != panels || weight.getDimSize(1) != inputs)
    return emitOpError() << "weight is " << weight.getDimSize(0) << "x"
                         << weight.getDimSize(1) << "x" << panel << ", needs "
                         << panels << "x" << inputs << "x" << panel; // C3
  if (getBias() && (getBias().getType().getDimSize(0) != outputs ||
                    !isDense(getBias().getType())))
    return emitOpError() << "bias is " << getBias().getType() << ", needs "
                         << outputs << " dense elements"; // C4
  return success();
}

LogicalResult ParallelOp::verify() {
  if (getBody().getNumArguments() != 1 ||
      !getBody().getArgument(0).getType().isIndex())
    return emitOpError("body needs one argument, the index"); // C1
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.parallel %frame (%i) to %count [when %condition] { … }
//===----------------------------------------------------------------------===//

void ParallelOp::build(OpBuilder &builder, OperationState &state, Value frame,
                       Value count, Value condition) {
  OpBuilder::InsertionGuard guard(builder);
  state.addOperands({frame, count});
  if (condition)
    state.addOperands(condition);
  Region *body = state.addRegion();
  builder.createBlock(body, {}, builder.getIndexType(), state.location);
  ensureTerminator(*body, builder, state.location);
}

ParseResult ParallelOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand frame, count, condition;
  OpAsmParser::Argument index;
  Builder &builder = parser.getBuilder();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  index.type = builder.getIndexType();
  if (parser.parseOperand(frame) || parser.parseLParen() ||
      parser.parseArgument(index) || parser.parseRParen() ||
      parser.parseKeyword("to") || parser.parseOperand(count) ||
      parser.resolveOperand(frame, pointer, result.operands) ||
      parser.resolveOperand(count, builder.getIndexType(), result.operands))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("when")) &&
      (parser.parseOperand(condition) ||
       parser.resolveOperand(condition, builder.getI1Type(), result.operands)))
    return failure();
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, index) ||
      parser.parseOptionalAttrDict(result.attributes))
    return failure();
  ensureTerminator(*body, builder, result.location);
  return success();
}

void ParallelOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getFrame() << " (" << getIndex() << ") to " << getCount();
  if (getCondition())
    printer << " when " << getCondition();
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/false);
  printer.printOptionalAttrDict((*this)->getAttrs());
}
