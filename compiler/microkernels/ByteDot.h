//===- ByteDot.h - dot products of bytes ------------------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_BYTEDOT_H
#define HEDDLE_COMPILER_MICROKERNELS_BYTEDOT_H

#include "compiler/microkernels/VectorBuilder.h"

namespace heddle::microkernels {

/// Σ over i < 4 of (u[i] − 128)·q[i] in every lane, for bytes u of a weight and
/// q of an activation, −127 ≤ q ≤ 127; exact on every target.
///
///   vpdpbusd            multiplies u by q as they are. The 128 is put right
///                       once, by where a sum starts.
///   avx2                u − 128 is split into magnitude and sign, and the sign
///                       given to q: vpmaddubsw adds two products of a byte
///                       and a signed byte in 16 bits, and 2 · 128 · 127 fits.
///   avx512 alone        has no vpsignb: even and odd bytes are widened to 16
///                       bits, and multiplied and added in pairs by vpmaddwd.
///   generic             byte by byte in 32 bits
class ByteDot {
public:
  explicit ByteDot(VectorBuilder &v) : v(v), form(formOf(v.target)) {}

  /// The tiles that fit the registers of a target with the form of its dots.
  static tuning::ByteTiles tiles(const Target &target);

  /// Four bytes of a weight or of an activation in every lane, in the form in
  /// which the target multiplies them.
  using Bytes = llvm::SmallVector<mlir::Value, 4>;
  Bytes weights(mlir::Value u);
  Bytes inputs(mlir::Value q);

  /// What a sum over many k begins with; `start` is −128 · Σ q.
  mlir::Value start(mlir::Value start);
  mlir::Value add(mlir::Value sum, const Bytes &weights, const Bytes &inputs);

private:
  enum class Form { Dot, Signs, Pairs, Single };
  static Form formOf(const Target &target);

  mlir::Value call(llvm::StringRef intrinsic, mlir::VectorType type,
                   llvm::ArrayRef<mlir::Value> arguments);
  mlir::Value asBytes(mlir::Value words);
  mlir::Value asShorts(mlir::Value words);
  mlir::Value asWords(mlir::Value vector);
  /// The `number`th of `count` equal parts of every lane of type `lanes`, sign
  /// extended to the lane.
  mlir::Value part(mlir::Value lanes, int64_t number, int64_t count);

  VectorBuilder &v;
  Form form;
};

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_BYTEDOT_H
