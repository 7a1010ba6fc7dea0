// Decoding, token by token. The steps of the decoder form a chain: each takes a
// token, and hands on none, one or several.
#include "runtime/text/Pipeline.h"
#include "runtime/text/Tokenizer.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::text {

const char *describeDecoding(Trouble trouble) {
  switch (trouble) {
  case Trouble::None:
    return nullptr;
  case Trouble::Memory:
    return outOfMemory;
  case Trouble::Growth:
    return "the tokenizer's decoder lets a token grow to more than 64 times "
           "its bytes";
  case Trouble::Backtracking:
    break;
  }
  return "an expression of the tokenizer's decoder needs too much backtracking "
         "on a token";
}

static constexpr std::string_view replacementCharacter = "\xef\xbf\xbd";

Decoder::Decoder(const Tokenizer &tokenizer, bool skipSpecialTokens)
    : tables(*tokenizer.tables), skipSpecialTokens(skipSpecialTokens) {}

void Decoder::push(int32_t id, Text &out) {
  std::string_view token = tables.token(id);
  if (const AddedToken *added = tables.addedToken(id)) {
    if (skipSpecialTokens && added->flags & AddedSpecial)
      return;
    token = tables.string(added->content);
    // A token that is looked for in normalised text also reads as that text.
    std::string_view normal = tables.normalizedContent[static_cast<size_t>(
        added - tables.view<AddedToken>(tables.header->added).data())];
    if (!normal.empty())
      token = normal;
  }
  most = grownBytes(token.size());
  if (!token.empty())
    feed(0, token, out);
}

void Decoder::appendBytes(int32_t id, Text &out) {
  writesBytes = true;
  for (StepState &state : states) {
    state.started = state.settled = true;
    state.held.clear();
  }
  push(id, out);
  writesBytes = false;
  forget();
}

void Decoder::forget() {
  for (StepState &state : states) {
    state.started = state.settled = false;
    state.stripped = 0;
    state.held.clear();
  }
}

void Decoder::finish(Text &out) {
  for (size_t step = 0; step < tables.decoders.size(); ++step)
    flush(step, out);
  forget();
}

/// The byte that a token `<0x41>` stands for, or -1.
static int fallbackByte(std::string_view token) {
  if (token.size() != 6 || !startsWith(token, "<0x") || token[5] != '>')
    return -1;
  int value = 0;
  for (char c : slice(token, 3, 5)) {
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                       : -1;
    if (digit < 0)
      return -1;
    value = value * 16 + digit;
  }
  return value;
}

/// Hands on what a step holds back, at the end of the text or of a run of
/// bytes.
void Decoder::flush(size_t step, Text &out) {
  Text held;
  held.swap(states[step].held);
  if (held.empty())
    return;
  most = std::max(most, grownBytes(held.size()));
  if (DecoderKind(tables.decoders[step].kind) == DecoderKind::ByteLevel)
    return feed(step + 1, replacementCharacter,
                out); // it holds one unfinished character
  // ByteFallback: the bytes of a run are a text together, or else none of them
  // is.
  if (wellFormedPrefix(held.view()) == held.size())
    return feed(step + 1, held.view(), out);
  for (size_t i = 0; i < held.size(); ++i)
    feed(step + 1, replacementCharacter, out);
}

/// A token all of whose characters are of the byte alphabet stands for bytes,
/// any other (an added one) for itself.
void Decoder::feedByteLevel(size_t step, std::string_view token, Text &out) {
  Text &held = states[step].held;
  size_t before = held.size();
  for (size_t position = 0; position < token.size();) {
    int byte = byteOfAlphabet(nextCharacter(token, position));
    if (byte < 0) {
      held.shrink(before);
      held.append(token);
      break;
    }
    held.push(static_cast<char>(byte));
  }
  if (writesBytes) {
    Text all;
    all.swap(held);
    return feed(step + 1, all.view(), out);
  }
  // Everything but an unfinished character at the very end is final.
  size_t whole = 0;
  while (whole < held.size()) {
    Utf8Unit unit = firstUnit(slice(held.view(), whole, held.size()));
    if (unit.kind == Utf8Unit::Unfinished)
      break;
    whole += unit.length;
  }
  Text ready, rest;
  appendRepaired(ready, slice(held.view(), 0, whole));
  rest.append(slice(held.view(), whole, held.size()));
  held.swap(rest);
  if (!ready.empty())
    feed(step + 1, ready.view(), out);
}

