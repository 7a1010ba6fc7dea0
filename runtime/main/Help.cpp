// --help and --info, written from the program's descriptor.

#include "runtime/Session.h"
#include "runtime/generate/Generate.h"
#include "runtime/main/Commands.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

static const char *nameOf(heddle_type type) {
  const char *names[] = {"f32", "bf16", "f16", "int", "int64", "int8", "bool"};
  return names[type];
}

static void printValue(const heddle_value &value) {
  printf("%s: %s[%s]", value.name,
         value.content == HEDDLE_IMAGE   ? "image"
         : value.content == HEDDLE_AUDIO ? "audio"
                                         : nameOf(value.type),
         value.axes);
  if (!value.has_default)
    return;
  bool isReal = value.type == HEDDLE_F32 || value.type == HEDDLE_BF16 ||
                value.type == HEDDLE_F16;
  if (isReal)
    printf(" = %g", value.default_value);
  else
    printf(" = %" PRId64, static_cast<int64_t>(value.default_value));
}

static void printEntries(const heddle_program &program) {
  for (int32_t e = 0; e < program.entry_count; ++e) {
    const heddle_entry &entry = program.entries[e];
    printf("  %s(", entry.name);
    for (int32_t i = 0; i < entry.input_count; ++i) {
      fputs(i ? ", " : "", stdout);
      printValue(entry.inputs[i]);
    }
    fputs(entry.output_count ? ") -> " : ")", stdout);
    for (int32_t i = 0; i < entry.output_count; ++i) {
      fputs(i ? ", " : "", stdout);
      printValue(entry.outputs[i]);
    }
    puts("");
    for (int32_t i = 0; i < entry.input_count; ++i)
      if (entry.inputs[i].index_bound)
        printf("      %s from 0 to %d\n", entry.inputs[i].name,
               entry.inputs[i].index_bound - 1);
  }
}

static void printSizes(const heddle_program &program) {
  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    printf("  %s from %" PRId64 " to %" PRId64, size.name, size.min, size.max);
    if (size.step > 1)
      printf(" in steps of %" PRId64, size.step);
    if (size.per >= 0)
      printf(", each row of %s its own", program.sizes[size.per].name);
    if (size.grows_by >= 0)
      printf("; grows by %s with every call",
             program.sizes[size.grows_by].name);
    puts("");
  }
}

static bool readsPictures(const heddle_program &program,
                          const heddle_answer &answer) {
  return program.entries[answer.entry].inputs[0].content == HEDDLE_IMAGE;
}

/// What one asks of a program that has answers.
static void printQuestions(const heddle_program &program, const char *command) {
  const heddle_answer &answer = *program.answer;
  switch (answer.kind) {
  case HEDDLE_ANSWER_LABELS:
    if (readsPictures(program, answer)) {
      printf("  %s a.png b.jpg               what is to be seen in each\n",
             command);
      break;
    }
    printf(
        "  %s \"a text\" \"another\"          what each is\n"
        "  %s --text \"one\" --pair \"two\"   what both are together; a text "
        "with several of them, best first\n",
        command, command);
    break;
  case HEDDLE_ANSWER_TOKEN_LABELS:
    printf("  %s \"a text\" \"another\"          what is in each, and where\n",
           command);
    break;
  case HEDDLE_ANSWER_MASKS:
    printf("  %s \"a text with a mask\"       the likeliest in its place\n",
           command);
    break;
  case HEDDLE_ANSWER_SPANS:
    printf("  %s --text QUESTION --pair CONTEXT    where the answer stands\n",
           command);
    break;
  case HEDDLE_ANSWER_LIKENESS:
    printf("  %s a.png b.jpg --text \"a cat\" --text \"a dog\"    which of the "
           "texts is like each picture\n",
           command);
    break;
  }
  if (answer.kind != HEDDLE_ANSWER_SPANS &&
      answer.kind != HEDDLE_ANSWER_LIKENESS && !readsPictures(program, answer))
    printf("  %s < texts.txt                 standard input: one text a line, "
           "answered as they come\n",
           command);
}

