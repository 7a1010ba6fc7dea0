// The stages between a text and its ids. Internal to runtime/text.
//
//   text → added tokens cut out → normalize → added tokens cut out
//        → split into pieces → model: ids of each piece
#ifndef HEDDLE_RUNTIME_TEXT_PIPELINE_H
#define HEDDLE_RUNTIME_TEXT_PIPELINE_H

#include "runtime/text/Tables.h"

namespace heddle::text {

/// By byte of a text that has been worked on: where in the text as it came the
/// character stands of which it was made.
using Origins = Buffer<Span>;

/// A normalizer or pre-tokenizer may let a text of `bytes` bytes grow to this
/// many. Of what real ones do, compatibility forms (U+FDFA: 3 bytes become 33)
/// followed by the byte alphabet (twice as many) grow most; short texts may
/// have something put before them.
constexpr size_t grownBytes(size_t bytes) { return 64 * bytes + 4096; }

/// Appends `text`, normalised by all steps in order, to `out`. What passes
/// between the steps has the limit `most`.
void normalize(const Tables &tables, std::string_view text, Text &out,
               Matcher &matcher, size_t most);

/// One step of it.
void runStep(const OpenStep &step, std::string_view text, Text &out,
             Matcher &matcher);

/// Appends `text` with every byte replaced by its character of GPT-2's byte
/// alphabet.
void appendMappedBytes(Text &out, std::string_view text);

/// Appends `text` with every occurrence of `pattern` (not empty) replaced.
void appendReplaced(Text &out, std::string_view text, std::string_view pattern,
                    std::string_view replacement);

/// The same for an expression; the replacement is literal.
void appendReplaced(Text &out, std::string_view text, const Regex &regex,
                    std::string_view replacement, Matcher &matcher);

/// A text cut into pieces, none of them empty.
class Pieces {
public:
  /// The pieces together are at most `most` bytes long.
  Pieces(Matcher &matcher, size_t most) : matcher(matcher) {
    current.limit(most);
    next.limit(most);
  }

  /// Runs all steps of the splitter on `input`, which must live until the
  /// pieces have been read. `atStart`: the input is the very beginning of the
  /// text. `inputOrigins`: where the input's bytes come from, which `origins`
  /// then says of the pieces; null: nobody wants to know.
  void split(const Tables &tables, std::string_view input, bool atStart,
             const Span *inputOrigins = nullptr);

  std::string_view text;
  Buffer<Span> spans;
  Origins origins; // by byte of `text`

private:
  void run(const OpenStep &step, bool atStart);
  void align(const OpenStep &step, Span from, Span to);
  template <typename Rewrite>
  void rewrite(const OpenStep &step, Rewrite rewriteOne);
  template <typename Matches> void cut(const OpenStep &step, Matches matchesOf);

  Matcher &matcher;
  Buffer<Span> nextSpans;
  Text current, next;
  bool aligns = false; // origins are wanted
  Origins nextOrigins;
};

/// Turns one piece into ids. Holds the scratch memory of the models. With
/// `avoidsSpecials` a token that is special, and the unknown one, is none that
/// BPE or Unigram cut a piece into.
class Model {
public:
  Model(const Tables &tables, bool avoidsSpecials)
      : tables(tables), avoidsSpecials(avoidsSpecials) {}
  void encode(std::string_view piece, Ids &ids) {
    switch (ModelKind(tables.header->model)) {
    case ModelKind::WordPiece:
      return encodeWordPiece(piece, ids);
    case ModelKind::Bpe:
      return encodeBpe(piece, ids);
    case ModelKind::Unigram:
      return encodeUnigram(piece, ids);
    case ModelKind::WordLevel:
      return encodeWordLevel(piece, ids);
    }
  }

private:
  struct Prefix {
    size_t end;    // of the prefix, in bytes from the beginning of the word
    uint64_t hash; // before hashFinish
  };
  struct Symbol {
    int32_t id;
    int32_t previous,
        next; // index, or -1; a symbol that was merged away has id -1
  };
  struct Candidate {
    uint64_t order; // rank << 32 | index of the left symbol
    int32_t merged;
  };

  void encodeWordPiece(std::string_view word, Ids &ids);
  int32_t longestPrefix(std::string_view word, size_t from, size_t &end);

  void encodeBpe(std::string_view piece, Ids &ids);
  void spell(std::string_view piece, Ids &ids);
  void finishSymbols(Ids &ids);
  void consider(int32_t left, int32_t right);
  void merge();

  /// How the likeliest segmentation of a piece's front ends.
  struct PathEnd {
    double score;
    size_t begin; // of the last token; SIZE_MAX: nothing ends here
    int32_t id;   // of it
  };

  void encodeUnigram(std::string_view piece, Ids &ids);
  size_t extendPaths(std::string_view piece, size_t from, size_t front);
  void followPaths(std::string_view piece, size_t front, size_t end, Ids &ids);
  void finishUnknown(std::string_view piece, Ids &ids);

  void encodeWordLevel(std::string_view piece, Ids &ids);

  bool isAvoided(int32_t id) const {
    if (!avoidsSpecials)
      return false;
    const AddedToken *added = tables.addedToken(id);
    return id == tables.header->unknown ||
           (added && added->flags & AddedSpecial);
  }

  const Tables &tables;
  bool avoidsSpecials;
  Buffer<PathEnd> paths; // from the front on; a byte each
  Span unknownRun = {0, 0};
  Buffer<Prefix> prefixes;
  Buffer<Symbol> symbols;
  Buffer<Candidate> candidates;
  Text joined;
};

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_PIPELINE_H
