//===- Names.cpp - what values and types are called in text ---------------===//

#include "dialects/kernel/Names.h"
#include "dialects/kernel/Kernel.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::kernel;

//===----------------------------------------------------------------------===//
// What nn and kernel have in common
//===----------------------------------------------------------------------===//

StringRef kernel::nameOfPath(StringRef path) {
  constexpr size_t longest = 60;
  if (size_t index = path.rfind('}'); index != path.npos)
    path = path.drop_front(index + 1);
  path.consume_front(".");
  if (size_t last = path.rfind('.'); last != path.npos)
    if (size_t before = path.rfind('.', last); before != path.npos)
      path = path.drop_front(before + 1);
  return path.size() > longest ? StringRef() : path;
}

std::string kernel::nameOfSize(StringRef expression) {
  std::string name;
  for (char c : expression)
    switch (c) {
    case '*':
      name += "x";
      break;
    case '/':
      name += "_by_";
      break;
    case '+':
      name += "_plus_";
      break;
    case '-':
      name += "_minus_";
      break;
    case '^':
      name += "_to_";
      break;
    default:
      name += c;
    }
  return name;
}

void kernel::nameEpilogue(Region &epilogue, unsigned sums,
                          OpAsmSetValueNameFn setName) {
  if (epilogue.empty())
    return;
  for (BlockArgument argument : epilogue.getArguments())
    setName(argument, argument.getArgNumber() < sums ? "sum" : "other");
}

static void nameArguments(Region &region, ArrayRef<StringRef> names,
                          OpAsmSetValueNameFn setName) {
  if (region.empty())
    return;
  for (auto [argument, name] : llvm::zip(region.getArguments(), names))
    setName(argument, name);
}

void kernel::namePair(Region &region, OpAsmSetValueNameFn setName) {
  nameArguments(region, {"row", "head", "query", "key"}, setName);
}

void kernel::nameScore(Region &region, OpAsmSetValueNameFn setName) {
  nameArguments(region, {"q", "k", "element"}, setName);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// `c_attn.weight` for what lies there, `B` for the size; else what the op
/// does.
static std::string nameOf(Operation *op) {
  std::string name =
      llvm::TypeSwitch<Operation *, std::string>(op)
          .Case<WeightOp, CacheRowOp>([](auto op) {
            return nameOfPath(op.getPath().value_or("")).str();
          })
          .Case([](SizeOp op) { return nameOfSize(op.getSize()); })
          .Case([](ExtentOp op) { return nameOfSize(op.getMonomial()); })
          .Default(std::string());
  return name.empty() ? op->getName().stripDialect().str() : name;
}

namespace {

struct KernelNames : OpAsmOpInterface::FallbackModel<KernelNames> {
  void getAsmResultNames(Operation *op, OpAsmSetValueNameFn setName) const {
    if (op->getNumResults())
      setName(op->getResult(0), nameOf(op));
  }

  void getAsmBlockArgumentNames(Operation *op, Region &region,
                                OpAsmSetValueNameFn setName) const {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](MatmulOp op) {
          nameEpilogue(region, op.getSumCount(), setName);
        })
        .Case([&](AttentionOp op) {
          if (&region == &op.getScore())
            nameScore(region, setName);
          else
            namePair(region, setName);
        })
        .Case([&](ParallelOp) {
          for (BlockArgument index : region.getArguments())
            setName(index, "task");
        });
  }

  void getAsmBlockNames(Operation *, OpAsmSetBlockNameFn) const {}
  static StringRef getDefaultDialect() { return ""; }
};

} // namespace

void *KernelDialect::getRegisteredInterfaceForOp(TypeID interface,
                                                 OperationName) {
  static KernelNames names;
  return interface == OpAsmOpInterface::getInterfaceID() ? &names : nullptr;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

namespace {

struct KernelAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  /// `!f32_Nx4x8_part`, of something larger, and with gaps `!f32_Nx4x8_apart`.
  AliasResult getAlias(Type type, raw_ostream &os) const override {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !isa<StridedLayoutAttr>(memref.getLayout()))
      return AliasResult::NoAlias;
    os << memref.getElementType() << '_';
    llvm::interleave(
        memref.getShape(), os,
        [&](int64_t size) {
          os << (ShapedType::isDynamic(size) ? "N" : std::to_string(size));
        },
        "x");
    bool isDense = memref.areTrailingDimsContiguous(memref.getRank());
    os << (isDense ? "_part" : "_apart");
    return AliasResult::OverridableAlias;
  }
};

} // namespace

void kernel::addAliases(KernelDialect &dialect) {
  dialect.addInterfaces<KernelAliases>();
}
