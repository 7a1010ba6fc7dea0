// Lays a checked tokenizer out as runtime/text/TokenizerFormat.h draws it.
#include "compiler/checkpoint/TokenizerDescription.h"

#include "runtime/text/Unicode.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>
#include <tuple>

namespace heddle::checkpoint {

using text::Header;
using text::Range;

namespace {

class Layout {
public:
  Layout() : bytes(sizeof(Header)) {}

  template <typename T> Range add(llvm::ArrayRef<T> elements) {
    bytes.resize(llvm::alignTo(bytes.size(), alignof(uint64_t)));
    Range range = {static_cast<uint32_t>(bytes.size()),
                   static_cast<uint32_t>(elements.size())};
    const char *begin = reinterpret_cast<const char *>(elements.data());
    bytes.insert(bytes.end(), begin, begin + elements.size() * sizeof(T));
    return range;
  }

  Range add(llvm::StringRef text) {
    return add(llvm::ArrayRef<char>(text.data(), text.size()));
  }

  Range add(const std::vector<TokenizerStep> &steps) {
    std::vector<text::Step> laidOut;
    for (const TokenizerStep &step : steps)
      laidOut.push_back({step.kind, step.flags, add(step.pattern),
                         add(step.text), step.a, step.b});
    return add(llvm::ArrayRef<text::Step>(laidOut));
  }

  std::vector<char> finish(Header &header) {
    bytes.resize(llvm::alignTo(bytes.size(), alignof(uint64_t)));
    assert(bytes.size() <= UINT32_MAX &&
           "offsets are 32 bits; ids are bounded by maxTokens");
    header.magic = text::tokenizerMagic;
    header.version = text::tokenizerVersion;
    header.bytes = static_cast<uint32_t>(bytes.size());
    memcpy(bytes.data(), &header, sizeof(header));
    return std::move(bytes);
  }

private:
  std::vector<char> bytes;
};

/// Slots for `count` entries: three in four are taken, so that a miss ends
/// soon.
size_t slotCount(size_t count) { return count + count / 3 + 4; }

std::vector<text::TokenSlot>
hashTokens(const llvm::StringMap<int32_t> &vocabulary) {
  std::vector<text::TokenSlot> slots(slotCount(vocabulary.size()), {0, -1});
  // By id, so that the same file always gives the same tables.
  std::vector<std::pair<int32_t, llvm::StringRef>> tokens;
  for (const auto &entry : vocabulary)
    tokens.push_back({entry.second, entry.first()});
  llvm::sort(tokens);
  for (const auto &[id, token] : tokens) {
    uint64_t hash = text::hashBytes(token.data(), token.size());
    size_t at = text::slotOf(hash, slots.size());
    while (slots[at].id >= 0)
      at = (at + 1) % slots.size();
    slots[at] = {static_cast<uint32_t>(hash >> 32), id};
  }
  return slots;
}

/// Header::mergeBegins and what belongs to it.
struct Merges {
  std::vector<uint32_t> begins, ranks;
  std::vector<uint16_t> cuts;

