// What came from the checkpoint about generating, in the words of --info.

#include "runtime/generate/Generate.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Output.h"

#include <cinttypes>

namespace heddle::runtime {

static void printIds(const char *what, const heddle_ids &ids) {
  constexpr int32_t mostShown = 16;
  if (!ids.count)
    return;
  printf("          %s", what);
  for (int32_t i = 0; i < ids.count && i < mostShown; ++i)
    printf(" %d", ids.ids[i]);
  puts(ids.count > mostShown ? " …" : "");
}

static void printId(const char *what, int32_t id) {
  if (id >= 0)
    printIds(what, {1, &id});
}

static void printCount(const char *what, int64_t count) {
  if (count)
    printf("          %s %" PRId64 "\n", what, count);
}

const char *nameOfEarlyStopping(int32_t earlyStopping) {
  const char *names[] = {"no", "no", "yes", "never"};
  return names[earlyStopping];
}

void printSettings(const heddle_program &program) {
  const heddle_generation &settings = generationOf(program);
  printf("generates temperature %g, top-k %d, top-p %g, min-p %g, repetition "
         "penalty %g\n",
         settings.temperature, settings.top_k, settings.top_p, settings.min_p,
         settings.repetition_penalty);
  if (settings.typical_p != 0 && settings.typical_p != 1)
    printf("          typical-p %g\n", settings.typical_p);
  if (settings.beams > 1) {
    printf("          beams %d, texts %d, length penalty %g, early stopping "
           "%s%s\n",
           settings.beams, settings.texts, settings.length_penalty,
           nameOfEarlyStopping(settings.early_stopping),
           settings.renormalize ? ", of distributions made whole" : "");
  }
  printCount("new tokens at most", settings.max_tokens);
  printCount("new tokens at least", settings.min_tokens);
  printCount("tokens of a text at most", settings.max_length);
  printCount("tokens of a text at least", settings.min_length);
  printCount("no run twice of tokens", settings.no_repeat_ngram);
  printIds("ends a text", settings.ends);
  for (int32_t i = 0; i < settings.stop_count; ++i) {
    fputs("          ends a text behind ", stdout);
    printJsonString(stdout, settings.stops[i]);
    putchar('\n');
  }
  printId("begins a text", settings.begin);
  if (findTextUse(program, nullptr).source)
    printId("begins a decoder's text", settings.decoder_start);
  for (int32_t i = 0; i < settings.opening_count; ++i)
    printIds("then begins it the likeliest of", settings.opening[i]);
  printId("first", settings.forced_begin);
  printIds("last", settings.forced_ends);
  printIds("never", settings.suppressed);
  printIds("never first", settings.begin_suppressed);
  for (int32_t w = 0; w < settings.bad_word_count; ++w)
    printIds("never the run", settings.bad_words[w]);
}

} // namespace heddle::runtime