static void printAnswerHelp(const heddle_program &program) {
  const heddle_answer &answer = *program.answer;
  bool ofTexts =
      answer.kind == HEDDLE_ANSWER_LABELS && !readsPictures(program, answer);
  bool isArray = answer.kind == HEDDLE_ANSWER_LABELS ||
                 answer.kind == HEDDLE_ANSWER_LIKENESS;
  puts("\nanswers");
  if (answer.kind != HEDDLE_ANSWER_TOKEN_LABELS)
    printf("  --top K                 the best so many (%d%s)\n", 5,
           ofTexts && answer.label_count == 1 ? "; of a text with others: all"
                                              : "");
  if (ofTexts || answer.kind == HEDDLE_ANSWER_SPANS)
    puts("  --pair TEXT             what belongs to the --text; may be "
         "repeated\n"
         "  --pairs FILE            the same, one a line");
  printf("  --format F              table%s\n"
         "  --out FILE              write there instead of standard output\n",
         isArray ? ", json or npy, as the end of --out says (table)"
                 : " or json (table)");
}

/// What one types, the most likely first.
static void printUses(const heddle_program &program, const char *command,
                      const TextUse &use) {
  if (program.answer)
    printQuestions(program, command);
  if (use.step && readsMedia(use))
    printf("  %s %-30s write what is in it; several run as batches\n", command,
           use.source->inputs[0].content == HEDDLE_AUDIO ? "x.wav" : "x.png");
  else if (use.step)
    printf("  %s \"Once upon a time\" -n 64      %s; several prompts run as "
           "batches,\n"
           "  %s < prompt.txt                standard input is one prompt\n",
           command,
           use.source ? "read a text, write another" : "continue a text",
           command);
  if (use.embed && !use.step && !program.answer)
    printf("  %s \"a text\" \"another\"          one vector a text, and how "
           "alike they are\n"
           "  %s < texts.txt                 standard input: one text a line\n",
           command, command);
  printf("  %s ENTRY --in NAME=FILE.npy --out FILE.npy    call an entry; "
         "several run in one session\n",
         command);
  if (use.step || use.embed || program.entry_count == 0)
    return;
  if (const heddle_entry *reader = findMediaEntry(program);
      reader && !program.answer) {
    const char *ending =
        reader->inputs[0].content == HEDDLE_AUDIO ? "wav" : "png";
    printf("  %s a.%s b.%s                %s, a row each\n", command, ending,
           ending, reader->name);
  }
  // An example of this program's own.
  const heddle_entry &entry = program.entries[0];
  printf("  %s %s", command, entry.name);
  for (int32_t i = 0; i < entry.input_count; ++i)
    if (!entry.inputs[i].has_default)
      printf(" --in %s=%s.npy", entry.inputs[i].name, entry.inputs[i].name);
  if (entry.output_count)
    printf(" --out %s.npy", entry.outputs[0].name);
  puts("");
}

static void printEntryHelp(const heddle_program &program, bool speaksText) {
  puts("\nentries\n"
       "  --in [NAME=]FILE.npy    an input, row after row without padding");
  if (program.read_image)
    puts("  --in [NAME=]PICTURE     a row of an image: a .png or .jpg file, or "
         "a "
         "folder of them; may be repeated");
  if (program.read_audio)
    puts(
        "  --in [NAME=]SOUND       a row of an audio: a .wav file, or a folder "
        "of them; may be repeated");
  if (speaksText)
    puts("  --text TEXT             a row of token ids; may be repeated\n"
         "  --pair TEXT             what belongs to the --text: both are one "
         "row");
  puts("  --lengths [SIZE=]N,N,…  what each row has of a size\n"
       "  --rows N,N,…            the session's rows to continue (0, 1, …)\n"
       "  --out [NAME=]FILE.npy   an output (printed if left out)");
  printEntries(program);
  if (program.size_count) {
    puts("sizes");
    printSizes(program);
  }
}

