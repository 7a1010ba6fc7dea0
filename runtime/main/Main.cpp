// What a compiled program does when it is run.

#include "runtime/main/Bench.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Crash.h"
#include "runtime/main/Input.h"
#include "runtime/main/Output.h"
#include "runtime/main/TraceFile.h"
#include "runtime/main/Truncation.h"

#include <csignal>
#include <cstdarg>

namespace heddle::runtime {

int complain(const char *format, ...) {
  fputs("error: ", stderr);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return 1;
}

int complainLastError() { return complain("%s", heddle_last_error()); }

int complainOfMemory() {
  return text::trouble == text::Trouble::None ? 0 : complain("out of memory");
}

const heddle_entry *findMediaEntry(const heddle_program &program) {
  TextUse use = findTextUse(program, nullptr);
  for (int32_t e = 0; e < program.entry_count && !use.step && !use.embed; ++e)
    if (const heddle_entry &entry = program.entries[e];
        entry.input_count && entry.inputs[0].content != HEDDLE_NUMBERS &&
        othersHaveDefaults(entry))
      return &entry;
  return nullptr;
}

const heddle_answer *findAnswer(const heddle_program &program,
                                const Arguments &arguments) {
  const heddle_answer *answer = program.answer;
  if (!answer || !answer->run || !arguments.calls.empty())
    return nullptr;
  // Whoever names another entry wants what that one gives.
  if (arguments.entry &&
      strcmp(arguments.entry, program.entries[answer->entry].name))
    return nullptr;
  if (answer->kind == HEDDLE_ANSWER_LIKENESS)
    return arguments.named.empty() ? nullptr : answer;
  // sentence-transformers has made vectors of it.
  bool makesVectors = program.sentences && !arguments.entry &&
                      answer->kind == HEDDLE_ANSWER_MASKS;
  return makesVectors ? nullptr : answer;
}

static int run(heddle_model &model, const Arguments &arguments) {
  if (arguments.info) {
    printInfo(model);
    return 0;
  }
  if (arguments.checkWeights) {
    printf("%s: %lld bytes, all checksums are right\n", model.weights.path(),
           static_cast<long long>(model.weights.bytes()));
    return 0;
  }
  if (arguments.serve)
    return model.program->serve(&model, &arguments, nullptr);
  if (arguments.chat)
    return model.program->chat->run(&model, &arguments, nullptr);
  if (!arguments.calls.empty())
    return callEntries(model, arguments);
  if (const heddle_answer *answer = findAnswer(*model.program, arguments)) {
    bool readsPictures =
        answer->kind == HEDDLE_ANSWER_LABELS &&
        model.program->entries[answer->entry].inputs[0].content == HEDDLE_IMAGE;
    if (readsPictures || model.weights.tokenizer())
      return answer->run(&model, &arguments, nullptr);
  }
  TextUse use = findTextUse(*model.program, arguments.entry);
  if (use.step && readsMedia(use))
    return generateFromFiles(model, arguments);
  if (!arguments.sources.empty())
    return complain("%s reads no pictures and no sound: it does not take "
                    "--audio and --image",
                    model.program->name);
  if (!arguments.ids.empty())
    return use.step ? generateIds(model, arguments)
                    : complain("%s does not generate: it does not take --ids",
                               model.program->name);
  if (arguments.prompt && (!use.embed || (use.step && !arguments.entry)))
    return complain("--prompt stands before texts that become vectors: %s "
                    "makes none",
                    model.program->name);
  if (arguments.entry && !use.embed)
    return complain("%s does not give one vector a row; call it as %s --in …",
                    arguments.entry, arguments.entry);
  if (model.weights.tokenizer() && use.embed && (arguments.entry || !use.step))
    return embedText(model, *use.embed, arguments);
  if (model.weights.tokenizer() && use.step)
    return generateText(model, arguments);
  if (use.step || use.embed)
    return complain("%s was compiled without a tokenizer: %s its entries "
                    "with token ids; --help lists them",
                    model.program->name,
                    use.step ? "give prompts as --ids 12,7,…, or call"
                             : "call");
  if (!arguments.texts.empty())
    return complain("%s has no entry %s, and does not read text; --help lists "
                    "its entries",
                    model.program->name, arguments.texts[0]);
  return complain("%s does not read text: call its entries; --help lists them",
                  model.program->name);
}

/// run(), and what it took where somebody wants to know.
static int runProfiled(heddle_model &model, const Arguments &arguments) {
  if (!arguments.profile && !arguments.profileFile)
    return run(model, arguments);
  if (arguments.profileFile && !canWriteTrace(arguments.profileFile))
    return 1;
  Profile profile;
  Trace trace;
  if (!profile.start(*model.program) ||
      (arguments.profileFile && !trace.start(model.threads.size())))
    return complain("no memory for --profile");
  if (arguments.profileFile)
    profile.traceTo(trace, model.threads);
  model.touchWeights();
  model.profileWith(&profile);
  int code = run(model, arguments);
  model.profileWith(nullptr);
  if (code)
    return code;
  Limits limits = measureLimits(model.threads);
  if (arguments.profile)
    printProfile(profile, limits, model.threads.size());
  if (arguments.profileFile &&
      !writeTrace(arguments.profileFile, profile, trace, limits))
    return 1;
  return 0;
}

/// Whether the program is, or may be, one with a tokenizer: its weights say so,
/// if they can be read.
static bool maySpeakText(const heddle_program &program, const char *path) {
  Weights weights;
  if (weights.open(program, path))
    return true;
  return weights.tokenizer();
}

} // namespace heddle::runtime

using namespace heddle::runtime;

int32_t heddle_main(const heddle_program *program, int32_t argc, char **argv) {
  // A reader that goes away is an ordinary end, and temporary files must not
  // be left behind.
  signal(SIGPIPE, SIG_IGN);
  occupyStandardStreams();
  reportCrashes();
  Arguments arguments;
  if (!parseArguments(*program, argc, argv, arguments))
    return 1;
  int code = 0;
  if (arguments.help) {
    const char *command = argc > 0 ? argv[0] : program->name;
    if (arguments.serve)
      printServeHelp(*program, command);
    else if (arguments.bench)
      printBenchHelp(*program, command);
    else
      printHelp(*program, command, maySpeakText(*program, arguments.weights));
  } else if (arguments.version) {
    printf("%s, compiled by Heddle, runtime interface %u\n", program->name,
           HEDDLE_ABI_VERSION);
  } else if (arguments.jsonSchema &&
             !readTextFile(arguments.jsonSchema, "a JSON schema",
                           arguments.schema)) {
    return 1;
  } else if (arguments.bench) {
    code = bench(*program, arguments);
  } else {
    heddle_open_options options = {arguments.weights, arguments.threads,
                                   arguments.checkWeights};
    reportTruncationOf(arguments.weights ? arguments.weights : "the weights");
    heddle_model *model = heddle_open(program, &options);
    if (!model)
      return complainLastError();
    if (*model->weights.path())
      reportTruncationOf(model->weights.path());
    if (arguments.hugePages && heddle_use_huge_pages(model)) {
      heddle_close(model);
      return complainLastError();
    }
    code = runProfiled(*model, arguments);
    heddle_close(model);
  }
  if (!flushStandardOutput())
    return outputExitCode();
  return code;
}
