// An open tokenizer: the mapped tables, checked, with their expressions
// compiled. Internal to runtime/text.
#ifndef HEDDLE_RUNTIME_TEXT_TABLES_H
#define HEDDLE_RUNTIME_TEXT_TABLES_H

#include "runtime/text/Regex.h"
#include "runtime/text/TokenizerFormat.h"

#include <span>
#include <string_view>

namespace heddle::text {

/// A Step with its strings at hand and its expression compiled.
struct OpenStep {
  uint32_t kind, flags;
  std::string_view pattern, text;
  uint32_t a, b;
  const Regex *regex;
};

/// Which string of a step may not be empty, and whether its pattern is an
/// expression, or a charsmap's array.
enum class StepNeeds { Nothing, Expression, Pattern, Text, Charsmap };

/// The added tokens that are looked for at one point of the pipeline, sorted by
/// their text.
class AddedPatterns {
public:
  struct Pattern {
    std::string_view text;
    const AddedToken *token;
  };

  void add(std::string_view text, const AddedToken &token);
  /// Sorts the patterns; call once after the last add().
  void prepare();
  bool empty() const { return patterns.empty(); }
  /// The leftmost match at or after `from`, the longest one there; nullptr if
  /// there is none.
  const AddedToken *find(std::string_view text, size_t from, Span &match) const;

private:
  const Pattern *longestAt(std::string_view text) const;

  Buffer<Pattern> patterns;
  bool begins[256] = {}; // whether any pattern begins with the byte
};

struct Tables {
  const uint8_t *bytes = nullptr;
  const Header *header = nullptr;

  Buffer<OpenStep> normalizers, splitters, decoders;
  Buffer<Regex *> regexes;
  AddedPatterns rawAdded, normalizedAdded;
  Text normalizedContents; // what normalizedAdded refers to
  Buffer<std::string_view>
      normalizedContent; // by index of the added token; empty: as written
  int32_t shortIds[512]; // BPE: id of the character, for characters below 512;
                         // or -1
  int32_t byteIds[256];  // byte fallback: id of <0x00> …; or -1
  char message[512] = "";

  Tables() = default;
  Tables(const Tables &) = delete;
  Tables &operator=(const Tables &) = delete;
  ~Tables();

  template <typename T> std::span<const T> view(Range range) const {
    return {reinterpret_cast<const T *>(bytes + range.offset), range.count};
  }
  std::string_view string(Range range) const {
    return {reinterpret_cast<const char *>(bytes + range.offset), range.count};
  }
  std::string_view token(int32_t id) const;
  /// The model's id of a token, or -1. Added tokens which the model does not
  /// know are not found.
  int32_t find(std::string_view token) const {
    return find(token, hashBytes(token.data(), token.size()));
  }
  /// The same with hashBytes(token) known.
  int32_t find(std::string_view token, uint64_t hash) const;
  struct Merge {
    uint32_t rank;
    int32_t merged; // the id of the two tokens joined; -1: there is no such
  };
  Merge findMerge(int32_t left, int32_t right) const;
  size_t tokenBytes(int32_t id) const {
    const uint32_t *begin =
        view<uint32_t>(header->tokenOffsets).data() + static_cast<size_t>(id);
    return begin[1] - begin[0];
  }
  /// Whether a merge may join a token that ends with `left` to one that begins
  /// with `right`.
  bool isJoint(uint32_t left, uint32_t right) const {
    std::span<const uint64_t> words = view<uint64_t>(header->joints);
    uint32_t bit = jointBit(left, right, words.size() * 64);
    return words[bit / 64] >> bit % 64 & 1;
  }
  const AddedToken *addedToken(int32_t id) const;

  /// Checks the tables and prepares them for use; on failure `message` says
  /// why.
  bool open(const void *section, size_t size);

private:
  bool fail(const char *what);
  bool checkRange(Range range, size_t elementSize, size_t alignment) const;
  bool checkString(Range range) const;
  bool checkIds(Range range) const;
  bool checkRanges();
  bool checkTokens();
  bool checkSlots();
  bool checkMerges();
  bool checkTrie();
  /// Whether no search for a token has to pass many slots.
  bool isSparse() const;
  template <typename IsWanted>
  int32_t search(uint64_t hash, IsWanted isWanted) const;
  /// needs(kind) says what a step of a kind, up to `lastKind`, must have.
  bool openSteps(Range range, uint32_t limit, uint32_t lastKind,
                 StepNeeds (*needs)(uint32_t), Buffer<OpenStep> &steps);
  bool openAdded();
};

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_TABLES_H
