//===- KernelVerify.cpp - constraints of the machine operations -----------===//
//
// The numbers C1, C2, … are those of the op descriptions in the .td files.
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/KernelVerify.h"
#include "dialects/kernel/KeptRow.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle::kernel;

std::optional<int64_t> heddle::kernel::rowStride(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || strides[1] != 1 ||
      ShapedType::isDynamic(strides[0]))
    return std::nullopt;
  return strides[0];
}

bool heddle::kernel::isDense(MemRefType type) {
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

bool heddle::kernel::mayBeEqual(int64_t a, int64_t b) {
  return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b);
}

LogicalResult heddle::kernel::verifyBuffer(Operation *op) {
  auto type = dyn_cast<MemRefType>(op->getResult(0).getType());
  bool mayHaveStrides =
      isa<CacheRowOp>(op) && type && type.getRank() > 1 && type.isDynamicDim(0);
  if (!type || !type.getElementType().isIntOrFloat() ||
      type.getElementType().getIntOrFloatBitWidth() > 64 ||
      type.getMemorySpace() ||
      (!mayHaveStrides && !type.getLayout().isIdentity()))
    return op->emitOpError() << "gives " << op->getResult(0).getType()
                             << ", needs a dense buffer of numbers"; // C1
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size) &&
        (llvm::MulOverflow(elements, size, elements) ||
         elements > (int64_t(1) << 48)))
      return op->emitOpError()
             << "gives " << type << ", needs 2^48 elements at most"; // C1
  auto sizes =
      llvm::count_if(op->getOperands().drop_front(),
                     [](Value operand) { return operand.getType().isIndex(); });
  // What stands before the sizes: an offset, a slot, a row.
  int64_t others = isa<CacheRowOp>(op) ? 2 : isa<ArenaOp, WeightOp>(op) ? 1 : 0;
  if (sizes - others != static_cast<int64_t>(type.getNumDynamicDims()))
    return op->emitOpError()
           << "has " << sizes - others << " sizes for " << type; // C2
  return success();
}

LogicalResult NormOp::verify() {
  MemRefType x = getX().getType(), y = getY().getType();
  int64_t size = x.getDimSize(1);
  if (size <= 0 || y.getDimSize(1) != size)
    return emitOpError() << "lines of x are " << x << ", of y " << y; // C1
  if (!x.isDynamicDim(0) && !y.isDynamicDim(0) &&
      x.getDimSize(0) != y.getDimSize(0))
    return emitOpError() << "x has " << x.getDimSize(0) << " lines, y has "
                         << y.getDimSize(0); // C1
  if (!rowStride(x) || !rowStride(y))
    return emitOpError("needs contiguous lines, a static distance apart"); // C2
  if (Value residual = getResidual()) {
    auto type = cast<MemRefType>(residual.getType());
    if (type.getDimSize(1) != size ||
        !mayBeEqual(type.getDimSize(0), x.getDimSize(0)) || !rowStride(type))
      return emitOpError() << "residual is " << type
                           << ", needs lines like those of x"; // C1, C2
  }
  for (Value vector : {getWeight(), getBias()})
    if (vector && (cast<MemRefType>(vector.getType()).getDimSize(0) != size ||
                   !isDense(cast<MemRefType>(vector.getType()))))
      return emitOpError() << "weight or bias is " << vector.getType()
                           << ", needs " << size << " dense elements"; // C3
  return success();
}

LogicalResult ParallelOp::verify() {
  if (getBody().getNumArguments() != 1 ||
      !getBody().getArgument(0).getType().isIndex())
    return emitOpError("body needs one argument, the index"); // C1
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.attention
//===----------------------------------------------------------------------===//

/// Tokens (the first axis) may be dynamic, all other sizes and strides not.
static bool isStaticButFirstSize(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return llvm::all_of(type.getShape().drop_front(),
                      [](int64_t size) { return size > 0; }) &&
         succeeded(type.getStridesAndOffset(strides, offset)) &&
         llvm::none_of(strides, ShapedType::isDynamic);
}

static bool isContiguous(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         strides.back() == 1;
}

/// An empty region is the absence of one.
static LogicalResult verifyRegion(AttentionOp op, Region &region,
                                  StringRef name, unsigned indices,
                                  ArrayRef<Type> yielded) {
  if (region.empty())
    return success();
  Block &block = region.front();
  bool takesIndices = block.getNumArguments() == indices &&
                      llvm::all_of(block.getArgumentTypes(),
                                   [](Type type) { return type.isIndex(); });
  auto yield =
      dyn_cast_if_present<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!region.hasOneBlock() || !takesIndices || !yield ||
      llvm::is_contained(yield->getOperands(), Value()) ||
      yield.getValues().getTypes() != TypeRange(yielded))
    return op.emitOpError() << name << " needs one block that takes " << indices
                            << " indices and yields " << yielded;
  return success();
}