/// In parentheses what holds without the option: where the checkpoint says
/// something about it, that.
static void printGenerationHelp(const heddle_program &program,
                                const TextUse &use, bool speaksText) {
  const heddle_generation &settings = generationOf(program);
  char tokens[48] = "128";
  if (settings.max_tokens)
    snprintf(tokens, sizeof(tokens), "%" PRId64, settings.max_tokens);
  else if (settings.max_length)
    snprintf(tokens, sizeof(tokens), "%" PRId64 "%s", settings.max_length,
             use.source ? "" : " with the prompt");
  printf("\n%s\n"
         "  -n, --tokens N          new tokens (%s; -1: until the model ends "
         "or the context is full)\n"
         "  --temperature X         0 always takes the likeliest token (%g)\n"
         "  --top-k N --top-p X --min-p X    draw from the likeliest tokens "
         "only (%d, %g, %g; 0, 1, 0: all)\n"
         "  --repetition-penalty X  makes tokens seen before less likely (%g; "
         "1: not)\n"
         "  --seed N                same seed, same text (0)\n"
         "  --beams N               search so many texts side by side for "
         "the likeliest (%d)\n"
         "  --n-best N              the best so many texts of a search, with "
         "their scores (%d)\n"
         "  --length-penalty X      more than 0 is for longer texts (%g)\n"
         "  --early-stopping F      a search ends when as many texts have "
         "as it has beams: yes: at once;\n"
         "                          no: if no beam scores better now; never: "
         "if none can (%s)\n"
         "  --context N             positions kept (what prompt and -n need)\n"
         "  --ids N,N,…             a prompt of token ids, answered with ids; "
         "may be repeated\n",
         speaksText ? "text" : "texts of token ids", tokens,
         settings.temperature, settings.top_k, settings.top_p, settings.min_p,
         settings.repetition_penalty, std::max(settings.beams, 1),
         std::max(settings.texts, 1), settings.length_penalty,
         nameOfEarlyStopping(settings.early_stopping));
  printf(
      "  --typical-p X           draw from tokens that are about as "
      "probable as is expected (%g; 1: all)\n"
      "  --frequency-penalty X --presence-penalty X\n"
      "                          what a token's logit loses for each time it "
      "was written, and once (0, 0)\n"
      "  --logit-bias ID=X       changes a token's logit; may be repeated\n"
      "  --samples N             so many texts of each prompt, which is read "
      "once (1)\n"
      "  --logprobs K            with --format json: the log probability of "
      "every token, and the K likeliest\n",
      settings.typical_p == 0 ? 1 : settings.typical_p);
  if (speaksText)
    puts("  --stop TEXT             ends a text before it; may be repeated\n"
         "  --json-schema FILE      texts are JSON that keeps to this schema\n"
         "  --lines                 standard input: one prompt a line, "
         "answered with a line");
  puts("  --format F              text, or json: an object a line (text)");
  bool ofSpeech = use.source && readsMedia(use);
  if (settings.language_count)
    printf("  --language NAME         %s, such as %s%s\n",
           ofSpeech ? "that is spoken" : "to translate into",
           settings.languages[0].name,
           ofSpeech ? " (the model hears which)"
                    : "; --source-language NAME: from");
  if (settings.no_timestamps >= 0 && ofSpeech)
    puts("  --timestamps            tells when it is said; so do --format srt "
         "and "
         "vtt, as subtitles");
  if (settings.task_count)
    printf("  --task NAME             such as %s\n", settings.tasks[0].name);
  if (speaksText)
    puts("  --special               print special tokens as well");
  if (!use.source)
    printf("  --no-echo               print the new %s only\n",
           speaksText ? "text" : "ids");
}

static void printChatHelp() {
  puts(
      "\nconversation\n"
      "  --chat                  texts are turns, which the model answers as "
      "its chat template has it;\n"
      "                          without texts, lines of standard input or "
      "what you type\n"
      "  --system TEXT           what the model is told before\n"
      "  --tools FILE            JSON of tools that it may call\n"
      "  --session FILE          go on from there at once, if it is there, and "
      "write it at the end");
}

