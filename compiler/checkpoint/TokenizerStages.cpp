// Normalizer, pre-tokenizer and decoder of a tokenizer.json: components are
// taken apart into the primitive steps of runtime/text/TokenizerFormat.h.
// Behaviour follows https://github.com/huggingface/tokenizers (0.23).
#include "compiler/checkpoint/TokenizerDescription.h"

#include "runtime/text/Unicode.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/Endian.h"

#include <utility>

using llvm::StringRef;

namespace heddle::checkpoint {

using text::Behavior;
using text::CharacterClass;
using text::DecoderKind;
using text::NormalizerKind;
using text::SplitterKind;

/// GPT-2's expression, which a ByteLevel pre-tokenizer has built in.
static constexpr StringRef gpt2Expression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

static std::string expression(const JsonNode &node, StringRef source) {
  std::string reason;
  std::string translated = translateExpression(source, reason);
  if (!reason.empty())
    node.unsupported("expression `" + source + "` has " + reason +
                     ", needed one without");
  return translated;
}

/// {"String": "…"} or {"Regex": "…"}: fills step.pattern, and returns whether
/// it is an expression.
static bool readPattern(const JsonNode &node, TokenizerStep &step) {
  if (JsonNode regex = node["Regex"]) {
    step.pattern = expression(regex, regex.string());
    return true;
  }
  step.pattern = node["String"].string();
  if (step.pattern.empty())
    node.problem("found an empty string, needed something to look for");
  return false;
}

template <typename Kind>
static TokenizerStep makeStep(Kind kind, uint32_t flags = 0) {
  TokenizerStep step;
  step.kind = static_cast<uint32_t>(kind);
  step.flags = flags;
  return step;
}

static uint32_t flagIf(bool set, uint32_t flag) { return set ? flag : 0; }

//===-- Normalizers --===//

static TokenizerStep readBertNormalizer(const JsonNode &node) {
  bool lowercase = node["lowercase"].boolean(true);
  return makeStep(
      NormalizerKind::Bert,
      flagIf(node["clean_text"].boolean(true), text::BertCleanText) |
          flagIf(node["handle_chinese_chars"].boolean(true),
                 text::BertSpaceAroundChinese) |
          flagIf(node["strip_accents"].boolean(lowercase),
                 text::BertStripAccents) |
          flagIf(lowercase, text::BertLowercase));
}

/// A charsmap begins with the size of its array in bytes; what stands behind
/// the array are the replacements.
static TokenizerStep readCharsmap(const JsonNode &node) {
  TokenizerStep step = makeStep(NormalizerKind::Charsmap);
  std::string encoded = node.string();
  std::vector<char> bytes;
  if (llvm::Error error = llvm::decodeBase64(encoded, bytes)) {
    llvm::consumeError(std::move(error));
    node.problem("found a text that is not base64, needed a charsmap in it");
    return step;
  }
  StringRef rest(bytes.data(), bytes.size());
  uint32_t size =
      rest.size() < 4 ? 0 : llvm::support::endian::read32le(rest.data());
  rest = rest.drop_front(std::min<size_t>(4, rest.size()));
  if (size == 0 || size > rest.size() || size % 4 != 0) {
    node.problem("found a charsmap of " + llvm::Twine(bytes.size()) +
                 " bytes with an array of " + llvm::Twine(size) +
                 ", needed one within it");
    return step;
  }
  step.pattern = rest.take_front(size).str();
  step.text = rest.drop_front(size).str();
  if (text::wellFormedPrefix(step.text) != step.text.size())
    node.problem("found replacements that are not UTF-8, needed text");
  return step;
}

void readNormalizer(const JsonNode &node, std::vector<TokenizerStep> &steps) {
  if (!node)
    return;
  std::string type = node["type"].string();
  int form = llvm::StringSwitch<int>(type)
                 .Case("NFC", 0)
                 .Case("NFD", 1)
                 .Case("NFKC", 2)
                 .Case("NFKD", 3)
                 .Default(-1);
  TokenizerStep step;
  if (type == "Sequence") {
    for (const JsonNode &element : node["normalizers"].elements())
      readNormalizer(element, steps);
    return;
  }
  if (type == "BertNormalizer") {
    step = readBertNormalizer(node);
  } else if (form >= 0) {
    step = makeStep(NormalizerKind::Compose);
    step.a = static_cast<uint32_t>(form);
  } else if (type == "Lowercase") {
    step = makeStep(NormalizerKind::Lowercase);
  } else if (type == "StripAccents") {
    step = makeStep(NormalizerKind::StripAccents);
  } else if (type == "Prepend") {
    step = makeStep(NormalizerKind::Prepend);
    step.text = node["prepend"].string();
  } else if (type == "Replace") {
    step.text = node["content"].string();
    bool isExpression = readPattern(node["pattern"], step);
    step.kind = static_cast<uint32_t>(
        isExpression ? NormalizerKind::ReplaceRegex : NormalizerKind::Replace);
  } else if (type == "Strip") {
    step =
        makeStep(NormalizerKind::Strip,
                 flagIf(node["strip_left"].boolean(), text::StripLeft) |
                     flagIf(node["strip_right"].boolean(), text::StripRight));
  } else if (type == "ByteLevel") {
    step = makeStep(NormalizerKind::MapBytes);
  } else if (type == "Nmt") {
    step = makeStep(NormalizerKind::Nmt);
  } else if (type == "Precompiled") {
    step = readCharsmap(node["precompiled_charsmap"]);
    // No key of the library's: of GGUF files (GgufTokenizer.cpp).
    step.flags = flagIf(node["longest"].boolean(false), text::CharsmapLongest);
  } else {
    return node.unsupported(
        "found normalizer " + type +
        ", needed one of BertNormalizer, Sequence, NFC, NFD, NFKC, NFKD, " +
        "Lowercase, StripAccents, Prepend, Replace, Strip, ByteLevel, Nmt, "
        "Precompiled");
  }
  steps.push_back(step);
}

//===-- Pre-tokenizers --===//

static uint32_t readBehavior(const JsonNode &node) {
  std::string name = node.string();
  int behavior =
      llvm::StringSwitch<int>(name)
          .Case("Removed", int(Behavior::Removed))
          .Case("Isolated", int(Behavior::Isolated))
          .Case("MergedWithPrevious", int(Behavior::MergedWithPrevious))
          .Case("MergedWithNext", int(Behavior::MergedWithNext))
          .Case("Contiguous", int(Behavior::Contiguous))
          .Default(-1);
  if (behavior < 0)
    node.unsupported("found `" + name +
                     "`, needed Removed, Isolated, MergedWithPrevious, "
                     "MergedWithNext or Contiguous");
  return static_cast<uint32_t>(behavior < 0 ? 0 : behavior);
}

static TokenizerStep splitAt(CharacterClass characters, uint32_t behavior) {
  TokenizerStep step = makeStep(SplitterKind::SplitClass);
  step.a = behavior;
  step.b = static_cast<uint32_t>(characters);
  return step;
}

static TokenizerStep prepend(StringRef text, uint32_t flags) {
  TokenizerStep step = makeStep(SplitterKind::Prepend, flags);
  step.text = text.str();
  return step;
}

static void readByteLevel(const JsonNode &node,
                          std::vector<TokenizerStep> &steps) {
  if (node["add_prefix_space"].boolean(true))
    steps.push_back(prepend(" ", 0));
  if (node["use_regex"].boolean(true)) {
    TokenizerStep split = makeStep(SplitterKind::SplitRegex);
    split.pattern = expression(node, gpt2Expression);
    split.a = static_cast<uint32_t>(Behavior::Isolated);
    steps.push_back(split);
  }
  steps.push_back(makeStep(SplitterKind::MapBytes));
}

/// Metaspace's prepend_scheme; files before version 0.15 of the library say
/// add_prefix_space instead.
static std::string prependScheme(const JsonNode &node) {
  std::string scheme = node["prepend_scheme"].stringOr("always");
  if (scheme != "always" && scheme != "first" && scheme != "never")
    node["prepend_scheme"].unsupported("found `" + scheme +
                                       "`, needed always, first or never");
  return node["add_prefix_space"].boolean(true) ? scheme : "never";
}

static void readMetaspace(const JsonNode &node,
                          std::vector<TokenizerStep> &steps) {
  std::string replacement = node["replacement"].string();
  TokenizerStep replace = makeStep(SplitterKind::Replace);
  replace.pattern = " ";
  replace.text = replacement;
  steps.push_back(replace);
  std::string scheme = prependScheme(node);
  if (scheme != "never")
    steps.push_back(prepend(replacement,
                            flagIf(scheme == "first", text::PrependFirstOnly)));
  if (!node["split"].boolean(true))
    return;
  TokenizerStep split = makeStep(SplitterKind::SplitString);
  split.pattern = replacement;
  split.a = static_cast<uint32_t>(Behavior::MergedWithNext);
  steps.push_back(split);
}

static TokenizerStep readSplit(const JsonNode &node) {
  TokenizerStep step;
  bool isExpression = readPattern(node["pattern"], step);
  step.kind = static_cast<uint32_t>(isExpression ? SplitterKind::SplitRegex
                                                 : SplitterKind::SplitString);
  step.a = readBehavior(node["behavior"]);
  step.flags = flagIf(node["invert"].boolean(false), text::SplitInvert);
  return step;
}

void readPreTokenizer(const JsonNode &node, std::vector<TokenizerStep> &steps) {
  if (!node)
    return;
  std::string type = node["type"].string();
  auto removed = static_cast<uint32_t>(Behavior::Removed),
       isolated = static_cast<uint32_t>(Behavior::Isolated);
  if (type == "Sequence") {
    for (const JsonNode &element : node["pretokenizers"].elements())
      readPreTokenizer(element, steps);
  } else if (type == "BertPreTokenizer") {
    steps.push_back(splitAt(CharacterClass::Whitespace, removed));
    steps.push_back(splitAt(CharacterClass::Punctuation, isolated));
  } else if (type == "ByteLevel") {
    readByteLevel(node, steps);
  } else if (type == "Split") {
    steps.push_back(readSplit(node));
  } else if (type == "Whitespace") {
    // \w+|[^\w\s]+: runs of word characters, and runs of what is neither that
    // nor white space
    steps.push_back(splitAt(CharacterClass::Whitespace, removed));
    steps.push_back(splitAt(CharacterClass::Word,
                            static_cast<uint32_t>(Behavior::Contiguous)));
  } else if (type == "WhitespaceSplit") {
    steps.push_back(splitAt(CharacterClass::Whitespace, removed));
  } else if (type == "Digits") {
    bool individual = node["individual_digits"].boolean(false);
    steps.push_back(splitAt(
        CharacterClass::Numeric,
        individual ? isolated : static_cast<uint32_t>(Behavior::Contiguous)));
  } else if (type == "Punctuation") {
    JsonNode behavior = node["behavior"];
    steps.push_back(splitAt(CharacterClass::Punctuation,
                            behavior ? readBehavior(behavior) : isolated));
  } else if (type == "Metaspace") {
    readMetaspace(node, steps);
  } else if (type == "CharDelimiterSplit") {
    TokenizerStep step = makeStep(SplitterKind::SplitString);
    step.pattern = node["delimiter"].string();
    step.a = removed;
    steps.push_back(step);
  } else {
    node.unsupported(
        "found pre-tokenizer " + type +
        ", needed one of BertPreTokenizer, ByteLevel, Split, Sequence, " +
        "Whitespace, WhitespaceSplit, Digits, Punctuation, Metaspace, "
        "CharDelimiterSplit");
  }
}

//===-- Decoders --===//

namespace {

/// Reads the chain of decoders. Behind Fuse or ByteLevel the steps see one text
/// instead of tokens; the runtime decodes as tokens come, so behind those only
/// what works on every part of a text alike is translated.
class DecoderReader {
public:
  explicit DecoderReader(std::vector<TokenizerStep> &steps) : steps(steps) {}

