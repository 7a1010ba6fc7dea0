//===- Places.h - how the memory plan is written on an nn module ----------===//
//
// nn-plan-memory writes these attributes, the conversions read them. And how a
// session's rows lie.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_PLACES_H
#define HEDDLE_DIALECTS_NN_PLACES_H

#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace heddle::nn {

/// On a function: bytes of each of its buffers, as size expressions.
inline constexpr llvm::StringLiteral kBuffersAttr = "nn.buffers";
/// On a function: bytes that it and its callees need together.
inline constexpr llvm::StringLiteral kArenaAttr = "nn.arena";
/// On an op: the buffer of each result, then of its scratch space.
inline constexpr llvm::StringLiteral kPlacesAttr = "nn.places";

/// On an op: its number among the program's sites (codegen/Program.h).
inline constexpr llvm::StringLiteral kSiteAttr = "nn.site";

/// Every buffer begins at a multiple of this many bytes.
inline constexpr int64_t kArenaAlignment = 64;

/// Place of a result that this op does not store.
inline constexpr int64_t kNotStored = -1;
/// Place of a result that is written to the function's own result `number`.
inline constexpr int64_t resultPlace(int64_t number) { return -2 - number; }
inline constexpr bool isResultPlace(int64_t place) { return place <= -2; }
inline constexpr int64_t resultNumber(int64_t place) { return -2 - place; }

/// Whether what a session keeps of one row, [S, G…, K], lies as
/// [G…, capacity, K]: what one head reads is then one stream.
inline bool liesInStreams(llvm::ArrayRef<int64_t> row) {
  return row.size() >= 3 && mlir::ShapedType::isDynamic(row.front());
}

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_PLACES_H
