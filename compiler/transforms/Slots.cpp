//===- Slots.cpp - the tensors and caches of a program, by slot -----------===//

#include "compiler/transforms/Slots.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/VerifyModule.h"

using namespace mlir;
using namespace heddle;
using transforms::Slots;

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

/// The layout that a conversion wishes for, else plain.
static kernel::LayoutAttr layoutOf(nn::WeightOp weight) {
  if (kernel::LayoutAttr layout = weight.getLayoutAttr())
    return layout;
  // Integers lie in panels, of which they have a layout.
  kernel::PackedType type = nn::packedTypeOf(weight);
  if (kernel::isQuantised(type))
    type = kernel::PackedType::F32;
  return kernel::LayoutAttr::get(
      weight.getContext(),
      kernel::PackedLayout::plain(type, nn::isStoredTransposed(weight)));
}

/// A tensor is packed twice where that is wanted in two ways: an embedding
/// whose rows are read, tied to a matrix product.
static std::string keyOfTensor(const nn::PathTree::Slot &slot) {
  std::string key =
      layoutOf(cast<nn::WeightOp>(slot.op)).getText().str() + "\n" + slot.path;
  for (const std::string &path : slot.then)
    key += "\n" + path;
  return key;
}

Slots::Numbered::Numbered(ArrayRef<Slot> all,
                          function_ref<std::string(const Slot &)> keyOf) {
  llvm::StringMap<int32_t> known;
  for (const Slot &slot : all) {
    auto [at, isNew] = known.try_emplace(keyOf(slot), firsts.size());
    if (isNew)
      firsts.push_back(&slot);
    numbers.push_back(at->second);
  }
}

program::SlotsAttr Slots::Numbered::line(int64_t start, int64_t count,
                                         MLIRContext *context) const {
  return count ? program::SlotsAttr::get(context,
                                         ArrayRef(numbers).slice(start, count))
               : program::SlotsAttr();
}

Slots::Slots(const nn::PathTree &tree)
    : tree(tree), tensors(tree.weights(), keyOfTensor),
      caches(tree.caches(), [](const Slot &slot) { return slot.path; }) {}

program::SlotsAttr Slots::weightsOf(StringRef entry,
                                    MLIRContext *context) const {
  return tensors.line(tree.entryStart(entry).first, tree.lineOf(entry).first,
                      context);
}

program::SlotsAttr Slots::cachesOf(StringRef entry,
                                   MLIRContext *context) const {
  return caches.line(tree.entryStart(entry).second, tree.lineOf(entry).second,
                     context);
}

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

static int64_t bytesOf(Type elementType) {
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

/// Each head of [B, S, G…, K] has a stream of its own.
static int64_t streamsOf(RankedTensorType kept) {
  ArrayRef<int64_t> row = kept.getShape().drop_front();
  if (!nn::liesInStreams(row))
    return 1;
  return llvm::product_of(row.drop_front().drop_back());
}

/// A slot's type is [B, positions…, rest]: a position is the rest.
void Slots::addCaches(const nn::SizeTable &sizes, OpBuilder &builder) const {
  for (auto [number, slot] : llvm::enumerate(caches.firsts)) {
    RankedTensorType tensor = nn::keptAs(slot->type);
    // What a recurrence carries is, like a cache, nobody's to set.
    nn::SessionUse use = cast<nn::SessionOpInterface>(slot->op).sessionUse();
    bool isState = use == nn::SessionUse::Sets || use == nn::SessionUse::Reads;
    bool counted =
        tensor.getRank() > 1 && sizes.isRagged(sizes.axis(tensor, 1));
    StringAttr size;
    if (counted)
      size = builder.getStringAttr(nn::axesOf(tensor).axisName(1));
    int64_t bytes = bytesOf(tensor.getElementType());
    for (int64_t axis = counted ? 2 : 1; axis < tensor.getRank(); ++axis)
      bytes *= tensor.getDimSize(axis);
    IntegerAttr streams;
    if (int64_t count = streamsOf(tensor); count > 1)
      streams = builder.getI64IntegerAttr(count);
    auto append = dyn_cast<nn::CacheAppendOp>(slot->op);
    program::CacheOp::create(
        builder, slot->op->getLoc(), builder.getI64IntegerAttr(number),
        builder.getStringAttr(slot->path), builder.getI64IntegerAttr(bytes),
        size, streams, append ? append.getWindowAttr() : IntegerAttr(),
        isState ? builder.getUnitAttr() : UnitAttr());
  }
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// What a weight is for says what it is filled with where there is no
/// checkpoint: a norm's scale with ones, a bias or a running mean with zeros.
static program::Fill fillOf(nn::WeightOp weight) {
  for (OpOperand &use : weight->getUses()) {
    switch (nn::roleOf(use)) {
    case nn::OperandRole::Scale:
      return program::Fill::Ones;
    case nn::OperandRole::Shift:
      return program::Fill::Zeros;
    case nn::OperandRole::Factor:
      return program::Fill::Normal;
    default:
      continue;
    }
  }
  return program::Fill::Normal;
}

static std::string locationText(Location location) {
  auto file = location->findInstanceOf<FileLineColLoc>();
  if (!file)
    return "";
  return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
          Twine(file.getColumn()))
      .str();
}

/// A merged weight's location is that of its parts, unless two are the same.
static ArrayAttr partsOf(const nn::PathTree::Slot &slot, nn::WeightOp op) {
  SmallVector<Location> locations(op.getPartCount(), op.getLoc());
  if (auto fused = dyn_cast<FusedLoc>(op.getLoc());
      fused && fused.getLocations().size() == locations.size())
    locations.assign(fused.getLocations().begin(), fused.getLocations().end());
  SmallVector<Attribute> parts;
  for (auto [number, location] : llvm::enumerate(locations)) {
    RankedTensorType type = op.getPartType(number);
    parts.push_back(program::PartAttr::get(
        op.getContext(), number == 0 ? slot.path : slot.then[number - 1],
        type.getShape(), nn::axesOf(type).str(), locationText(location)));
  }
  return ArrayAttr::get(op.getContext(), parts);
}

void Slots::addTensors(OpBuilder &builder) const {
  for (auto [number, slot] : llvm::enumerate(tensors.firsts)) {
    auto weight = cast<nn::WeightOp>(slot->op);
    program::TensorOp::create(builder, weight.getLoc(), number,
                              partsOf(*slot, weight), layoutOf(weight),
                              fillOf(weight));
  }
}