void printServeHelp(const heddle_program &program, const char *command) {
  const ServeOptions standard;
  printf("%s serve: answers over HTTP, as OpenAI's interface has it\n\n"
         "  --name NAME             of the model (what the program's file is "
         "called)\n"
         "  --host ADDRESS          to listen on (%s: this machine only)\n"
         "  --port N                0: one that is free (%lld)\n"
         "  --parallel N            texts that are written side by side "
         "(%lld)\n"
         "  --context N             positions of each (the model's most)\n"
         "  --queue N               requests that may wait (%lld)\n"
         "  --body-limit N          bytes of a request (%lld)\n"
         "  --timeout N             seconds of a request (%lld)\n"
         "  --api-key-file FILE     keys, a line each: who has none is "
         "refused (nobody needs one)\n"
         "  --threads N             (0: one a core)\n"
         "  --weights FILE          the packed weights, if not where they "
         "were built\n"
         "  --huge-pages            copy the weights into huge pages at the "
         "start\n\n"
         "  %s serve --port 8080\n"
         "  curl localhost:8080/v1/models; routes: /v1/chat/completions "
         "/v1/completions /v1/embeddings\n"
         "  /v1/models /health /metrics\n",
         program.name, standard.host, static_cast<long long>(standard.port),
         static_cast<long long>(standard.parallel),
         static_cast<long long>(standard.queue),
         static_cast<long long>(standard.body),
         static_cast<long long>(standard.timeout), command);
}

static void printTextHelp(const TextUse &use) {
  if (use.embed)
    printf(
        "\nvectors\n"
        "  --entry NAME            the entry that makes them (%s)\n"
        "  --format F              table, text, json or npy (table)\n"
        "  --out FILE              write there instead of standard "
        "output\n"
        "  --prompt NAME           what is put before each text\n"
        "  --search FILE.npy       the vectors there that are most like each "
        "text's, best first\n"
        "  --texts FILE            what they are of: a line each, to be shown\n"
        "  --top K                 the best so many (5)\n",
        use.embed->name);
  if (use.step || use.embed)
    puts("  --plain-text            special tokens written in a text are text, "
         "not tokens");
}

void printHelp(const heddle_program &program, const char *command,
               bool speaksText) {
  TextUse use = findTextUse(program, nullptr);
  bool readsIds = !speaksText && (use.step || use.embed);
  printf("%s, a model compiled by Heddle%s\n\n", program.name,
         readsIds ? " without a tokenizer: it reads token ids" : "");
  if (readsIds && use.step)
    printf("  %s --ids 12,7,99 -n 64      %s\n", command,
           use.source ? "read ids, write others" : "continue ids");
  printUses(program, command, readsIds ? TextUse() : use);
  if (use.step)
    printGenerationHelp(program, use, speaksText);
  if (program.chat)
    printChatHelp();
  if (program.answer && program.answer->run)
    printAnswerHelp(program);
  if (program.serve)
    printf("\nserver\n"
           "  %s serve                answers over HTTP: %s serve --help\n",
           command, command);
  if (!readsIds)
    printTextHelp(use);
  printEntryHelp(program, speaksText);
  puts("\nall\n"
       "  --threads N             (0: one a core)\n"
       "  --weights FILE          the packed weights, if not where they were "
       "built\n"
       "  --huge-pages            copy the weights into huge pages at the "
       "start\n"
       "  --check-weights         verify every checksum\n"
       "  --profile               say where the time goes\n"
       "  --info --version --help");
}

/// What a session of one row reserves: an upper bound, spent as calls touch it.
static void printMemory(heddle_model &model) {
  heddle_session_options options = {1, 0, 0};
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

void printInfo(heddle_model &model) {
  const heddle_program &program = *model.program;
  printf("model     %s\n", program.name);
  puts("entries");
  printEntries(program);
  puts("sizes");
  printSizes(program);
  int64_t position = 0, row = 0;
  for (int32_t c = 0; c < program.cache_count; ++c)
    (program.caches[c].size < 0 ? row : position) +=
        program.caches[c].position_bytes;
  printf("caches    %d, %" PRId64 " bytes a position, %" PRId64
         " bytes a row\n",
         program.cache_count, position, row);
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
  printf("tokenizer %s\n", model.weights.tokenizer() ? "yes" : "no");
  printf("threads   %d\n", model.threads.size());
  const char *levels[] = {"any", "any", "any", "x86-64-v3", "x86-64-v4"};
  printf("cpu       %s%s%s\n",
         program.cpu_level < 5 ? levels[program.cpu_level] : "unknown",
         program.cpu_features && *program.cpu_features ? " with " : "",
         program.cpu_features ? program.cpu_features : "");
}

} // namespace heddle::runtime
