// Where the tokens of a text stand in it: every stage that rewrites a text says
// of each byte of what it makes which character it comes from, as the
// alignments of Hugging Face's tokenizers do. Internal to runtime/text.
#ifndef HEDDLE_RUNTIME_TEXT_ORIGINS_H
#define HEDDLE_RUNTIME_TEXT_ORIGINS_H

#include "runtime/text/Pipeline.h"
#include "runtime/text/Tokenizer.h"

namespace heddle::text {

/// A text, and the origin of each of its bytes.
struct AlignedText {
  std::string_view text;
  const Span *origins;
};

/// Of a text as it came: every byte comes from its own character, `shift` bytes
/// further on.
void beginOrigins(std::string_view text, size_t shift, Origins &origins);

/// normalize(), and `origins`, which are those of `text`, become those of what
/// is appended to `out`, which must be empty.
void normalizeAligned(const Tables &tables, std::string_view text, Text &out,
                      Matcher &matcher, size_t most, Origins &origins);

// Each appends the origins of what a step makes of a text.
void alignReplaced(AlignedText before, std::string_view pattern,
                   std::string_view replacement, Origins &after);
/// With so many bytes put before it, which belong to the first character; but a
/// space, which byte-level tokenizers leave out of places, to nothing.
void alignPrepended(AlignedText before, size_t bytes, bool isSpace,
                    Origins &after);
void alignMappedBytes(AlignedText before, Origins &after);

/// What the bytes `place` of a text come from.
Span originOf(const Origins &origins, Span place);

/// Appends where each token of a piece stands.
void appendSpans(const Tables &tables, std::string_view piece,
                 std::span<const int32_t> ids, const Span *origins,
                 int32_t word, Spans &spans);

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_ORIGINS_H
