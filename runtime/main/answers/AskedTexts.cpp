#include "runtime/main/answers/AskedTexts.h"
#include "runtime/generate/TextInterface.h"
#include "runtime/main/Commands.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

AskedTexts::AskedTexts(heddle_model &model, const heddle_entry &entry,
                       const Arguments &arguments, bool wantsSpans)
    : model(model), arguments(arguments), batches(model, entry),
      wantsSpans(wantsSpans) {}

int AskedTexts::open() {
  if (tokenizerOf(model, tokens))
    return complainLastError();
  size_t texts = arguments.texts.size(), pairs = arguments.pairs.size();
  if (hasPairs() && !tokens->hasPairs())
    return complain("the tokenizer of %s knows no pairs", model.program->name);
  if (arguments.pairsFile && (pairs || texts != 1))
    return complain("--pairs goes with one text: found %zu, and %zu --pair",
                    texts, pairs);
  if (pairs && texts != 1 && texts != pairs)
    return complain("there are %zu texts and %zu --pair, needed: one text, or "
                    "as many",
                    texts, pairs);
  bool readsLines = arguments.pairsFile || arguments.texts.empty();
  if (readsLines && !lines.open(arguments.pairsFile))
    return 1;
  return batches.open() ? complainLastError() : 0;
}

int64_t mostLengthOf(const heddle_model &model, const RowBatches &batches) {
  int64_t said = model.program->answer ? model.program->answer->most_tokens : 0;
  return said ? std::min(said, batches.mostLength()) : batches.mostLength();
}

int64_t AskedTexts::total() const {
  if (arguments.pairsFile || arguments.texts.empty())
    return -1;
  return static_cast<int64_t>(
      std::max(arguments.texts.size(), arguments.pairs.size()));
}

void repair(text::Text &to, std::string_view from) {
  to.clear();
  text::appendRepaired(to, from);
}

bool AskedTexts::takeLine(text::Text &line) {
  text::Text raw;
  if (!lines.next(raw)) {
    if (!lines.failed() && taken == 0)
      complain("there is no text: give it as arguments or on standard input");
    exitCode = lines.failed() || taken == 0;
    return false;
  }
  repair(line, raw.view());
  return true;
}

/// The next text. False where there is none.
bool AskedTexts::take() {
  if (arguments.texts.empty()) {
    if (!takeLine(pendingText))
      return false;
  } else {
    int64_t count = total();
    if (count >= 0 && taken == count)
      return false;
    bool isSole = arguments.texts.size() == 1;
    repair(pendingText, arguments.texts[isSole ? 0 : taken]);
    if (arguments.pairsFile) {
      if (!takeLine(pendingPair))
        return false;
    } else if (!arguments.pairs.empty()) {
      repair(pendingPair, arguments.pairs[taken]);
    }
  }
  ++taken;
  exitCode = tokenize();
  return isPending = !exitCode;
}

bool AskedTexts::isReady() { return total() >= 0 || lines.isReady(); }

/// Two texts that are too long together lose tokens at their ends, the longer
/// one first, as transformers' longest_first has it.
void AskedTexts::cutPair(int64_t room) {
  auto first = static_cast<int64_t>(row.first.size()),
       second = static_cast<int64_t>(row.second.size());
  if (first + second <= room)
    return;
  int64_t shorter = std::min(first, second), longer = std::max(first, second);
  longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  bool firstIsLonger = first > second;
  row.first.shrink(std::min(first, firstIsLonger ? longer : shorter));
  row.second.shrink(std::min(second, firstIsLonger ? shorter : longer));
}

int AskedTexts::tokenize() {
  row.first.clear(), row.second.clear(), row.spans.clear();
  rowIds.clear(), rowTypes.clear();
  bool plain = arguments.plainText;
  const char *wrong =
      wantsSpans
          ? tokens->encodeSpans(pendingText.view(), row.first, row.spans, plain)
          : tokens->encode(pendingText.view(), false, row.first, plain);
  if (!wrong && hasPairs())
    wrong = tokens->encode(pendingPair.view(), false, row.second, plain);
  if (wrong)
    return complain("text %" PRId64 ": %s", taken, wrong);
  auto around = static_cast<int64_t>(hasPairs() ? tokens->countAroundPair()
                                                : tokens->countAround());
  int64_t most = mostLengthOf(model, batches);
  int64_t room = std::max<int64_t>(most - around, 0);
  auto count = static_cast<int64_t>(row.first.size() + row.second.size());
  if (count + around == 0)
    return complain("text %" PRId64 " is empty", taken);
  if (count > room) {
    progress.hide();
    fprintf(stderr,
            "note: text %" PRId64 " has %" PRId64
            " tokens, the model takes %" PRId64 ": its end is left out\n",
            taken, count + around, most);
    if (hasPairs())
      cutPair(room);
    else
      row.first.shrink(room);
  }
  std::span<const int32_t> first(row.first.data(), row.first.size());
  if (hasPairs())
    tokens->surroundPair(first, {row.second.data(), row.second.size()}, rowIds,
                         rowTypes);
  else
    tokens->surround(first, rowIds);
  return complainOfMemory();
}

void AskedTexts::addPending() {
  batches.add({rowIds.data(), rowIds.size()},
              {rowTypes.data(), rowTypes.size()});
  auto keep = [&](const text::Text &text) {
    auto begin = static_cast<int64_t>(storage.size());
    storage.append(text.view());
    storage.push('\0');
    return begin;
  };
  texts.push(keep(pendingText));
  pairs.push(hasPairs() ? keep(pendingPair) : -1);
  spanBegins.push(static_cast<int64_t>(spans.size()));
  spans.append(row.spans.data(), std::min(row.spans.size(), row.first.size()));
  isPending = false;
}

bool AskedTexts::next() {
  firstNumber += batches.rows();
  batches.clear(), storage.clear(), texts.clear(), pairs.clear();
  spans.clear(), spanBegins.clear();
  if (exitCode)
    return false;
  while (isPending || rows() == 0 || isReady()) {
    if (!isPending && !take())
      break;
    if (batches.isFullFor(static_cast<int64_t>(rowIds.size())))
      break;
    addPending();
  }
  // What came before a mistake is answered before it ends all.
  if (rows() == 0)
    return false;
  if (int code = complainOfMemory())
    return exitCode = code, false;
  if (batches.call())
    return exitCode = complainLastError(), false;
  double part = total() > 0 ? double(taken) / double(total())
                : lines.total() > 0
                    ? double(lines.taken()) / double(lines.total())
                    : -1;
  progress.show(taken, part);
  return true;
}

std::span<const text::TokenSpan> AskedTexts::spansOf(int64_t row) const {
  int64_t end = row + 1 < rows() ? spanBegins[row + 1]
                                 : static_cast<int64_t>(spans.size());
  return {spans.data() + spanBegins[row],
          static_cast<size_t>(end - spanBegins[row])};
}

} // namespace heddle::runtime
