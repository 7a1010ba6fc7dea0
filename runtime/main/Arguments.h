// The command line of a compiled program, read into one struct.
#ifndef HEDDLE_RUNTIME_MAIN_ARGUMENTS_H
#define HEDDLE_RUNTIME_MAIN_ARGUMENTS_H

#include "runtime/abi.h"
#include "runtime/generate/BeamSearch.h"
#include "runtime/text/Buffer.h"
#include "runtime/text/Sampler.h"

namespace heddle::runtime {

template <typename T> using List = text::Buffer<T>;

/// `--in ids=ids.npy`: a value of an entry and its file. The name may be left
/// out where there is only one.
struct Binding {
  int32_t call; // index into Arguments::calls
  const char *option;
  std::string_view name;
  const char *value;
};

/// Of `serve`, where the program has a server.
struct ServeOptions {
  const char *name = nullptr; // of the model, as requests say it
  const char *host = "127.0.0.1";
  int64_t port = 8080;
  int64_t parallel = 8;       // texts that are written side by side
  int64_t queue = 256;        // requests that may wait
  int64_t body = 4 << 20;     // bytes of a request
  int64_t timeout = 600;      // seconds of a request
  const char *keys = nullptr; // the file of those that are let in
};

/// Of `bench`. What is empty is as ArgumentParser has it.
struct BenchOptions {
  List<int64_t> prompts; // lengths of prompts
  List<int64_t> depths;  // what texts are written behind
  List<int64_t> rows;    // of batches
  List<int64_t> threads; // 0: one a core
  int64_t tokens = 128;  // of a text
  int64_t repetitions = 5;
};

struct Arguments {
  // Text: prompts or sentences; none means standard input.
  List<const char *> texts;
  List<const char *> named;        // --text, where no entry is called
  List<const char *> pairs;        // what belongs to a text
  const char *pairsFile = nullptr; // the same, a line each
  const char *searched = nullptr;  // the file of vectors,
  const char *textsFile = nullptr; // and the texts that they are of
  int32_t top = 0;                 // the best so many; 0: not said
  List<const char *> ids;          // prompts as numbers: 12,7,99
  List<const char *> sources; // pictures or sounds that texts are written of
  const char *language = nullptr, *task = nullptr; // of what is written
  const char *sourceLanguage = nullptr;            // of what is translated
  int64_t tokens = 128; // new tokens; 0 (-n -1): until the model ends the text
  bool tokensGiven = false;      // on the command line
  text::SamplerOptions sampling; // of the checkpoint, where not given
  BeamOptions search;            // likewise
  List<const char *> stops;      // strings that end a text
  List<int32_t> biased;          // tokens whose logits are changed,
  List<float> biases;            // and by how much
  int32_t samples = 1;           // texts of each prompt
  int32_t speculate = HEDDLE_SPECULATE_NONE; // a heddle_speculation
  int32_t likeliest = 0; // tokens that are told beside the chosen one
  bool echo = true;      // print the prompt before its continuation
  // Special tokens written out in a text are read as text.
  bool plainText = false;
  bool special = false;    // special tokens that are written are printed
  bool timestamps = false; // when things are said is told
  bool lines = false;      // of standard input, each a prompt
  bool chat = false;       // texts are turns of a conversation
  const char *system = nullptr, *tools = nullptr; // of it
  const char *jsonSchema = nullptr; // the file of a schema that texts keep to,
  text::Text schema;                // and what it holds, with a zero behind it
  const char *session = nullptr;    // the file that it goes on from
  enum Format { Table, Lines, Json, Npy, Srt, Vtt } format = Table;
  bool formatGiven = false;
  const char *out = nullptr; // of embeddings
  const char *entry = nullptr;
  const char *prompt = nullptr; // the name of what is put before texts

  bool serve = false; // over HTTP
  ServeOptions serving;
  bool bench = false; // measures how fast the program is
  BenchOptions benching;

  // Entries by name, called one after the other in one session.
  List<const heddle_entry *> calls;
  // --in, --out, --lengths, --rows, --text, --pair
  List<Binding> bindings;

  const char *weights = nullptr;
  int32_t threads = 0; // 0: one a core
  int64_t context = 0;
  const char *profileFile = nullptr; // where a trace of the run is written
  bool profile = false, checkWeights = false, hugePages = false;
  bool help = false, info = false, version = false;
};

/// Reads the command line. False if something is wrong with it, which has been
/// printed.
bool parseArguments(const heddle_program &program, int argc, char **argv,
                    Arguments &arguments);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_ARGUMENTS_H
