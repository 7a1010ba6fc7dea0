//===- Content.h - what is known of entries beside their types ------------===//
//
// What files an input comes from, which the language writes where a model file
// says `image[…]` or `audio[…]`, and which entry verifies drafts. They end in
// the description, by describe-program.
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

/// On the module: the entry that gives for every position what the step of
/// `generate` gives for the last (nn-find-verifier).
inline constexpr llvm::StringLiteral kVerifyAttr = "nn.verify";

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_CONTENT_H
