// The texts that a command line asks about, as rows of one entry.
#ifndef HEDDLE_RUNTIME_MAIN_ANSWERS_ASKEDTEXTS_H
#define HEDDLE_RUNTIME_MAIN_ANSWERS_ASKEDTEXTS_H

#include "runtime/generate/RowBatches.h"
#include "runtime/main/Arguments.h"
#include "runtime/main/LineReader.h"
#include "runtime/main/Output.h"
#include "runtime/main/Progress.h"
#include "runtime/text/Tokenizer.h"

namespace heddle::runtime {

/// A text, or two that belong together, as the tokens between a row's special
/// tokens.
struct AskedRow {
  text::Ids first, second; // without special tokens
  text::Spans spans;       // of the first
};

/// Arguments, or lines of standard input as they come; with --pair or --pairs
/// each of these with a text. An answer is there when its batch has been
/// called, and a batch waits for no line that is not there yet.
class AskedTexts {
public:
  /// `wantsSpans`: where the tokens of a text stand in it.
  AskedTexts(heddle_model &model, const heddle_entry &entry,
             const Arguments &arguments, bool wantsSpans);

  /// Returns the exit code, and has printed what was wrong.
  int open();
  /// Calls the next batch. False where there is none, or something is wrong,
  /// which has been printed: code().
  bool next();
  int code() const { return exitCode; }

  /// How many texts there are in all; -1: nobody knows.
  int64_t total() const;
  /// Every text of a --pair goes with the same one.
  bool hasOneText() const { return arguments.texts.size() == 1 && hasPairs(); }
  bool hasPairs() const {
    return !arguments.pairs.empty() || arguments.pairsFile;
  }

  // Of the batch.
  int64_t rows() const { return batches.rows(); }
  int64_t width() const { return batches.width(); }
  /// From 0 on, of all texts.
  int64_t numberOf(int64_t row) const { return firstNumber + row; }
  const char *textOf(int64_t row) const { return storage.data() + texts[row]; }
  /// Null: the text stands alone.
  const char *pairOf(int64_t row) const {
    return pairs[row] < 0 ? nullptr : storage.data() + pairs[row];
  }
  std::span<const int32_t> idsOf(int64_t row) const {
    return batches.idsOf(row);
  }
  const float *numbersOf(int64_t row) const { return batches.numbersOf(row); }
  /// Of the tokens behind the first special ones.
  std::span<const text::TokenSpan> spansOf(int64_t row) const;
  const text::Tokenizer &tokenizer() const { return *tokens; }

  Progress progress{"texts"};

private:
  // In the order in which a text goes through them.
  bool take();
  bool takeLine(text::Text &line);
  bool isReady();
  int tokenize();
  void cutPair(int64_t room);
  void addPending();

  heddle_model &model;
  const Arguments &arguments;
  RowBatches batches;
  const text::Tokenizer *tokens = nullptr;
  bool wantsSpans;
  LineReader lines;
  int exitCode = 0;

  // The text that waits for its batch.
  bool isPending = false;
  int64_t taken = 0; // texts so far, with it
  text::Text pendingText, pendingPair;
  AskedRow row;
  text::Ids rowIds, rowTypes;

  int64_t firstNumber = 0;
  text::Text storage; // the texts of a batch, each with a zero behind it
  List<int64_t> texts, pairs; // where they begin; -1: there is none
  text::Spans spans;
  List<int64_t> spanBegins;
};

/// A text as a program's tokenizer reads it: UTF-8.
void repair(text::Text &to, std::string_view from);

/// Tokens of a row: what the entry reads, or less where the checkpoint says so.
int64_t mostLengthOf(const heddle_model &model, const RowBatches &batches);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_ANSWERS_ASKEDTEXTS_H
