// The tables of a tokenizer, as the compiler writes them into the "tokenizer"
// section and runtime/text reads them in place. Shared with the compiler.
//
// Little endian. The section begins with a Header; every Range counts bytes
// from there and is aligned to its element. The components of tokenizer.json
// are taken apart into a few primitive steps (a ByteLevel pre-tokenizer is a
// Prepend, a SplitRegex and a MapBytes), so the runtime has one small
// interpreter a stage and no names to compare.
#ifndef HEDDLE_RUNTIME_TEXT_TOKENIZERFORMAT_H
#define HEDDLE_RUNTIME_TEXT_TOKENIZERFORMAT_H

#include <cstddef>
#include <cstdint>

namespace heddle::text {

constexpr uint64_t tokenizerMagic = 0x314b4f54444448ull; // "HDDTOK1"
constexpr uint32_t tokenizerVersion = 6;

/// No token has an id this large, so that ids and sizes computed from them stay
/// small integers.
constexpr uint32_t maxTokens = 1u << 24;
constexpr uint32_t maxSteps = 64;
/// What is searched for at every place of a text is no longer than this: the
/// added tokens, and those of WordPiece and Unigram.
constexpr uint32_t maxSoughtBytes = 1024;
/// The longest token that a merge may have on its left, in bytes.
constexpr uint32_t maxCutBytes = UINT16_MAX;
constexpr uint32_t maxDecoderSteps = 8;

/// `count` elements (bytes, for a string) at `offset`.
struct Range {
  uint32_t offset, count;
};

/// One primitive step of a stage. Unused fields are zero.
struct Step {
  uint32_t kind;  // NormalizerKind, SplitterKind or DecoderKind
  uint32_t flags; // bits of the same stage's flags
  Range
      pattern; // what is searched: a string, or an expression in PCRE2's syntax
  Range text;  // what is put in its place
  uint32_t a, b; // numbers, see the kind
};

enum class NormalizerKind : uint32_t {
  Bert = 1,     // flags: BertCleanText …
  Compose,      // a: 0 NFC, 1 NFD, 2 NFKC, 3 NFKD
  Lowercase,    // every character by itself
  StripAccents, // drops general category M
  Prepend,      // text, unless the input is empty
  Replace,      // pattern (a string), text
  ReplaceRegex, // pattern (an expression), text
  Strip,        // white space; flags: StripLeft, StripRight
  MapBytes,     // every byte becomes the character of GPT-2's byte alphabet
  Nmt,          // drops controls; other white space and U+2581 become spaces
  Charsmap      // pattern: the double array of SentencePiece's charsmap (bytes
                // of uint32_t, see Charsmap.h); text: what its values point to,
                // each up to a zero byte; flags: CharsmapLongest
};

enum NormalizerFlags : uint32_t {
  BertCleanText = 1,
  BertSpaceAroundChinese = 2,
  BertStripAccents = 4,
  BertLowercase = 8,
  StripLeft = 1,
  StripRight = 2,
  CharsmapLongest = 1 // as SentencePiece itself: the longest rule at each place
};

enum class SplitterKind : uint32_t {
  SplitRegex = 1, // pattern; a: Behavior; flags: SplitInvert
  SplitString,    // pattern; a: Behavior; flags: SplitInvert
  SplitClass,     // b: CharacterClass; a: Behavior
  Replace,        // pattern (a string), text; in every piece
  Prepend,        // text, to every piece that does not begin with it; flags:
                  // PrependFirstOnly
  MapBytes
};

enum SplitterFlags : uint32_t {
  SplitInvert =
      1, // the pattern describes the pieces, not what lies between them
  PrependFirstOnly = 1, // only to the piece at the very beginning of the input
};

/// What becomes of the matches of a split. Hugging Face's
/// SplitDelimiterBehavior.
enum class Behavior : uint32_t {
  Removed,
  Isolated,
  MergedWithPrevious,
  MergedWithNext,
  Contiguous
};

enum class CharacterClass : uint32_t { Whitespace, Punctuation, Numeric, Word };

enum class DecoderKind : uint32_t {
  Replace = 1,  // pattern (a string), text
  ReplaceRegex, // pattern (an expression), text
  Strip, // text: one character, taken off up to a times in front and b times
         // behind, of every token
  WordPiece, // text: prefix of a continuation; flags: WordPieceCleanup. Other
             // tokens get a space before them
  Metaspace, // text: the character that stands for a space; flags:
             // MetaspaceDropFirst
  ByteFallback, // <0x41> is a byte
  ByteLevel,    // GPT-2's byte alphabet, joins all tokens
  JoinSpaced, // a space between tokens: what Hugging Face does where no decoder
              // is given
  StripFused  // text: one character, taken off up to a times in front of the
              // joined text
};

enum DecoderFlags : uint32_t { WordPieceCleanup = 1, MetaspaceDropFirst = 1 };

enum class ModelKind : uint32_t { WordPiece = 1, Bpe, Unigram, WordLevel };

enum ModelFlags : uint32_t {
  BpeByteFallback = 1,
  BpeFuseUnknown = 2,
  BpeIgnoreMerges = 4,
  UnigramByteFallback = 8,
  UnigramSingle = 16 // scores are added in single precision, as SentencePiece
                     // itself adds them
};

/// Slot of the table from token to id: open addressing, linear probing, at
/// least one empty. A search begins at slotOf(hash).
struct TokenSlot {
  uint32_t tag; // upper half of hashBytes(token)
  int32_t id;   // -1: empty
};

/// Node of the trie of Unigram's vocabulary, a double array (Aoe, 1989): the
/// child by `byte` of node i is node base ^ byte, if its parent is i. Node 0 is
/// the root. A multiple of 256 nodes, so that no child lies outside.
struct TrieNode {
  uint32_t base;
  uint32_t parent; // noNode: the root, or an empty place
  int32_t id;      // of the token that ends here, or -1
};
constexpr uint32_t noNode = UINT32_MAX;

enum AddedTokenFlags : uint32_t {
  AddedSpecial = 1,
  AddedNormalized = 2, // looked for after normalisation, else before
  AddedStripLeft = 4,  // swallows white space on its left
  AddedStripRight = 8,
  AddedSingleWord = 16 // only where no word character touches it
};

struct AddedToken {
  int32_t id;
  uint32_t flags;
  Range content;
};

struct Header {
  uint64_t magic;
  uint32_t version;
  uint32_t bytes; // of the whole section

