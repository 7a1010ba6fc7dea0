//===- Names.cpp - what values and types are called in text ---------------===//

#include "dialects/nn/Names.h"
#include "dialects/kernel/Names.h"
#include "dialects/nn/NN.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// `c_attn.weight` for what lies there, `layer` for what that block makes;
/// else what the op does.
static StringRef nameOf(Operation *op) {
  StringRef name =
      llvm::TypeSwitch<Operation *, StringRef>(op)
          .Case<WeightOp, CacheAppendOp, ScanOp>(
              [](auto op) { return kernel::nameOfPath(op.getPath()); })
          .Case<CallOp, RouteOp>([](auto op) { return op.getCallee(); })
          .Case([](StateReadOp op) { return op.getState(); })
          .Default(StringRef());
  return name.empty() ? op->getName().stripDialect() : name;
}

static void nameArguments(ScanOp op, OpAsmSetValueNameFn setName) {
  for (BlockArgument argument : op.getBody().getArguments())
    setName(argument, argument.getArgNumber() < op.getInputs().size()
                          ? "input"
                          : "carried");
}

namespace {

struct NNNames : OpAsmOpInterface::FallbackModel<NNNames> {
  void getAsmResultNames(Operation *op, OpAsmSetValueNameFn setName) const {
    if (op->getNumResults())
      setName(op->getResult(0), nameOf(op));
  }

  void getAsmBlockArgumentNames(Operation *op, Region &region,
                                OpAsmSetValueNameFn setName) const {
    if (region.empty())
      return;
    if (auto attention = dyn_cast<AttentionOp>(op);
        attention && &region == &attention.getScore())
      kernel::nameScore(region, setName);
    else if (op->hasTrait<AboutPairs>())
      kernel::namePair(region, setName);
    else if (auto product = dyn_cast<EpilogueOpInterface>(op))
      kernel::nameEpilogue(region, product.getSumCount(), setName);
    else if (auto scan = dyn_cast<ScanOp>(op))
      nameArguments(scan, setName);
  }

  void getAsmBlockNames(Operation *, OpAsmSetBlockNameFn) const {}
  static StringRef getDefaultDialect() { return ""; }
};

} // namespace

void *NNDialect::getRegisteredInterfaceForOp(TypeID interface, OperationName) {
  static NNNames names;
  return interface == OpAsmOpInterface::getInterfaceID() ? &names : nullptr;
}

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

/// What stands before the axes, except for numbers of f32 and for indices.
static void printElement(Type element, bool isIndex, raw_ostream &os) {
  if (element.isF32() || (isIndex && element.isInteger(32)))
    return;
  if (auto dynamic = dyn_cast<DynamicType>(element))
    os << (dynamic.getWide() ? "wide_" : "dynamic_")
       << (dynamic.getGroup() == DynamicType::kRow ? "rows" : "groups");
  else
    os << element;
  os << '_';
}

namespace {

struct NNAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  /// `!B_T_D`, `!bf16_B_S_H_K`, `!B_T_over_V`
  AliasResult getAlias(Type type, raw_ostream &os) const override {
    auto tensor = dyn_cast<RankedTensorType>(type);
    auto axes =
        tensor ? dyn_cast_or_null<AxesAttr>(tensor.getEncoding()) : AxesAttr();
    if (!axes)
      return AliasResult::NoAlias;
    printElement(tensor.getElementType(), axes.getOver() != nullptr, os);
    std::string name = axes.getNames().empty() ? "number" : "";
    for (StringAttr axis : axes.getNames())
      name += (name.empty() ? "" : "_") + kernel::nameOfSize(axis.getValue());
    if (axes.getOver())
      name += "_over_" + kernel::nameOfSize(axes.getOver().getValue());
    // MLIR tells aliases apart by numbers at the end.
    os << name << (llvm::isDigit(name.back()) ? "_" : "");
    return AliasResult::OverridableAlias;
  }

  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    if (!isa<NumbersAttr>(attribute))
      return AliasResult::NoAlias;
    os << "numbers";
    return AliasResult::OverridableAlias;
  }
};

} // namespace

void nn::addAliases(NNDialect &dialect) { dialect.addInterfaces<NNAliases>(); }
