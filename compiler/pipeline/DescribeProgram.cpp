//===- DescribeProgram.cpp - what the runtime needs to know
//------------------===//
//
// Enters: an nn module with a memory plan. Leaves: the same module with the
// attribute heddle.program.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Program.h"
#include "compiler/pipeline/Passes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/SizeTable.h"
#include "llvm/Support/xxhash.h"

namespace heddle::pipeline {
#define GEN_PASS_DEF_DESCRIBEPROGRAM
#include "compiler/pipeline/Passes.h.inc"
} // namespace heddle::pipeline

using namespace mlir;
using namespace heddle;
using codegen::Program, codegen::ProgramCache, codegen::ProgramEntry,
    codegen::ProgramSize, codegen::ProgramValue;

static codegen::ElementType elementTypeOf(Type type) {
  if (type.isBF16())
    return codegen::ElementType::BF16;
  if (type.isF16())
    return codegen::ElementType::F16;
  if (type.isInteger(64))
    return codegen::ElementType::I64;
  if (type.isInteger(32))
    return codegen::ElementType::I32;
  if (type.isInteger(8))
    return codegen::ElementType::I8;
  if (type.isInteger(1))
    return codegen::ElementType::Bool;
  return codegen::ElementType::F32;
}

/// Whether a pair with the key behind the query is never admitted, as far as
/// the predicate's own conjuncts say so.
static bool admitsNoLaterKey(Value condition, Block &pair) {
  Operation *op = condition.getDefiningOp();
  if (auto both = dyn_cast_or_null<arith::AndIOp>(op))
    return admitsNoLaterKey(both.getLhs(), pair) ||
           admitsNoLaterKey(both.getRhs(), pair);
  auto compare = dyn_cast_or_null<arith::CmpIOp>(op);
  if (!compare)
    return false;
  Value query = pair.getArgument(2), key = pair.getArgument(3);
  bool keyFirst = compare.getLhs() == key && compare.getRhs() == query;
  bool queryFirst = compare.getLhs() == query && compare.getRhs() == key;
  using P = arith::CmpIPredicate;
  P p = compare.getPredicate();
  return (keyFirst && (p == P::sle || p == P::slt)) ||
         (queryFirst && (p == P::sge || p == P::sgt));
}

static bool isCausal(Region &mask) {
  if (mask.empty())
    return false;
  Block &pair = mask.front();
  return admitsNoLaterKey(pair.getTerminator()->getOperand(0), pair);
}

namespace {

class Describer {
public:
  Describer(ModuleOp module, const nn::PathTree &tree)
      : module(module), sizes(module), tree(tree) {}

  Program describe(bool hasTokenizer) {
    auto name = module->getAttrOfType<StringAttr>(nn::NNDialect::kModelAttr);
    program.name = name ? name.str() : "model";
    program.hasTokenizer = hasTokenizer;
    program.rowSize = sizes.rows().str();
    for (nn::SizeOp size : sizes.dynamicSizes())
      program.sizes.push_back({size.getSymName().str(),
                               static_cast<int64_t>(*size.getMin()),
                               static_cast<int64_t>(*size.getMax()),
                               static_cast<int64_t>(size.getStep()),
                               size.getPer().value_or("").str(),
                               sizes.grownFrom(size.getSymName()).str()});
    describeCaches();
    for (auto function : module.getOps<func::FuncOp>())
      if (nn::isEntry(function))
        program.entries.push_back(describeEntry(function));
    program.weightSlotCount = tree.weights().size();
    program.fingerprint = fingerprint();
    program.prefillInChunks = noLaterKeys();
    return program;
  }

private:
  ProgramValue describeValue(StringRef name, RankedTensorType type) {
    nn::AxesAttr axes = nn::axesOf(type);
    ProgramValue value;
    value.name = name.str();
    value.axes = axes.str();
    value.type = elementTypeOf(type.getElementType());
    for (unsigned axis = 0; axis < axes.rank(); ++axis)
      value.dims.push_back(sizes.axis(type, axis));
    value.elements = sizes.elements(type);
    if (axes.getOver())
      value.indexBound =
          sizes.known(*nn::SizeExpr::parse(axes.getOver().getValue()))
              .asConstant()
              .value_or(0);
    return value;
  }

  ProgramEntry describeEntry(func::FuncOp function) {
    ProgramEntry entry;
    entry.name = entry.function = function.getName().str();
    FunctionType type = function.getFunctionType();
    for (auto [number, input] : llvm::enumerate(type.getInputs())) {
      auto name = function.getArgAttrOfType<StringAttr>(
          number, nn::NNDialect::kNameAttr);
      auto tensor = cast<RankedTensorType>(input);
      entry.inputs.push_back(
          describeValue(name ? name.getValue() : "input", tensor));
      if (auto value = function.getArgAttrOfType<FloatAttr>(
              number, nn::NNDialect::kDefaultAttr))
        entry.inputs.back().defaultValue = value.getValueAsDouble();
    }
    for (auto [number, result] : llvm::enumerate(type.getResults())) {
      std::string name = type.getNumResults() == 1
                             ? "result"
                             : "result" + std::to_string(number);
      entry.outputs.push_back(
          describeValue(name, cast<RankedTensorType>(result)));
    }
    entry.arenaBytes = *nn::SizeExpr::parse(
        function->getAttrOfType<StringAttr>(nn::kArenaAttr).getValue());
    entry.generates = roleOf(function.getName());
    std::tie(entry.weightSlot, entry.cacheSlot) =
        tree.entryStart(function.getName());
    llvm::SetVector<StringRef> grows, sets, reads;
    collectSessionUse(function, grows, sets, reads);
    auto copy = [](auto &from, std::vector<std::string> &to) {
      for (StringRef name : from)
        to.push_back(name.str());
    };
    copy(grows, entry.grows);
    copy(sets, entry.sets);
    copy(reads, entry.reads);
    return entry;
  }