/// The spaces which WordPiece puts before every word, taken back before
/// punctuation and English clitics: Hugging Face's list, in its order, and as
/// there within one token only.
static void cleanUp(Text &token) {
  static constexpr struct {
    std::string_view found, replacement;
  } rules[] = {{" .", "."},     {" ?", "?"},           {" !", "!"},
               {" ,", ","},     {" ' ", "'"},          {" n't", "n't"},
               {" 'm", "'m"},   {" do not", " don't"}, {" 's", "'s"},
               {" 've", "'ve"}, {" 're", "'re"}};
  Text cleaned;
  for (const auto &rule : rules) {
    cleaned.clear();
    appendReplaced(cleaned, token.view(), rule.found, rule.replacement);
    token.swap(cleaned);
  }
}

void Decoder::feedWordPiece(size_t step, std::string_view token, Text &out) {
  const OpenStep &decoder = tables.decoders[step];
  Text word;
  word.limit(most);
  if (!states[step].started)
    word.append(token);
  else if (startsWith(token, decoder.text))
    word.append(slice(token, decoder.text.size(), token.size()));
  else {
    word.push(' ');
    word.append(token);
  }
  states[step].started = true;
  if (decoder.flags & WordPieceCleanup)
    cleanUp(word);
  feed(step + 1, word.view(), out);
}

/// Takes `mark` off the front of the text as a whole, at most `limit` times.
void Decoder::feedStripFused(size_t step, std::string_view token, Text &out) {
  const OpenStep &decoder = tables.decoders[step];
  StepState &state = states[step];
  while (!state.settled && state.stripped < decoder.a &&
         startsWith(token, decoder.text)) {
    token = slice(token, decoder.text.size(), token.size());
    ++state.stripped;
  }
  state.settled |= !token.empty();
  feed(step + 1, token, out);
}

/// Takes `mark` off both ends of a token, at most `front` and `back` times.
static std::string_view strippedToken(std::string_view token,
                                      std::string_view mark, uint32_t front,
                                      uint32_t back) {
  for (; front > 0 && startsWith(token, mark); --front)
    token = slice(token, mark.size(), token.size());
  for (; back > 0 && token.size() >= mark.size(); --back) {
    size_t at = token.size() - mark.size();
    if (slice(token, at, token.size()) != mark)
      break;
    token = slice(token, 0, at);
  }
  return token;
}

void Decoder::feed(size_t step, std::string_view token, Text &out) {
  if (step == tables.decoders.size())
    return out.append(token);
  const OpenStep &decoder = tables.decoders[step];
  Text changed;
  changed.limit(most);
  switch (DecoderKind(decoder.kind)) {
  case DecoderKind::Replace:
    appendReplaced(changed, token, decoder.pattern, decoder.text);
    break;
  case DecoderKind::ReplaceRegex: {
    Matcher matcher;
    // Parts of characters are no text that an expression could be looked for
    // in.
    if (writesBytes && wellFormedPrefix(token) != token.size())
      return;
    appendReplaced(changed, token, *decoder.regex, decoder.text, matcher);
    break;
  }
  case DecoderKind::Strip:
    return feed(step + 1,
                strippedToken(token, decoder.text, decoder.a, decoder.b), out);
  case DecoderKind::WordPiece:
    return feedWordPiece(step, token, out);
  case DecoderKind::Metaspace:
    appendReplaced(
        changed, token, decoder.text,
        !states[step].started && decoder.flags & MetaspaceDropFirst ? "" : " ");
    states[step].started = true;
    break;
  case DecoderKind::ByteFallback: {
    int byte = fallbackByte(token);
    if (byte >= 0 && writesBytes) {
      changed.push(static_cast<char>(byte));
      break;
    }
    if (byte >= 0)
      return states[step].held.push(static_cast<char>(byte));
    flush(step, out);
    return feed(step + 1, token, out);
  }
  case DecoderKind::ByteLevel:
    return feedByteLevel(step, token, out);
  case DecoderKind::JoinSpaced:
    if (states[step].started)
      changed.push(' ');
    states[step].started = true;
    changed.append(token);
    break;
  case DecoderKind::StripFused:
    return feedStripFused(step, token, out);
  }
  feed(step + 1, changed.view(), out);
}

} // namespace heddle::text