static LogicalResult verifySinkAndVector(AttentionOp op) { // C5
  int64_t heads = op.getQ().getType().getDimSize(1),
          depth = op.getQ().getType().getDimSize(2);
  if (op.getSink()) {
    MemRefType sink = op.getSink().getType();
    if (sink.getDimSize(0) != heads || !isContiguous(sink))
      return op.emitOpError()
             << "sink is " << sink << ", needs " << heads << " dense elements";
  }
  if (!op.getVector())
    return success();
  auto vector = cast<MemRefType>(op.getVector().getType());
  bool fits = vector.getShape().back() == depth &&
              (vector.getRank() == 1 || vector.getDimSize(0) == heads) &&
              isStaticButFirstSize(vector) && isContiguous(vector);
  if (!fits || op.getScore().empty())
    return op.emitOpError() << "vector is " << vector << ", needs " << depth
                            << " contiguous elements, and a score";
  return success();
}

LogicalResult AttentionOp::verifyRegions() { // C6
  if (getScore().empty())
    return success();
  return scalar::verifyEpilogue(*this, getScore(), getVector() ? 3 : 2);
}

LogicalResult AttentionOp::verify() {
  MemRefType q = getQ().getType(), k = getK().getType(), v = getV().getType(),
             y = getY().getType();
  for (MemRefType type : {q, k, v, y}) {
    if (!isStaticButFirstSize(type))
      return emitOpError() << type
                           << " needs static sizes and strides but the "
                              "number of tokens"; // C1, C3
    if (!isContiguous(type))
      return emitOpError() << type << " needs contiguous depths"; // C3
  }
  auto differ = [&](StringRef a, int64_t found, StringRef b, int64_t needed,
                    StringRef what) {
    return emitOpError() << a << " has " << found << ' ' << what << ", " << b
                         << " has " << needed;
  };
  if (!mayBeEqual(q.getDimSize(0), y.getDimSize(0)))
    return differ("q", q.getDimSize(0), "y", y.getDimSize(0), "tokens"); // C2
  if (q.getDimSize(1) != y.getDimSize(1))
    return differ("q", q.getDimSize(1), "y", y.getDimSize(1), "heads"); // C2
  auto depthOf = [](MemRefType type) {
    int64_t size = type.getDimSize(1);
    return type.getElementType().isInteger(8) ? KeptRow::elements(size) : size;
  };
  if (q.getDimSize(2) != depthOf(k))
    return differ("q", q.getDimSize(2), "k", depthOf(k), "depth"); // C2
  if (!mayBeEqual(k.getDimSize(0), v.getDimSize(0)))
    return differ("k", k.getDimSize(0), "v", v.getDimSize(0), "keys"); // C2
  if (y.getDimSize(2) != depthOf(v))
    return differ("y", y.getDimSize(2), "v", depthOf(v), "depth"); // C2
  if (k.getElementType().isInteger(8) && !getScore().empty())
    return emitOpError("has a score of keys in 8 bits, needs their product "
                       "with q"); // C2
  if (failed(verifySinkAndVector(*this)))
    return failure();
  if (bool(getSpan()) != bool(getStates()) ||
      (getStates() && !isContiguous(getStates().getType())))
    return emitOpError("needs a span and contiguous memory for its states, or "
                       "neither"); // C7
  Builder builder(getContext());
  Type index = builder.getIndexType();
  if (failed(verifyRegion(*this, getKeys(), "keys", 3, {index, index})) ||
      failed(verifyRegion(*this, getMask(), "where", 4, builder.getI1Type())))
    return failure();                                                     // C4
  return verifyRegion(*this, getBias(), "bias", 4, builder.getF32Type()); // C4
}

LogicalResult KeepRowsOp::verify() {
  MemRefType x = getX().getType(), rows = getRows().getType();
  for (MemRefType type : {x, rows})
    if (!isStaticButFirstSize(type) || !isContiguous(type))
      return emitOpError() << type
                           << " needs contiguous rows of a static length, a "
                              "static distance apart"; // C1
  if (!mayBeEqual(x.getDimSize(0), rows.getDimSize(0)))
    return emitOpError() << "x has " << x.getDimSize(0) << " rows, needs "
                         << rows.getDimSize(0); // C1
  if (rows.getDimSize(1) != KeptRow::bytes(x.getDimSize(1)))
    return emitOpError() << "rows have " << rows.getDimSize(1)
                         << " bytes, need " << KeptRow::bytes(x.getDimSize(1));
  return success(); // C2
}

LogicalResult MergeSpansOp::verify() {
  MemRefType y = getY().getType(), states = getStates().getType();
  if (!isStaticButFirstSize(y) || !isContiguous(y))
    return emitOpError() << y
                         << " needs static sizes and strides but the number "
                            "of tokens, and contiguous depths"; // C1
  if (!isContiguous(states))
    return emitOpError() << "states are " << states
                         << ", need to be contiguous"; // C2
  if (!getSink())
    return success();
  MemRefType sink = getSink().getType();
  if (sink.getDimSize(0) != y.getDimSize(1) || !isContiguous(sink))
    return emitOpError() << "sink is " << sink << ", needs " << y.getDimSize(1)
                         << " dense elements"; // C2
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
  Type frameType = builder.getType<FrameType>();
  index.type = builder.getIndexType();
  if (parser.parseOperand(frame) || parser.parseLParen() ||
      parser.parseArgument(index) || parser.parseRParen() ||
      parser.parseKeyword("to") || parser.parseOperand(count) ||
      parser.resolveOperand(frame, frameType, result.operands) ||
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
