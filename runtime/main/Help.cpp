// --help, written from the program's descriptor.

#include "runtime/Session.h"
#include "runtime/generate/Generate.h"
#include "runtime/main/Commands.h"
#include "runtime/main/EntryList.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

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
      "  --speculate FROM        tokens are drafted, read in one call, and "
      "kept "
      "if the model chooses them: the\n"
      "                          same text, sooner. lookup: what followed the "
      "same words before; model: that,\n"
      "                          or the small model of heddle build "
      "--speculate "
      "(none)\n"
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
         "  --speculate FROM        drafts of lookup or model: the same texts, "
         "sooner (none)\n"
         "  --queue N               requests that may wait (%lld)\n"
         "  --body-limit N          bytes of a request (%lld)\n"
         "  --timeout N             seconds of a request (%lld)\n"
         "  --api-key-file FILE     keys, a line each: who has none is "
         "refused (nobody needs one)\n"
         "  --threads N             (0: one a core)\n"
         "  --weights FILE          the packed weights, if not where they "
         "were built\n"
         "  --huge-pages            copy the weights into huge pages at the "
         "start\n"
         "  --profile               say where the time went, when it is "
         "stopped\n"
         "  --profile=FILE          write it as a trace, for Perfetto\n\n"
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
  printf("\nspeed\n"
         "  %s bench                how fast it is here: %s bench --help\n",
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
       "  --profile=FILE          write it as a trace, for Perfetto\n"
       "  --info --version --help");
}

} // namespace heddle::runtime
