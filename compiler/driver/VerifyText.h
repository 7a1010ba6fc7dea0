//===- VerifyText.h - what of a model a text can judge ----------*- C++ -*-===//
//
// A text, as the model's own tokens, cut into windows: what is given to the
// entry that is judged, and which token should follow at each place.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_VERIFYTEXT_H
#define HEDDLE_COMPILER_DRIVER_VERIFYTEXT_H

#include "compiler/driver/ProgramSession.h"

namespace heddle::driver {

/// How answers to a text are judged.
struct TextTask {
  enum class Kind {
    NextToken,  ///< the distribution of the token that follows each token
    Translated, ///< the same of a decoder, whose encoder has read the window
    Masked,     ///< the distribution of tokens that are masked
    Vectors     ///< vectors of tokens or of windows
  };
  Kind kind = Kind::NextToken;
  /// What sets the memory of a decoder; null: nothing does.
  const codegen::ProgramEntry *before = nullptr;
  /// Whose answers are judged: one of logits, or all that give vectors.
  std::vector<const codegen::ProgramEntry *> entries;
  /// Tokens that an index may be.
  int64_t vocabulary = 0;
  /// The entry answers for the last of the tokens it is given alone.
  bool lastOnly = false;

  bool givesLogits() const { return kind != Kind::Vectors; }
  const codegen::ProgramEntry &entry() const { return *entries.front(); }
};

/// None where no entry reads token ids alone. The task points into `program`.
std::optional<TextTask> textTaskOf(const codegen::Program &program);

struct TextWindow {
  static constexpr int32_t none = -1;

  /// What the encoder reads; empty where there is none.
  std::vector<int32_t> source;
  std::vector<int32_t> ids;
  /// The token whose probability is judged at each of the ids; `none`: no
  /// answer is judged there.
  std::vector<int32_t> targets;
  /// The token of the text that each place is about.
  std::vector<int64_t> places;
};

struct TokenText {
  /// All tokens, without special ones around them.
  std::vector<int32_t> tokens;
  std::vector<TextWindow> windows;
  /// `the shipped sample`, or the file.
  std::string name;
};

/// The text of --text or --ids, else the shipped one, cut for the task. Of
/// `most` tokens at most, in windows of `longest` at most that are evenly
/// spread over the text.
llvm::FailureOr<TokenText> readText(const Arguments &arguments,
                                    const TextTask &task,
                                    ProgramSession &session, int64_t most,
                                    int64_t longest);

/// How many tokens a window has at most.
int64_t windowLength(const codegen::Program &program, const TextTask &task);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_VERIFYTEXT_H