  Range normalizers, splitters, decoders; // Step

  uint32_t model; // ModelKind
  uint32_t modelFlags;
  int32_t unknown;            // id for what the model cannot spell, or -1
  uint32_t maxWordCharacters; // WordPiece: longer words are unknown
  Range continuation;         // WordPiece: "##"
  Range wordEnd; // BPE: what stands behind the last character of a piece, and
                 // in tokens that end there

  uint32_t tokenCount;    // one more than the largest id
  uint32_t maxTokenBytes; // of the longest token
  Range tokenOffsets;     // uint32_t[tokenCount + 1], into tokenBytes; equal
                          // neighbours: no such token
  Range tokenBytes;
  Range tokenSlots; // TokenSlot: the model's vocabulary, without tokens that
                    // are only added
  // Byte pair encoding: which tokens come of two others, and where those meet.
  // Of a token, the elements mergeBegins[id] … mergeBegins[id + 1] − 1 of the
  // two behind it.
  Range mergeBegins;   // uint32_t[tokenCount + 1]
  Range mergeRanks;    // uint32_t: merges of lower rank come first
  Range mergeCuts;     // uint16_t: bytes of the left token
  Range joints;        // uint64_t: a bit for every joint, see jointBit
  Range trie;          // TrieNode: Unigram
  Range scores;        // double[tokenCount]: Unigram, the logarithms of
                       // probabilities
  double unknownScore; // Unigram: of a character that is no token

  Range added; // AddedToken
  Range prefix,
      suffix; // int32_t: what the post-processor puts before and after a text

  // The same of two texts that belong together.
  uint32_t hasPairs; // 0: the post-processor says nothing of them
  Range pairPrefix, pairMiddle, pairSuffix; // int32_t
  Range pairTypes; // int32_t: the types of those three, one after another
  int32_t firstType, secondType; // of the texts' own tokens
};

/// FNV-1a: incremental, so that WordPiece gets the hashes of all prefixes of a
/// word in one pass.
constexpr uint64_t hashSeed = 0xcbf29ce484222325ull;
constexpr uint64_t hashByte(uint64_t hash, uint8_t byte) {
  return (hash ^ byte) * 0x100000001b3ull;
}
/// FNV's low bits carry the last byte only weakly: fold before taking the slot
/// (low half) and tag (high half).
constexpr uint64_t hashFinish(uint64_t hash) {
  return (hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15ull;
}

constexpr uint64_t hashBytes(const char *bytes, size_t count,
                             uint64_t hash = hashSeed) {
  for (size_t i = 0; i < count; ++i)
    hash = hashByte(hash, static_cast<uint8_t>(bytes[i]));
  return hashFinish(hash);
}

/// Of so many slots.
constexpr size_t slotOf(uint64_t hash, size_t slots) {
  return static_cast<size_t>((hash & 0xffffffff) * slots >> 32);
}

/// A joint is a pair of characters between which some merge joins two tokens.
/// Where two neighbouring characters are no joint, no merge can ever reach
/// across, and what lies on both sides is encoded by itself. The set is a
/// bitmap of hashes, 2^n bits: a false hit costs time, not correctness.
constexpr uint32_t jointBit(uint32_t left, uint32_t right, size_t bits) {
  uint64_t key = static_cast<uint64_t>(left) << 32 | right;
  return static_cast<uint32_t>((key * 0x9e3779b97f4a7c15ull) >> 32) &
         static_cast<uint32_t>(bits - 1);
}

/// The character of GPT-2's byte alphabet for `byte`: printable Latin-1 stands
/// for itself, the other 68 bytes follow from U+0100 on in order
/// (https://github.com/openai/gpt-2/blob/master/src/encoder.py,
/// bytes_to_unicode).
constexpr uint32_t byteAlphabet(uint8_t byte) {
  if (byte <= 0x20)
    return 0x100 + byte;
  if (byte <= 0x7e)
    return byte;
  if (byte <= 0xa0)
    return 0x100 + 0x21 + (byte - 0x7f);
  return byte == 0xad ? 0x143 : byte;
}

/// The byte which a character of the alphabet stands for, or -1.
constexpr int byteOfAlphabet(uint32_t character) {
  if (character >= 0x100)
    return character <= 0x120   ? int(character - 0x100)
           : character <= 0x142 ? int(character - 0x121 + 0x7f)
           : character == 0x143 ? 0xad
                                : -1;
  return byteAlphabet(static_cast<uint8_t>(character)) == character
             ? int(character)
             : -1;
}

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_TOKENIZERFORMAT_H
