//===- BuiltinFunctions.h - One function a built-in -------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_BUILTINFUNCTIONS_H
#define HEDDLE_COMPILER_LANGUAGE_BUILTINFUNCTIONS_H

#include "compiler/language/Builtins.h"

namespace heddle::language {

// BuiltinsLayers.cpp: what has weights
Built buildLinear(CallSite &site);
Built buildEmbed(CallSite &site);
Built buildParam(CallSite &site);
Built buildRmsNorm(CallSite &site);
Built buildLayerNorm(CallSite &site);
Built buildBatchNorm(CallSite &site);

// BuiltinsAttention.cpp
Built buildAttention(CallSite &site);
Built buildDot(CallSite &site);
Built buildCache(CallSite &site);
Built buildSoftmax(CallSite &site);
Built buildBucket(CallSite &site);

// BuiltinsPositions.cpp
Built buildPositions(CallSite &site);
Built buildSinusoid(CallSite &site);
Built buildRope(CallSite &site);

// BuiltinsAxes.cpp: along and across axes
Built buildConcat(CallSite &site);
Built buildSplit(CallSite &site);
Built buildMean(CallSite &site);
Built buildSum(CallSite &site);
Built buildMax(CallSite &site);
Built buildMin(CallSite &site);
Built buildArgmax(CallSite &site);
Built buildFirst(CallSite &site);
Built buildLast(CallSite &site);
Built buildNormalize(CallSite &site);
Built buildTopk(CallSite &site);
Built buildTake(CallSite &site);

// BuiltinsImages.cpp: along spatial axes
Built buildConv(CallSite &site);
Built buildTransposedConv(CallSite &site);
Built buildMaxPool(CallSite &site);
Built buildAveragePool(CallSite &site);
Built buildUpsample(CallSite &site);

/// BuiltinsElementwise.cpp: functions of a number.
llvm::ArrayRef<Builtin> elementwiseBuiltins();

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_BUILTINFUNCTIONS_H