  void read(const JsonNode &node) {
    std::string type = node["type"].string();
    if (type == "Sequence") {
      for (const JsonNode &element : node["decoders"].elements())
        read(element);
    } else if (type == "Fuse") {
      fused = true;
    } else if (type == "Strip") {
      readStrip(node);
    } else if (type == "Replace") {
      readReplace(node);
    } else if (type == "WordPiece") {
      TokenizerStep &step =
          ofTokens(node, type, DecoderKind::WordPiece,
                   flagIf(node["cleanup"].boolean(), text::WordPieceCleanup));
      step.text = node["prefix"].string();
    } else if (type == "Metaspace") {
      TokenizerStep &step = ofTokens(
          node, type, DecoderKind::Metaspace,
          flagIf(prependScheme(node) != "never", text::MetaspaceDropFirst));
      step.text = node["replacement"].string();
    } else if (type == "ByteFallback") {
      ofTokens(node, type, DecoderKind::ByteFallback, 0);
    } else if (type == "ByteLevel") {
      ofTokens(node, type, DecoderKind::ByteLevel, 0);
      fused = true;
    } else {
      node.unsupported(
          "found decoder " + type +
          ", needed one of WordPiece, ByteLevel, ByteFallback, Fuse, Strip, " +
          "Replace, Metaspace, Sequence");
    }
  }

private:
  TokenizerStep &ofTokens(const JsonNode &node, StringRef type,
                          DecoderKind kind, uint32_t flags) {
    if (fused)
      node.unsupported("found decoder " + type +
                       " behind one that joins the tokens, needed before it");
    steps.push_back(makeStep(kind, flags));
    return steps.back();
  }