  Merges(llvm::ArrayRef<TokenizerMerge> merges,
         llvm::ArrayRef<llvm::StringRef> tokens) {
    struct Entry {
      int32_t merged;
      size_t cut;
      uint32_t rank;
    };
    std::vector<Entry> entries;
    for (auto [rank, merge] : llvm::enumerate(merges))
      entries.push_back({merge.merged, tokens[merge.left].size(),
                         static_cast<uint32_t>(rank)});
    // A pair that is listed twice has its last rank, as in Hugging Face.
    llvm::sort(entries, [](const Entry &a, const Entry &b) {
      return std::tie(a.merged, a.cut, b.rank) <
             std::tie(b.merged, b.cut, a.rank);
    });
    entries.erase(llvm::unique(entries,
                               [](const Entry &a, const Entry &b) {
                                 return a.merged == b.merged && a.cut == b.cut;
                               }),
                  entries.end());
    begins.assign(tokens.size() + 1, 0);
    for (const Entry &entry : entries) {
      ++begins[entry.merged + 1];
      ranks.push_back(entry.rank);
      cuts.push_back(static_cast<uint16_t>(entry.cut));
    }
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
  }
};

/// The last and the first character of every two tokens that a merge joins, as
/// text::jointBit draws them.
std::vector<uint64_t> drawJoints(const std::vector<TokenizerMerge> &merges,
                                 llvm::ArrayRef<llvm::StringRef> tokens) {
  std::set<std::pair<uint32_t, uint32_t>> joints;
  for (const TokenizerMerge &merge : merges) {
    std::string_view left = tokens[merge.left], right = tokens[merge.right];
    size_t last = text::previousCharacter(left, left.size()), first = 0;
    joints.insert(
        {text::nextCharacter(left, last), text::nextCharacter(right, first)});
  }
  // One bit in sixteen set, or fewer.
  std::vector<uint64_t> words(llvm::PowerOf2Ceil(joints.size() / 4 + 1));
  for (auto [left, right] : joints) {
    uint32_t bit = text::jointBit(left, right, words.size() * 64);
    words[bit / 64] |= uint64_t(1) << bit % 64;
  }
  return words;
}

/// What Unigram takes off the least score for a character that is no token, in
/// SentencePiece as in Hugging Face.
constexpr double unknownPenalty = 10;

} // namespace

std::vector<char> layOutTokenizer(const TokenizerDescription &description) {
  // Tokens by id. Where the model and an added token share an id they also
  // share the text.
  std::vector<llvm::StringRef> tokens;
  auto place = [&](int32_t id, llvm::StringRef text) {
    if (tokens.size() <= static_cast<size_t>(id))
      tokens.resize(static_cast<size_t>(id) + 1);
    tokens[static_cast<size_t>(id)] = text;
  };
  for (const auto &entry : description.vocabulary)
    place(entry.second, entry.first());
  for (size_t id = 0; id < description.pieces.size(); ++id)
    place(static_cast<int32_t>(id), description.pieces[id].text);
  for (const TokenizerAdded &added : description.added)
    place(added.id, added.content);

  std::string tokenBytes;
  std::vector<uint32_t> offsets = {0};
  size_t longest = 0;
  for (llvm::StringRef token : tokens) {
    tokenBytes += token;
    offsets.push_back(static_cast<uint32_t>(tokenBytes.size()));
    longest = std::max(longest, token.size());
  }

  Layout layout;
  Header header = {};
  header.normalizers = layout.add(description.normalizers);
  header.splitters = layout.add(description.splitters);
  header.decoders = layout.add(description.decoders);
  header.model = static_cast<uint32_t>(description.model);
  header.modelFlags = description.modelFlags;
  header.unknown = description.unknown;
  header.maxWordCharacters = description.maxWordCharacters;
  header.continuation = layout.add(description.continuation);
  header.wordEnd = layout.add(description.wordEnd);
  header.tokenCount = static_cast<uint32_t>(tokens.size());
  header.maxTokenBytes = static_cast<uint32_t>(longest);
  header.tokenOffsets = layout.add(llvm::ArrayRef<uint32_t>(offsets));
  header.tokenBytes = layout.add(llvm::StringRef(tokenBytes));
  header.tokenSlots = layout.add(
      llvm::ArrayRef<text::TokenSlot>(hashTokens(description.vocabulary)));
  if (description.model == text::ModelKind::Bpe) {
    Merges merges(description.merges, tokens);
    header.mergeBegins = layout.add(llvm::ArrayRef<uint32_t>(merges.begins));
    header.mergeRanks = layout.add(llvm::ArrayRef<uint32_t>(merges.ranks));
    header.mergeCuts = layout.add(llvm::ArrayRef<uint16_t>(merges.cuts));
  }
  header.joints = layout.add(
      llvm::ArrayRef<uint64_t>(drawJoints(description.merges, tokens)));
  if (description.model == text::ModelKind::Unigram) {
    std::vector<double> scores(tokens.size());
    double least = INFINITY;
    for (size_t id = 0; id < description.pieces.size(); ++id) {
      scores[id] = description.pieces[id].score;
      least = std::min(least, scores[id]);
    }
    header.trie = layout.add(
        llvm::ArrayRef<text::TrieNode>(buildTrie(description.vocabulary)));
    header.scores = layout.add(llvm::ArrayRef<double>(scores));
    header.unknownScore = least - unknownPenalty;
  }
  std::vector<text::AddedToken> added;
  for (const TokenizerAdded &token : description.added)
    added.push_back({token.id, token.flags, layout.add(token.content)});
  header.added = layout.add(llvm::ArrayRef<text::AddedToken>(added));
  header.prefix = layout.add(llvm::ArrayRef<int32_t>(description.prefix));
  header.suffix = layout.add(llvm::ArrayRef<int32_t>(description.suffix));
  const TokenizerPairs &pairs = description.pairs;
  header.hasPairs = pairs.areThere;
  header.pairPrefix = layout.add(llvm::ArrayRef<int32_t>(pairs.prefix));
  header.pairMiddle = layout.add(llvm::ArrayRef<int32_t>(pairs.middle));
  header.pairSuffix = layout.add(llvm::ArrayRef<int32_t>(pairs.suffix));
  header.pairTypes = layout.add(llvm::ArrayRef<int32_t>(pairs.types));
  header.firstType = pairs.firstType;
  header.secondType = pairs.secondType;
  return layout.finish(header);
}

} // namespace heddle::checkpoint
