//===- Inline.h - blocks made part of their callers -------------*- C++ -*-===//

#ifndef HEDDLE_DIALECTS_NN_INLINE_H
#define HEDDLE_DIALECTS_NN_INLINE_H

namespace heddle::nn {

class NNDialect;

/// Makes MLIR's inliner know nn.call: a block may go where its ops can carry
/// the path of the call.
void addInliner(NNDialect &dialect);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_INLINE_H
