//===- SizeTable.h - what a module says about its sizes ---------*- C++ -*-===//
//
// Enters: an nn module. Leaves: which sizes are known at run time and which of
// them have a value for every row, and how many elements a tensor holds as a
// polynomial in them.
//
// A tensor whose first axis is the rows lies row after row, each with its own
// lengths: its elements are a sum over rows, and the polynomial's monomials
// mean such sums (`B*T` is Σ T_b, `B*S*T` is Σ S_b·T_b). A ragged size in a
// monomial without the rows stands for its largest value.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_SIZETABLE_H
#define HEDDLE_DIALECTS_NN_SIZETABLE_H

#include "dialects/nn/NN.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

namespace heddle::nn {

class SizeTable {
public:
  explicit SizeTable(mlir::ModuleOp module);

  /// Sizes known at run time, in order of declaration.
  llvm::ArrayRef<SizeOp> dynamicSizes() const { return dynamic_; }
  /// Position in dynamicSizes(), or -1.
  int indexOf(llvm::StringRef name) const;

  bool isRagged(llvm::StringRef name) const;
  bool isRagged(const SizeExpr &expr) const;
  /// The size whose rows the ragged sizes are `per`; without such, the first
  /// axis of the entries' inputs, if that is known only at run time; or empty.
  llvm::StringRef rows() const { return rows_; }
  /// The size that `name` accumulates over a session, or empty: T of a cache
  /// from T to `name`.
  llvm::StringRef grownFrom(llvm::StringRef name) const {
    return growth_.lookup(name);
  }

  /// The expression with every size of the configuration replaced by its value,
  /// and second names of sizes by the first.
  SizeExpr known(const SizeExpr &expr) const;
  /// An axis in sizes known at run time only.
  SizeExpr axis(mlir::RankedTensorType type, unsigned axis) const;
  /// Elements of a tensor, all rows together.
  SizeExpr elements(mlir::RankedTensorType type) const;
  /// The same in bytes.
  SizeExpr bytes(mlir::RankedTensorType type) const;

  /// Whether the first axis is the rows.
  bool hasRows(mlir::RankedTensorType type) const;
  /// Whether it is, and no axis but the second has a length a row.
  bool liesInLines(mlir::RankedTensorType type) const;
  /// Whether that is so of all that has keys, queries or results.
  bool liesInLines(AttentionOp attention) const;

private:
  llvm::SmallVector<SizeOp> dynamic_;
  /// What stands for a size: its value, or the size that it names again.
  llvm::StringMap<SizeExpr> meanings_;
  llvm::StringMap<llvm::StringRef> growth_;
  llvm::StringRef rows_;
};

/// The product of a term's names, without its coefficient: `B*T`; `1` for a
/// constant.
std::string monomialOf(const SizeExpr::Term &term);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_SIZETABLE_H
