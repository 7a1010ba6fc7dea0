//===- Content.h - what files an entry's input comes from -----------------===//
//
// The language writes it where a model file says `image[…]` or `audio[…]`;
// describe-program puts it into the description.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_CONTENT_H
#define HEDDLE_DIALECTS_NN_CONTENT_H

#include "llvm/ADT/StringRef.h"

namespace heddle::nn {

/// On an input: `image` or `audio`, which its numbers are read from; without
/// it, they are just numbers.
inline constexpr llvm::StringLiteral kContentAttr = "nn.content";
inline constexpr llvm::StringLiteral kImage = "image", kAudio = "audio";

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_CONTENT_H
