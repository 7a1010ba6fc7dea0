//===- WeightTable.cpp - the tensors that a program reads -----------------===//

#include "compiler/pipeline/WeightTable.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/abi.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;

static constexpr llvm::StringLiteral weightsAttributeName = "heddle.weights";
static constexpr llvm::StringLiteral fillNames[] = {"normal", "ones", "zeros"};

int64_t WeightTable::Tensor::packedBytes() const {
  kernel::MatrixShape whole;
  for (const Part &part : parts) {
    kernel::MatrixShape matrix = layout.matrix(part.shape);
    whole = {whole.outputs + matrix.outputs, matrix.inputs};
  }
  return layout.packedBytes(whole);
}

//===----------------------------------------------------------------------===//
// As an attribute
//===----------------------------------------------------------------------===//

static NamedAttrList fieldsOf(const WeightTable::Part &part, Builder builder) {
  NamedAttrList fields;
  fields.set("path", builder.getStringAttr(part.path));
  fields.set("shape", builder.getDenseI64ArrayAttr(part.shape));
  fields.set("axes", builder.getStringAttr(part.axes));
  if (!part.location.empty())
    fields.set("at", builder.getStringAttr(part.location));
  return fields;
}

void pipeline::setWeightTable(ModuleOp module, const WeightTable &table) {
  Builder builder(module.getContext());
  SmallVector<Attribute> tensors;
  for (const WeightTable::Tensor &tensor : table.tensors) {
    StringRef fill = fillNames[static_cast<int>(tensor.fill)];
    NamedAttrList fields = fieldsOf(tensor.parts.front(), builder);
    fields.set("layout", builder.getStringAttr(tensor.layout.asString()));
    fields.set("fill", builder.getStringAttr(fill));
    SmallVector<Attribute> then;
    for (const WeightTable::Part &part : ArrayRef(tensor.parts).drop_front())
      then.push_back(
          fieldsOf(part, builder).getDictionary(module.getContext()));
    if (!then.empty())
      fields.set("then", builder.getArrayAttr(then));
    tensors.push_back(fields.getDictionary(module.getContext()));
  }
  NamedAttrList fields;
  fields.set("tensors", builder.getArrayAttr(tensors));
  fields.set("slots", builder.getDenseI32ArrayAttr(table.slots));
  module->setAttr(weightsAttributeName,
                  fields.getDictionary(module.getContext()));
}

/// As of a tensor of the nn dialect.
static constexpr int64_t mostElements = int64_t(1) << 40;

static FailureOr<WeightTable::Part> readPart(ModuleOp module,
                                             Attribute attribute) {
  auto fields = dyn_cast<DictionaryAttr>(attribute);
  auto path = fields ? fields.getAs<StringAttr>("path") : StringAttr();
  auto shape =
      fields ? fields.getAs<DenseI64ArrayAttr>("shape") : DenseI64ArrayAttr();
  if (!path || !shape)
    return module.emitError()
           << weightsAttributeName << ": a tensor needs path and shape";
  WeightTable::Part part;
  part.path = path.str();
  part.shape.assign(shape.asArrayRef().begin(), shape.asArrayRef().end());
  int64_t elements = 1;
  for (int64_t size : part.shape)
    if (size < 1 || llvm::MulOverflow(elements, size, elements) ||
        elements > mostElements)
      return module.emitError()
             << weightsAttributeName << ": " << part.path
             << ": needed sizes from 1 on, 2^40 elements at most";
  if (auto axes = fields.getAs<StringAttr>("axes"))
    part.axes = axes.str();
  if (auto location = fields.getAs<StringAttr>("at"))
    part.location = location.str();
  return part;
}

static FailureOr<WeightTable::Tensor> readTensor(ModuleOp module,
                                                 Attribute attribute) {
  FailureOr<WeightTable::Part> first = readPart(module, attribute);
  if (failed(first))
    return failure();
  WeightTable::Tensor tensor;
  tensor.parts.push_back(std::move(*first));
  StringRef path = tensor.parts.front().path;
  auto fields = cast<DictionaryAttr>(attribute);
  auto layout = fields.getAs<StringAttr>("layout");
  if (!layout)
    return module.emitError()
           << weightsAttributeName << ": " << path << ": needs a layout";
  llvm::Expected<kernel::PackedLayout> parsed =
      kernel::PackedLayout::parse(layout.getValue());
  if (!parsed)
    return module.emitError() << weightsAttributeName << ": " << path << ": "
                              << llvm::toString(parsed.takeError());
  tensor.layout = *parsed;
  if (auto then = fields.getAs<ArrayAttr>("then"))
    for (Attribute following : then) {
      FailureOr<WeightTable::Part> part = readPart(module, following);
      if (failed(part))
        return failure();
      tensor.parts.push_back(std::move(*part));
    }
  kernel::MatrixShape whole;
  for (const WeightTable::Part &part : tensor.parts) {
    kernel::MatrixShape matrix = tensor.layout.matrix(part.shape);
    if (whole.outputs > 0 && matrix.inputs != whole.inputs)
      return module.emitError() << weightsAttributeName << ": " << path
                                << ": parts have " << whole.inputs << " and "
                                << matrix.inputs << " inputs";
    whole = {whole.outputs + matrix.outputs, matrix.inputs};
  }
  if (llvm::Error error = tensor.layout.verify(whole))
    return module.emitError() << weightsAttributeName << ": " << path << ": "
                              << llvm::toString(std::move(error));
  if (auto fill = fields.getAs<StringAttr>("fill")) {
    auto *name = llvm::find(fillNames, fill.getValue());
    if (name == std::end(fillNames))
      return module.emitError()
             << weightsAttributeName << ": " << path << ": fill is " << fill
             << ", needed normal, ones or zeros";
    tensor.fill = static_cast<WeightFill>(name - fillNames);
  }
  return tensor;
}

FailureOr<WeightTable> pipeline::getWeightTable(ModuleOp module) {
  WeightTable table;
  Attribute attribute = module->getAttr(weightsAttributeName);
  if (!attribute)
    return table;
  auto fields = dyn_cast<DictionaryAttr>(attribute);
  auto tensors = fields ? fields.getAs<ArrayAttr>("tensors") : ArrayAttr();
  auto slots =
      fields ? fields.getAs<DenseI32ArrayAttr>("slots") : DenseI32ArrayAttr();
  if (!tensors || !slots)
    return module.emitError()
           << weightsAttributeName
           << ": needed {tensors = […], slots = array<i32: …>}";
  for (Attribute element : tensors) {
    FailureOr<WeightTable::Tensor> tensor = readTensor(module, element);
    if (failed(tensor))
      return failure();
    table.tensors.push_back(std::move(*tensor));
  }
  for (int32_t slot : slots.asArrayRef())
    if (slot < 0 || slot >= static_cast<int64_t>(table.tensors.size()))
      return module.emitError()
             << weightsAttributeName << ": slot of tensor " << slot
             << ", needed 0 to " << table.tensors.size() << " exclusive";
  table.slots.assign(slots.asArrayRef().begin(), slots.asArrayRef().end());
  return table;
}

uint64_t pipeline::fingerprint(const WeightTable &table) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "file " << HEDDLE_FILE_VERSION << '\n';
  for (int32_t slot : table.slots) {
    const WeightTable::Tensor &tensor = table.tensors[slot];
    for (const WeightTable::Part &part : tensor.parts) {
      os << part.path << '[';
      llvm::interleaveComma(part.shape, os);
      os << ']';
    }
    os << tensor.layout.asString() << ' ' << tensor.packedBytes() << '\n';
  }
  return llvm::xxh3_64bits(text);
}
