// The loop behind a model's `generate` declaration.
#ifndef HEDDLE_RUNTIME_GENERATE_GENERATE_H
#define HEDDLE_RUNTIME_GENERATE_GENERATE_H

#include "runtime/abi.h"
#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// What there is to say of a generation.
struct GenerateReport {
  /// Where the time went. A call that reads prompts counts as prefill, even if
  /// other rows of it go on writing.
  int64_t prefillTokens = 0, decodeTokens = 0;
  int64_t draftedTokens = 0, acceptedTokens = 0;
  double prefillSeconds = 0, decodeSeconds = 0, samplingSeconds = 0;
  /// Rows whose text ends only because their context is full.
  text::Buffer<int64_t> cutRows;
  /// What stands before the text of a decoder, of one row after another.
  text::Ids opening;
  /// What is to stand there of every row; empty: what is likeliest.
  text::Ids fixedOpening;
  /// Where somebody notes that the texts are to end: while a prompt is read
  /// there is no callback that could. Looked at before every call; null: nobody
  /// does.
  const volatile int *interrupted = nullptr;
};

/// What the program's checkpoint says about generating; a neutral answer where
/// it says nothing.
const heddle_generation &generationOf(const heddle_program &program);

/// heddle_generate(), which adds to `report`. Rows with the same prompt are
/// told apart: row b is the repeats[b]-th of its kind before those of this call
/// count; null: the first.
heddle_status generate(heddle_session &session,
                       const heddle_generate_options &options,
                       heddle_token_callback callback, void *user,
                       GenerateReport &report,
                       const uint64_t *repeats = nullptr);
/// The same in a session that is locked.
heddle_status generateLocked(heddle_session &session,
                             const heddle_generate_options &options,
                             heddle_token_callback callback, void *user,
                             GenerateReport &report,
                             const uint64_t *repeats = nullptr);

/// Rewinds row 0 of a locked session, which has read `held`, to what that has
/// in common with `ids`. The last of those is to be read in any case: its
/// logits are what comes next. A model that carries values from step to step
/// begins anew.
heddle_status keepCommon(heddle_session &session, const text::Ids &held,
                         const text::Ids &ids);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_GENERATE_H
