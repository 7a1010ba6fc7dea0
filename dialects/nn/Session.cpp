//===- Session.cpp - paths, and what a session keeps ----------------------===//

#include "dialects/nn/NN.h"
#include "dialects/nn/PathTree.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

using Types = SmallVector<RankedTensorType>;

//===----------------------------------------------------------------------===//
// Slots of a session
//===----------------------------------------------------------------------===//

SessionUse CacheAppendOp::sessionUse() { return SessionUse::Appends; }
SessionUse StateWriteOp::sessionUse() { return SessionUse::Sets; }
SessionUse StateReadOp::sessionUse() { return SessionUse::Reads; }
SessionUse ScanOp::sessionUse() { return SessionUse::Carries; }

Types CacheAppendOp::keptTypes() { return {getType()}; }
Types StateWriteOp::keptTypes() {
  auto state =
      SymbolTable::lookupNearestSymbolFrom<StateOp>(*this, getStateAttr());
  return {state ? cast<RankedTensorType>(state.getType())
                : getValue().getType()};
}
Types StateReadOp::keptTypes() { return {getType()}; }
Types ScanOp::keptTypes() {
  if (!isKept())
    return {};
  return llvm::map_to_vector(
      getCarried().getAsValueRange<TypeAttr>(),
      [](Type type) { return cast<RankedTensorType>(type); });
}

//===----------------------------------------------------------------------===//
// Paths
//===----------------------------------------------------------------------===//

/// `h.{0}.x` as `h.{1}.x`, where one index comes to stand before its own.
static std::string shiftIndices(StringRef path, size_t by) {
  std::string shifted;
  while (true) {
    auto [before, rest] = path.split('{');
    shifted += before;
    if (before.size() == path.size())
      return shifted;
    auto [number, after] = rest.split('}');
    size_t index = 0;
    number.getAsInteger(10, index);
    shifted += "{" + std::to_string(index + by) + "}";
    path = after;
  }
}

/// A path within the block of `call`, seen from where the call is.
static std::string extended(StringRef path, const CallPath &call) {
  return joinPaths(call.path, shiftIndices(path, call.indices.size()),
                   /*absolute=*/false);
}

template <typename OpTy> static void extend(OpTy op, const CallPath &call) {
  op.setPath(extended(op.getPath(), call));
  SmallVector<Value> indices(call.indices);
  llvm::append_range(indices, op.getIndices());
  op.getIndicesMutable().assign(indices);
}

template <typename OpTy>
static void extendRelative(OpTy op, const CallPath &call) {
  if (op.getAbsolute())
    return;
  extend(op, call);
  op.setAbsolute(call.isAbsolute);
}

void WeightOp::carryPathOf(const CallPath &call) {
  if (!getAbsolute() && getThen()) {
    SmallVector<std::string> paths;
    for (StringRef path : getThenAttr().getAsValueRange<StringAttr>())
      paths.push_back(extended(path, call));
    setThenAttr(
        Builder(*this).getStrArrayAttr(llvm::to_vector_of<StringRef>(paths)));
  }
  extendRelative(*this, call);
}

void CacheAppendOp::carryPathOf(const CallPath &call) {
  extendRelative(*this, call);
}
void CallOp::carryPathOf(const CallPath &call) { extendRelative(*this, call); }
void ScanOp::carryPathOf(const CallPath &call) { extendRelative(*this, call); }

/// Absolute paths are none of its own.
bool RouteOp::canCarryPathOf(const CallPath &call) { return !call.isAbsolute; }
void RouteOp::carryPathOf(const CallPath &call) { extend(*this, call); }

/// The path of a state says which of its values is meant, wherever it stands.
void StateReadOp::carryPathOf(const CallPath &) {}
void StateWriteOp::carryPathOf(const CallPath &) {}
