// The texts of a batch, printed in the order of their prompts.
#ifndef HEDDLE_RUNTIME_MAIN_TEXTPRINTER_H
#define HEDDLE_RUNTIME_MAIN_TEXTPRINTER_H

#include "runtime/Memory.h"
#include "runtime/text/Buffer.h"

namespace heddle::runtime {

struct TextFormat {
  bool echo = false;      ///< the prompt before what continues it
  bool ids = false;       ///< prompts are answered with token ids
  bool idPrompts = false; ///< and are some
  bool json = false;      ///< an object a line
  bool lines = false;     ///< a line a text, and none between them
  int64_t texts = 1;     ///< of each prompt; with their scores where it is more
  int32_t likeliest = 0; ///< tokens that are told of beside each chosen one
  const int32_t *tokens = nullptr;      ///< that one and they, as it comes
  const float *probabilities = nullptr; ///< the logs of theirs
};

/// Prints the rows of heddle_generate() one after the other: the first
/// unfinished one as it grows, later ones wait. Where more than the text is
/// printed of each, it is when it has ended.
class TextPrinter {
public:
  /// `first`: the number of the first prompt, over all batches. `scores` of all
  /// rows, where the search gives some; they are known when a row begins.
  TextPrinter(const TextFormat &format, const char *const *prompts,
              int64_t count, int64_t first, const float *scores)
      : format(format), prompts(prompts), count(count * format.texts),
        first(first), scores(scores) {}
  TextPrinter(const TextPrinter &) = delete;
  TextPrinter &operator=(const TextPrinter &) = delete;
  ~TextPrinter();

  /// False if there is no memory.
  bool prepare();

  /// The heddle_token_callback, for a printer.
  static int32_t onToken(void *printer, int64_t row, int32_t token,
                         const char *text, int64_t bytes);

  bool failed = false; // nobody reads any more

private:
  void takeId(int64_t row, int32_t id);
  void takeLikeliest(int64_t row);
  void take(int64_t row, std::string_view text, bool last);
  void begin(int64_t row);
  void end(int64_t row);
  void printObject(int64_t row);
  const char *promptOf(int64_t row) const {
    return prompts[row / format.texts];
  }
  /// Whether a text is printed as it comes.
  bool streams() const { return !format.json && format.texts == 1; }

  const TextFormat format;
  const char *const *prompts;
  int64_t count, first, shown = 0; // rows; prompts; rows
  const float *scores;
  Array<text::Text *> waiting;
  Array<text::Text *> likeliest; // JSON of them, where they are told
  Array<bool> done;
  Array<bool> began; // by row: a number stands before the next one
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_TEXTPRINTER_H
