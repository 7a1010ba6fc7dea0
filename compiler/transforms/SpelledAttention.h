//===- SpelledAttention.h - attention written in primitives -----*- C++ -*-===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_SPELLEDATTENTION_H
#define HEDDLE_COMPILER_TRANSFORMS_SPELLEDATTENTION_H

#include "dialects/nn/NN.h"
#include "llvm/ADT/SetVector.h"

namespace heddle::transforms {

/// What stands around a softmax over the positions of keys:
///
///   s = scale · Σ_d f(q[d], k[d], vector[d])
///   p = softmax(where masks: cap · tanh(s / cap) + Σ factor · bias)
///   values = dot(p, v)
///
/// where f is the product of q[d] and k[d] if it is nothing else.
struct SpelledAttention {
  mlir::Value q, k, v, vector;
  /// f, in the order of the program; empty for a product.
  llvm::SmallSetVector<mlir::Operation *, 8> score;
  llvm::SmallVector<nn::MaskOp> masks;
  struct Bias {
    mlir::Value tensor;
    double factor;
  };
  llvm::SmallVector<Bias> biases;
  double scale = 1;
  std::optional<double> cap;
  /// By what queries are to be multiplied, or divided.
  struct Scaling {
    mlir::Value tensor;
    bool divides;
  };
  llvm::SmallVector<Scaling> scalings;
  nn::DotOp values;
  /// The scores' axes: of queries, of keys, and of heads, outermost first.
  mlir::StringAttr rows, queries, keys;
  llvm::SmallVector<mlir::StringAttr, 2> heads;
};

/// What is spelled around `softmax`; or nothing, with the reason in `why`,
/// which stays empty where it is no attention at all.
std::optional<SpelledAttention> findAttention(nn::SoftmaxOp softmax,
                                              std::string &why);

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_SPELLEDATTENTION_H
