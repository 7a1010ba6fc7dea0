// The command line of a compiled program: what each way of using it does.
#ifndef HEDDLE_RUNTIME_MAIN_COMMANDS_H
#define HEDDLE_RUNTIME_MAIN_COMMANDS_H

#include "runtime/Model.h"
#include "runtime/TextUse.h"
#include "runtime/generate/Generate.h"
#include "runtime/main/Arguments.h"

namespace heddle::runtime {

struct Limits;

/// Whether texts are written of pictures or sound.
inline bool readsMedia(const TextUse &use) {
  return use.source && use.source->inputs[0].content != HEDDLE_NUMBERS;
}

/// What the command line's words are a question for, if the program has answers
/// and is not asked for something else: null, or heddle_program.answer.
const heddle_answer *findAnswer(const heddle_program &program,
                                const Arguments &arguments);

/// The entry that a program without texts is called for when it is given
/// pictures or sounds alone: the first that reads them; null: there is none.
const heddle_entry *findMediaEntry(const heddle_program &program);

// Each returns the exit code and has printed what was wrong.
int callEntries(heddle_model &model, const Arguments &arguments);
int generateText(heddle_model &model, const Arguments &arguments);
/// Of prompts as ids, whether or not the model has a tokenizer.
int generateIds(heddle_model &model, const Arguments &arguments);
/// Of pictures or sound, which the entry before the step reads.
int generateFromFiles(heddle_model &model, const Arguments &arguments);
int embedText(heddle_model &model, const heddle_entry &entry,
              const Arguments &arguments);

/// What the command line says about choosing tokens, and the checkpoint where
/// it says nothing. The arguments must outlive what is made.
void setChoice(const Arguments &arguments, heddle_generate_options &options);

/// Where the time of a generation went, to standard error.
void printTimes(const GenerateReport &report);

/// Where the time of all calls went, to standard error.
void printProfile(const Profile &profile, const Limits &limits,
                  int32_t threads);

/// `speaksText`: unless it is known that there is no tokenizer.
void printHelp(const heddle_program &program, const char *command,
               bool speaksText);
/// Of `serve`.
void printServeHelp(const heddle_program &program, const char *command);
/// Of `bench`.
void printBenchHelp(const heddle_program &program, const char *command);
void printInfo(heddle_model &model);
/// How the program generates unless it is told otherwise.
void printSettings(const heddle_program &program);
/// As options have it, of a heddle_early_stopping or 0.
const char *nameOfEarlyStopping(int32_t earlyStopping);

/// Prints `error: …` and returns the exit code 1.
[[gnu::format(printf, 1, 2)]] int complain(const char *format, ...);
/// complain() with what heddle_last_error() says.
int complainLastError();
/// The same if a list or text of the command line's own could not grow; else 0.
int complainOfMemory();

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_COMMANDS_H