  void readStrip(const JsonNode &node) {
    TokenizerStep step =
        makeStep(fused ? DecoderKind::StripFused : DecoderKind::Strip);
    step.text = node["content"].string();
    step.a = static_cast<uint32_t>(node["start"].integer());
    step.b = static_cast<uint32_t>(node["stop"].integer());
    if (fused && step.b > 0)
      node["stop"].unsupported(
          "found " + std::to_string(step.b) +
          " behind a decoder that joins the tokens, needed 0");
    steps.push_back(step);
  }

  void readReplace(const JsonNode &node) {
    TokenizerStep step;
    bool isExpression = readPattern(node["pattern"], step);
    step.kind = static_cast<uint32_t>(isExpression ? DecoderKind::ReplaceRegex
                                                   : DecoderKind::Replace);
    step.text = node["content"].string();
    bool oneCharacter =
        !isExpression && llvm::count_if(step.pattern, [](char c) {
                           return (c & 0xc0) != 0x80;
                         }) == 1;
    if (fused && !oneCharacter)
      node["pattern"].unsupported(
          "found more than one character behind a decoder "
          "that joins the tokens, needed one");
    steps.push_back(step);
  }

  std::vector<TokenizerStep> &steps;
  bool fused = false;
};

} // namespace

void readDecoder(const JsonNode &node, std::vector<TokenizerStep> &steps) {
  if (!node) {
    steps.push_back(makeStep(DecoderKind::JoinSpaced));
    return;
  }
  DecoderReader(steps).read(node);
  if (steps.size() > text::maxDecoderSteps)
    node.unsupported("found " + std::to_string(steps.size()) +
                     " decoders, needed at most " +
                     std::to_string(text::maxDecoderSteps));
}

} // namespace heddle::checkpoint