  codegen::GenerateRole roleOf(StringRef entry) {
    auto names = module->getAttrOfType<ArrayAttr>(nn::NNDialect::kGenerateAttr);
    for (auto [number, name] :
         llvm::enumerate(names ? names.getValue() : ArrayRef<Attribute>()))
      if (cast<StringAttr>(name).getValue() == entry)
        return number + 1 == names.size() ? codegen::GenerateRole::Step
                                          : codegen::GenerateRole::Before;
    return codegen::GenerateRole::None;
  }

  /// The size that positions of a state are counted in: its ragged axis.
  StringRef stateSize(RankedTensorType type) {
    nn::AxesAttr axes = nn::axesOf(type);
    return axes.rank() > 1 && sizes.isRagged(axes.axisName(1))
               ? axes.axisName(1)
               : StringRef();
  }

  void collectSessionUse(func::FuncOp function,
                         llvm::SetVector<StringRef> &grows,
                         llvm::SetVector<StringRef> &sets,
                         llvm::SetVector<StringRef> &reads) {
    function.walk([&](Operation *op) {
      if (auto cache = dyn_cast<nn::CacheAppendOp>(op))
        grows.insert(cache.getTo());
      if (auto write = dyn_cast<nn::StateWriteOp>(op))
        sets.insert(stateSize(write.getValue().getType()));
      if (auto read = dyn_cast<nn::StateReadOp>(op))
        reads.insert(stateSize(read.getResult().getType()));
      if (auto callee = op->getAttrOfType<FlatSymbolRefAttr>("callee"))
        collectSessionUse(module.lookupSymbol<func::FuncOp>(callee), grows,
                          sets, reads);
    });
    for (auto *names : {&grows, &sets, &reads})
      names->remove("");
  }

  void describeCaches() {
    llvm::StringMap<int64_t> known;
    for (const nn::PathTree::Slot &slot : tree.caches()) {
      auto [at, isNew] = known.insert({slot.path, program.caches.size()});
      program.cacheSlots.push_back(at->second);
      if (isNew)
        program.caches.push_back(describeCache(slot));
    }
  }

  ProgramCache describeCache(const nn::PathTree::Slot &slot) {
    ProgramCache cache;
    cache.path = slot.path;
    auto append = dyn_cast<nn::CacheAppendOp>(slot.op);
    auto write = dyn_cast<nn::StateWriteOp>(slot.op);
    auto read = dyn_cast<nn::StateReadOp>(slot.op);
    cache.isState = !append;
    Value value = append  ? append.getResult()
                  : write ? write.getValue()
                  : read  ? read.getResult()
                          : Value();
    if (!value)
      return cache; // what a scan carries: lowered with it
    auto type = cast<RankedTensorType>(value.getType());
    cache.size = (append ? append.getTo() : stateSize(type)).str();
    cache.positionBytes = type.getElementTypeBitWidth() / 8;
    for (int64_t size : type.getShape().drop_front(cache.size.empty() ? 1 : 2))
      cache.positionBytes *= size;
    return cache;
  }

  /// Of everything that decides what lies in which weight slot.
  uint64_t fingerprint() {
    std::string text;
    llvm::raw_string_ostream os(text);
    for (const nn::PathTree::Slot &slot : tree.weights()) {
      os << slot.path << ' ' << slot.op->getResult(0).getType();
      if (Attribute layout = slot.op->getAttr("layout"))
        os << ' ' << layout;
      os << '\n';
    }
    return llvm::xxh3_64bits(text);
  }

  /// Only attention over a cache sees earlier calls.
  bool noLaterKeys() {
    bool all = true;
    module.walk([&](nn::AttentionOp attention) {
      StringRef keys = nn::axesOf(attention.getK()).axisName(1);
      if (!sizes.grownFrom(keys).empty())
        all &= isCausal(attention.getMask());
    });
    return all;
  }

  ModuleOp module;
  nn::SizeTable sizes;
  const nn::PathTree &tree;
  Program program;
};

struct DescribeProgram : pipeline::impl::DescribeProgramBase<DescribeProgram> {
  using DescribeProgramBase::DescribeProgramBase;

  void runOnOperation() override {
    FailureOr<nn::PathTree> tree = nn::PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    codegen::setProgramAttribute(
        getOperation(),
        Describer(getOperation(), *tree).describe(hasTokenizer));
  }
};

} // namespace
