// --info, written from the program's descriptor.

#include "runtime/Session.h"
#include "runtime/TextUse.h"
#include "runtime/main/Commands.h"
#include "runtime/main/EntryList.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

/// Of a call that reads a text, as commands cut it; 0: it is not cut.
static int64_t tokensOfText(const heddle_program &program) {
  bool isCut = program.flags & HEDDLE_PREFILL_IN_CHUNKS;
  return isCut ? tokensOfCall(program, 1, chunkTokens) : 0;
}

static void printCaches(const heddle_program &program) {
  int64_t position = 0, near = 0, row = 0, widest = 0;
  for (int32_t c = 0; c < program.cache_count; ++c) {
    const heddle_cache &cache = program.caches[c];
    (cache.size < 0 ? row
     : cache.window ? near
                    : position) += cache.position_bytes;
    widest = std::max(widest, cache.window);
  }
  printf("caches    %d, %" PRId64 " bytes a position, %" PRId64
         " bytes a row\n",
         program.cache_count, position, row);
  if (near)
    printf("          %" PRId64 " bytes a position within windows of up to "
           "%" PRId64 "\n",
           near, widest);
}

/// What a session of one row reserves: an upper bound, spent as calls touch it.
static void printMemory(heddle_model &model) {
  heddle_session_options options = {1, 0, 0};
  options.tokens = tokensOfText(*model.program);
  heddle_session *session = heddle_session_open(&model, &options);
  if (!session) {
    printf("memory    %s\n", heddle_last_error());
    return;
  }
  constexpr double mebibyte = 1 << 20;
  printf(
      "memory    at most %.1f MiB to work in and %.1f MiB of caches, for one "
      "row\n",
      static_cast<double>(session->arena.size()) / mebibyte,
      static_cast<double>(session->cacheMemory.size()) / mebibyte);
  heddle_session_close(session);
}

/// What sentence-transformers' files say, in the words of --info.
static void printPrompts(const heddle_sentences &sentences) {
  const char *names[] = {"cosine", "dot", "euclidean", "manhattan"};
  printf("vectors   similarity %s\n", names[sentences.similarity]);
  for (int32_t p = 0; p < sentences.prompt_count; ++p)
    printf("          prompt %s: \"%s\"%s\n", sentences.prompts[p].name,
           sentences.prompts[p].text,
           p == sentences.default_prompt ? ", by default" : "");
}

/// What its numbers mean, in the words of --info.
static void printAnswer(const heddle_program &program) {
  const heddle_answer &answer = *program.answer;
  const char *kinds[] = {"labels", "labels of tokens", "masked tokens",
                         "spans of a text", "likeness of texts and pictures"};
  const char *scores[] = {"as they are", "softmax", "sigmoid"};
  printf("answers   %s: %s, %s\n", program.entries[answer.entry].name,
         kinds[answer.kind - 1], scores[answer.score]);
  for (int32_t label = 0; label < answer.label_count; ++label)
    printf("          %d %s\n", label, answer.labels[label]);
}

/// What the code needs, and what the code needs that other processors would
/// use.
static void printCpus(const heddle_model &model) {
  const heddle_program &program = *model.program;
  const char *levels[] = {"any", "any", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  heddle_version base = {program.cpu_level, program.cpu_features, nullptr};
  for (int32_t v = 0; v <= program.version_count; ++v) {
    bool isBase = v == program.version_count;
    const heddle_version &version = isBase ? base : program.versions[v];
    bool isUsed = model.version ? &version == model.version : isBase;
    const char *features = version.cpu_features;
    printf("cpu       %s%s%s%s\n",
           version.cpu_level < 5 ? levels[version.cpu_level] : "unknown",
           features ? " with " : "", features ? features : "",
           isUsed && program.version_count ? " (this one)" : "");
  }
}

void printInfo(heddle_model &model) {
  const heddle_program &program = *model.program;
  printf("model     %s\n", program.name);
  puts("entries");
  printEntries(program);
  puts("sizes");
  printSizes(program);
  printCaches(program);
  printMemory(model);
  printf("weights   %s\n          %" PRId64 " bytes of tensors, %d slots\n",
         *model.weights.path() ? model.weights.path() : "none",
         model.weights.tensorBytes(), program.weight_slot_count);
  if (findTextUse(program, nullptr).step)
    printSettings(program);
  if (program.sentences)
    printPrompts(*program.sentences);
  if (program.answer)
    printAnswer(program);
  for (int32_t t = 0; program.chat && t < program.chat->template_count; ++t)
    printf("chat      template %s\n", program.chat->templates[t].name);
  if (model.draft)
    printf("draft     %" PRId64 " bytes of tensors, %" PRId64
           " tokens of context: --speculate model\n",
           model.draft->weights.tensorBytes(), mostContext(*program.draft));
  printf("tokenizer %s\n", model.weights.tokenizer() ? "yes" : "no");
  printf("threads   %d\n", model.threads.size());
  printCpus(model);
}

} // namespace heddle::runtime
