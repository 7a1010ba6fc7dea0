// Tables of a tokenizer written by hand, with a step of every stage: letters in
// either case become the ids 0 to 7 of "a" to "h", "ab" is 9, <x> is a special
// token, and words are cut at spaces.
#ifndef HEDDLE_TEST_RUNTIME_TOYTOKENIZER_H
#define HEDDLE_TEST_RUNTIME_TOYTOKENIZER_H

#include "runtime/text/TokenizerFormat.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace toy {

class TokenizerTables {
public:
  /// The splitter replaces `from` by `to`.
  explicit TokenizerTables(std::string_view from = "y",
                           std::string_view to = "b")
      : bytes(sizeof(heddle::text::Header)) {
    using namespace heddle::text;
    header.magic = tokenizerMagic;
    header.version = tokenizerVersion;
    header.model = uint32_t(ModelKind::Bpe);
    header.unknown = -1;
    layOutTokens({"a", "b", "c", "d", "e", "f", "g", "h", "", "ab"});
    // Of "a" and "b" comes "ab".
    header.mergeBegins =
        add(std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    header.mergeRanks = add(std::vector<uint32_t>{0});
    header.mergeCuts = add(std::vector<uint16_t>{1});
    header.normalizers = add<heddle::text::Step>(
        {step(NormalizerKind::Lowercase),
         step(NormalizerKind::ReplaceRegex, "z+", "a")});
    header.splitters =
        add<heddle::text::Step>({step(SplitterKind::SplitRegex, "\\s+"),
                                 step(SplitterKind::Replace, from, to)});
    header.decoders =
        add<heddle::text::Step>({step(DecoderKind::JoinSpaced),
                                 step(DecoderKind::ReplaceRegex, "h+", "H")});
    header.added = add<AddedToken>({{8, AddedSpecial, string("<x>")}});
    header.prefix = add<int32_t>({8});
    header.suffix = add<int32_t>({});
    header.bytes = static_cast<uint32_t>(bytes.size());
    memcpy(bytes.data(), &header, sizeof header);
  }

  /// A step of the decoder: its kind, and what it looks for and writes.
  struct Decoding {
    heddle::text::DecoderKind kind;
    std::string_view pattern, text;
  };

  /// A vocabulary of words, and how they are put together; <end> is a special
  /// token behind them.
  TokenizerTables(const std::vector<std::string> &tokens,
                  const std::vector<Decoding> &decoders)
      : bytes(sizeof(heddle::text::Header)) {
    using namespace heddle::text;
    header.magic = tokenizerMagic;
    header.version = tokenizerVersion;
    header.model = uint32_t(ModelKind::WordLevel);
    header.unknown = int32_t(tokens.size());
    std::vector<std::string_view> all(tokens.begin(), tokens.end());
    all.push_back("");
    layOutTokens(all);
    std::vector<heddle::text::Step> steps;
    for (const Decoding &decoding : decoders)
      steps.push_back(step(decoding.kind, decoding.pattern, decoding.text));
    header.decoders = add(steps);
    header.added = add<AddedToken>(
        {{int32_t(tokens.size()), AddedSpecial, string("<end>")}});
    header.bytes = static_cast<uint32_t>(bytes.size());
    memcpy(bytes.data(), &header, sizeof header);
  }

  std::vector<uint8_t> bytes;

private:
  template <typename Kind>
  heddle::text::Step step(Kind kind, std::string_view pattern = "",
                          std::string_view text = "") {
    heddle::text::Step result = {};
    result.kind = uint32_t(kind);
    result.pattern = string(pattern);
    result.text = string(text);
    return result;
  }

  heddle::text::Range string(std::string_view text) {
    return add(std::vector<char>(text.begin(), text.end()));
  }

  template <typename T>
  heddle::text::Range add(const std::vector<T> &elements) {
    bytes.resize((bytes.size() + 7) / 8 * 8);
    auto offset = static_cast<uint32_t>(bytes.size());
    auto *data = reinterpret_cast<const uint8_t *>(elements.data());
    bytes.insert(bytes.end(), data, data + elements.size() * sizeof(T));
    return {offset, static_cast<uint32_t>(elements.size())};
  }

  void layOutTokens(const std::vector<std::string_view> &tokens) {
    using namespace heddle::text;
    std::vector<char> text;
    std::vector<uint32_t> begins;
    std::vector<TokenSlot> slots(std::bit_ceil(tokens.size() * 2 + 12),
                                 {0, -1});
    for (std::string_view token : tokens) {
      header.maxTokenBytes =
          std::max(header.maxTokenBytes, uint32_t(token.size()));
      begins.push_back(static_cast<uint32_t>(text.size()));
      text.insert(text.end(), token.begin(), token.end());
      if (token.empty())
        continue;
      uint64_t hash = hashBytes(token.data(), token.size());
      size_t at = slotOf(hash, slots.size());
      while (slots[at].id >= 0)
        at = (at + 1) % slots.size();
      slots[at] = {static_cast<uint32_t>(hash >> 32),
                   static_cast<int32_t>(begins.size() - 1)};
    }
    begins.push_back(static_cast<uint32_t>(text.size()));
    header.tokenCount = uint32_t(tokens.size());
    header.tokenOffsets = add(begins);
    header.tokenBytes = add(text);
    header.tokenSlots = add(slots);
    header.joints = add(std::vector<uint64_t>(1, ~uint64_t{0}));
  }

  heddle::text::Header header = {};
};

} // namespace toy

#endif // HEDDLE_TEST_RUNTIME_TOYTOKENIZER_H
