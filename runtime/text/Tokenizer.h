// Text to token ids and back, as a Hugging Face tokenizer.json prescribes it.
//
// The compiler translates tokenizer.json into tables (TokenizerFormat.h), which
// this class reads in place, from the mapped "tokenizer" section of the packed
// weights file. Nothing is built at start-up but the regular expressions.
//
// Shared with the compiler, which tries the tables that it writes.
#ifndef HEDDLE_RUNTIME_TEXT_TOKENIZER_H
#define HEDDLE_RUNTIME_TEXT_TOKENIZER_H

#include "runtime/text/Buffer.h"
#include "runtime/text/TokenizerFormat.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace heddle::text {

struct Tables;

/// What the functions here answer where the system has no memory.
inline constexpr char outOfMemory[] = "out of memory";

/// Longer texts are refused.
constexpr size_t mostTextBytes = size_t{1} << 30;

/// Where a token stands in its text: bytes, and the number of the piece that
/// the text was split into before it became tokens.
struct TokenSpan {
  size_t begin, end;
  int32_t word;
};
using Spans = Buffer<TokenSpan>;

/// Without the spaces around it, as byte-level tokenizers tell places.
TokenSpan trimmed(TokenSpan token, std::string_view text);

/// An open tokenizer. Immutable once open: any number of threads may encode and
/// decode with it at the same time.
class Tokenizer {
public:
  Tokenizer() = default;
  Tokenizer(const Tokenizer &) = delete;
  Tokenizer &operator=(const Tokenizer &) = delete;
  ~Tokenizer();

  /// Opens the tables at `bytes`, which must be 8-byte aligned and outlive the
  /// tokenizer. Every offset, id and expression is checked: returns nullptr, or
  /// what is wrong with the tables, in words (`tokenizer: vocabulary exceeds
  /// the section`). The message lives as long as the tokenizer.
  const char *open(const void *bytes, size_t size);
  bool isOpen() const { return opened; }

  /// Appends the ids of `text` to `ids`. With `addSpecialTokens` the
  /// post-processor runs: [CLS] … [SEP], <s> … Added tokens written out in the
  /// text (`<|im_start|>`) become their ids either way, as in Hugging Face;
  /// with `specialsAreText` those marked special are text like any other (its
  /// split_special_tokens), and no id of theirs comes out of the text.
  /// Bytes that are not UTF-8 are read as U+FFFD, one for each maximal
  /// ill-formed subsequence. Returns nullptr, or in words why the text cannot
  /// be encoded: there is no memory (outOfMemory), a stage of the tokenizer
  /// lets it grow beyond all measure, or an expression would need more
  /// backtracking than is sane. `ids` is then as before.
  const char *encode(std::string_view text, bool addSpecialTokens, Ids &ids,
                     bool specialsAreText = false) const;

  /// The same for two texts that belong together, as a question and what may
  /// answer it. `types` gets the type of every id: which of the two it belongs
  /// to, as the model counts. Only where hasPairs().
  const char *encodePair(std::string_view first, std::string_view second,
                         bool addSpecialTokens, Ids &ids, Ids &types,
                         bool specialsAreText = false) const;
  bool hasPairs() const;

  /// encode() without special tokens around the text, which must be UTF-8, and
  /// where each token stands in it.
  const char *encodeSpans(std::string_view text, Ids &ids, Spans &spans,
                          bool specialsAreText = false) const;

  /// Appends the ids of a text with the special tokens that stand around it, or
  /// those of two texts, with their types. Only where hasPairs().
  void surround(std::span<const int32_t> text, Ids &ids) const;
  void surroundPair(std::span<const int32_t> first,
                    std::span<const int32_t> second, Ids &ids,
                    Ids &types) const;
  /// How many special tokens stand around a text, before it, around two, and
  /// before the second of two.
  size_t countAround() const;
  size_t countBefore() const;
  size_t countAroundPair() const;
  size_t countBeforeSecond() const;

  /// One more than the largest id that encode can give.
  int32_t vocabularySize() const;

  /// The token as it stands in tokenizer.json (`Ġthe`, `##ing`, `[CLS]`); empty
  /// for an id that names no token.
  std::string_view token(int32_t id) const;
  /// The id of a token, added tokens included, or -1.
  int32_t find(std::string_view token) const;
  /// Whether `id` is an added token marked special: decoding leaves those out.
  bool isSpecial(int32_t id) const;

  /// Shortens ids[from..] to `length` tokens, keeping the special tokens which
  /// the post-processor puts at the end. Returns whether anything was cut.
  bool truncate(Ids &ids, size_t from, size_t length) const;

private:
  friend class Decoder;
  void join(std::span<const int32_t> first, std::span<const int32_t> second,
            bool addSpecialTokens, Ids &ids, Ids &types) const;

  Tables *tables = nullptr; // also holds the message of a failed open()
  bool opened = false;
};

/// Token ids to text, one id at a time, so that a generated text can be shown
/// as it grows. One decoder a text; the pieces joined are what Hugging Face's
/// decode() gives for all ids at once. It notes trouble: without memory, or
/// where an expression gives up or a step lets a token grow beyond all measure,
/// text is missing (describeDecoding()).
class Decoder {
public:
  /// The tokenizer must outlive the decoder.
  explicit Decoder(const Tokenizer &tokenizer, bool skipSpecialTokens = true);

  /// Appends to `out` the text that `id` completes: possibly nothing, always
  /// whole UTF-8 characters. A character whose bytes are spread over several
  /// tokens is held back until its last byte is known. Ids that name no token
  /// are ignored.
  void push(int32_t id, Text &out);

  /// Appends the bytes that `id` writes in the middle of a text, whatever
  /// stands around it: a part of a character, perhaps. What push() has held
  /// back is forgotten.
  void appendBytes(int32_t id, Text &out);

  /// Appends what is held back (an unfinished character reads as U+FFFD) and
  /// begins anew.
  void finish(Text &out);

private:
  /// What one step of the decoder remembers between tokens.
  struct StepState {
    bool started = false;  // a token has passed
    bool settled = false;  // StripFused: something else than the stripped
                           // character has passed
    uint32_t stripped = 0; // StripFused: characters taken off so far
    Text held; // ByteFallback, ByteLevel: bytes that wait for their character
               // to end
  };

  void forget();
  void feed(size_t step, std::string_view token, Text &out);
  void flush(size_t step, Text &out);
  void feedByteLevel(size_t step, std::string_view token, Text &out);
  void feedWordPiece(size_t step, std::string_view token, Text &out);
  void feedStripFused(size_t step, std::string_view token, Text &out);

  const Tables &tables;
  bool skipSpecialTokens;
  bool writesBytes = false; // appendBytes() is at work
  StepState states[maxDecoderSteps];
  size_t most = 0; // bytes that a step may make of what it is given
};

/// What became of a decoder's text, in words; nullptr if nothing happened.
const char *describeDecoding(Trouble trouble);

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_TOKENIZER_H
