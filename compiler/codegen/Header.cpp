//===- Header.cpp - the C header of one compiled model --------------------===//

#include "compiler/codegen/Interface.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::codegen;

/// "B*T*384" read as a count: ragged sizes are summed over the rows.
static std::string elementCount(const Program &program,
                                const ProgramValue &value) {
  bool ragged = llvm::any_of(program.sizes, [&](const ProgramSize &size) {
    return !size.per.empty() &&
           llvm::is_contained(value.elements.names(), size.name);
  });
  return value.elements.str() + (ragged ? " (summed over rows)" : "");
}

/// As a constant of the value's own type: 0 of an int, 0.5 of a float.
static std::string defaultText(const ProgramValue &value) {
  double number = *value.defaultValue;
  switch (value.type) {
  case ElementType::F32:
  case ElementType::BF16:
  case ElementType::F16: {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.9g", number);
    return text;
  }
  default:
    return std::to_string(static_cast<int64_t>(number));
  }
}

static void writeValue(const Program &program, const ProgramValue &value,
                       bool isInput, llvm::raw_ostream &os) {
  os << " *   " << llvm::left_justify(value.name, 14) << "[" << value.axes
     << "], row after row: " << elementCount(program, value) << " elements";
  if (value.indexBound)
    os << ", each 0 to " << value.indexBound - 1;
  if (isInput && value.defaultValue)
    os << "; NULL: all " << defaultText(value);
  os << "\n";
}

static void writeSizes(const Program &program, const EntrySignature &signature,
                       llvm::raw_ostream &os) {
  auto range = [](const ProgramSize &size) {
    return llvm::formatv(
               "{0} to {1}{2}", size.min, size.max,
               size.step == 1
                   ? ""
                   : llvm::formatv(", a multiple of {0}", size.step).str())
        .str();
  };
  if (signature.hasRows) {
    const ProgramSize &rows =
        program.sizes[sizeIndex(program, program.rowSize)];
    os << " *   " << llvm::left_justify(rows.name, 14)
       << "rows of this call: " << range(rows) << "\n";
  }
  for (const ProgramSize *size : signature.lengths)
    os << " *   " << llvm::left_justify(size->name, 14)
       << (size->per.empty()
               ? ""
               : size->name + " of each row, " + size->per + " numbers: ")
       << range(*size) << "\n";
  if (signature.hasSessionRows)
    os << " *   session_rows  which row of the session each row continues; "
          "NULL: 0, 1, 2, ...\n";
}

static void writeEntry(const Program &program, const ProgramEntry &entry,
                       llvm::raw_ostream &os) {
  EntrySignature signature = entrySignature(program, entry);
  os << "/* Entry `" << entry.name << "`.\n";
  writeSizes(program, signature, os);
  for (const ProgramValue &input : entry.inputs)
    writeValue(program, input, /*isInput=*/true, os);
  os << " * Writes\n";
  for (const ProgramValue &output : entry.outputs)
    writeValue(program, output, /*isInput=*/false, os);
  os << " */\n";
  os << "int32_t " << program.name << "_" << entry.name << "(";
  llvm::interleaveComma(signature.parameters, os,
                        [&](const InterfaceParameter &parameter) {
                          os << parameter.type << parameter.name;
                        });
  os << ");\n\n";
}

// $ stands for the model's name, @ for the same in capitals, % for the name of
// the weights file. Parameters as in runtime/heddle.h, whose
// functions these are.
static constexpr llvm::StringLiteral opening =
    R"(/* $: a model compiled by Heddle. Generated; do not edit.
 *
 * Functions that return int32_t return 0, or a code other than 0; those that return a pointer, NULL, and those that count,
 * -1, on failure. $_last_error() then says why in one line. No function ends the process or prints,
 * whatever arguments it is given as NULL or out of range. A thread that calls them needs 128 KiB of stack, and for entries
 * what their code takes in addition: some 400 KiB where there is attention. They refuse to run where there is less.
 * Arrays hold rows one after the other without padding, each row with its own length. */
#ifndef HEDDLE_MODEL_@_H
#define HEDDLE_MODEL_@_H

#include <stdint.h>

)";

static constexpr llvm::StringLiteral lifetime =
    R"(#ifdef __cplusplus
extern "C" {
#endif

typedef struct $_model $_model;
typedef struct $_session $_session;

/* Why the last failing function of this thread failed; "" if none did. Valid until the thread's next failure. */
const char *$_last_error(void);

/* Maps the weights and starts the threads. Any number of host threads may share a model, each with a session of its own.
 *   weights  the packed weights file; NULL: carried by this program or library, else % beside it
 *   threads  0: one a core that this process may use */
$_model *$_open(const char *weights, int32_t threads);
/* Copies the weights into huge pages: faster where memory is the limit, for the time of a copy and memory that is shared with
 * no other process. Before there is a session. */
int32_t $_use_huge_pages($_model *model);
/* Sessions that are still open keep it until they are closed as well. NULL is allowed. */
void $_close($_model *model);

/* The memory of a conversation: rows with their own lengths, and working memory. Calls allocate nothing.
 *   rows     rows that the session keeps, and the most of one call; 0: the most the model takes
 *   tokens   the most positions given in one call, all rows together; 0: the most the model takes
 *   context  positions that a row can hold; 0: the most the model takes */
$_session *$_session_open($_model *model, int64_t rows, int64_t tokens, int64_t context);
/* While a call runs, the call frees it when it is done. NULL is allowed. */
void $_session_close($_session *session);
/* Positions held by a row: what earlier calls appended. */
int64_t $_session_length(const $_session *session, int64_t row);
/* Forgets a row's positions from `length` on; 0 begins anew. */
int32_t $_session_rewind($_session *session, int64_t row, int64_t length);

)";

static constexpr llvm::StringLiteral text =
    R"(/* Flags of $_tokenize, added up. */
#define @_TOKENIZE_PLAIN 1     /* no special tokens around the text */
#define @_TOKENIZE_TEXT_ONLY 2 /* special tokens written out in the text are text: what a user writes cannot end his turn */
/* Writes up to `capacity` ids of a UTF-8 text, with the model's special tokens around it unless `flags` say otherwise, and
 * returns how many there are in all, or -1. */
int64_t $_tokenize($_model *model, const char *text, int64_t bytes, int32_t flags, int32_t *ids, int64_t capacity);
/* The same of two texts that belong together, such as a question and what may answer it, with special tokens between them.
 * `types` gets as many numbers: which of the two an id belongs to, as the model counts them. */
int64_t $_tokenize_pair($_model *model, const char *first, int64_t first_bytes, const char *second, int64_t second_bytes,
                        int32_t flags, int32_t *ids, int32_t *types, int64_t capacity);
/* Writes up to `capacity` bytes of the ids' text (no terminating zero) and returns how many there are in all, or -1. */
int64_t $_detokenize($_model *model, const int32_t *ids, int64_t count, char *text, int64_t capacity);
/* The same with special tokens (<|im_end|>) in the text. */
int64_t $_detokenize_special($_model *model, const int32_t *ids, int64_t count, char *text, int64_t capacity);

)";

static constexpr llvm::StringLiteral generation =
    R"(/* When a search with beams is over: when so many texts have ended as there are beams, and no beam is expected to end
 * better, at the length that it has now (NO), at all (YES), or at the length that is best for its score (NEVER). */
#define @_EARLY_STOPPING_NO 1
#define @_EARLY_STOPPING_YES 2
#define @_EARLY_STOPPING_NEVER 3

/* What is 0 or NULL is as the model's generation_config.json has it and, where that says nothing, until the text's end, the most
 * probable token, all tokens, no penalty, no beams, one text, length penalty 1, early stopping NO. */
typedef struct $_generate_options {
  int64_t rows;                     /* how many prompts; prompt b uses row b of the session, with beams the `beams` rows from row
                                       b * beams on, which are empty afterwards */
  const char *const *prompts;       /* UTF-8, zero-terminated; or NULL, and then */
  const int32_t *const *prompt_ids; /* token ids, prompt_lengths[b] of them */
  const int64_t *prompt_lengths;
  int64_t max_tokens;        /* new tokens a row; -1: until the model ends the text or the context is full */
  float temperature;         /* -1: always the most probable token */
  int32_t top_k;             /* -1: all tokens */
  float top_p, min_p;        /* 1 and -1: all tokens */
  float repetition_penalty;  /* 1: none */
  uint64_t seed;
  int32_t resume;            /* 1: continue what the session's rows hold; 2: prompts are whole texts, whose
                                beginning their rows hold (a chat); 0: begin anew */
  int32_t text_only;         /* 1: special tokens written out in prompts are text */
  const float *const *sources; /* where the first entry reads pictures or sound: its input, a row each, in place of prompts */
  const char *language, *task; /* of speech, by names of generation_config.json. NULL: as it says */
  int32_t beams;             /* texts that are searched side by side for the most probable one, with temperature 0 and without
                                resume; 1: none but the one that is written */
  const float *length_penalty; /* a text's score is the sum of its tokens' log probabilities, divided by their number to this
                                power: what is more than 0 is for longer texts */
  int32_t early_stopping;    /* @_EARLY_STOPPING_... */
  int32_t texts;             /* how many texts a prompt gets, the best of its beams in falling order: text k of prompt b is row
                                b * texts + k for the callback. As many as there are beams at most */
  float *scores;             /* where to write the score of every text, rows * texts of them; -INFINITY where a prompt has fewer
                                texts. NULL: nowhere. Only for a search with beams */
  int32_t special_tokens;    /* 1: special tokens that are written are part of the text */
  float typical_p;           /* draws from the tokens whose probability is nearest to what is expected; 1: all tokens */
  float presence_penalty;    /* what the logit of a token that the new text has loses; 0: nothing */
  float frequency_penalty;   /* and as often as the new text has it */
  const int32_t *biased_tokens; /* logits that are changed before all else, bias_count of them, */
  const float *biases;       /* by so much */
  int32_t bias_count;
  const char *const *stops;  /* UTF-8: where one of them comes up, a text ends before it. Not with beams */
  int32_t stop_count;
  int32_t likeliest;         /* how many tokens the callback is to know; 0: none. Not with beams */
  int32_t *likeliest_tokens; /* written before it is called with a token: 1 + likeliest of them, that token and the likeliest by the */
  float *log_probabilities;  /* model's own distribution, whatever was chosen of it; and the logs of their probabilities */
} $_generate_options;

/* Called for every new token with the text that it completes: UTF-8, `bytes` long, possibly empty. When a row ends, it is
 * called once more with token -1 and what text was held back. A result other than 0 ends the row. A search with beams
 * knows its texts when it is over, and gives them then. */
typedef int32_t (*$_token_callback)(void *user, int64_t row, int32_t token, const char *text, int64_t bytes);

/* Extends every prompt token by token. */
int32_t $_generate($_session *session, const $_generate_options *options, $_token_callback callback, void *user);

)";

static constexpr llvm::StringLiteral closing = R"(#ifdef __cplusplus
}
#endif
#endif
)";

static void writeTemplate(llvm::StringRef part, const Program &program,
                          llvm::raw_ostream &os) {
  for (char c : part) {
    if (c == '$')
      os << program.name;
    else if (c == '@')
      os << llvm::StringRef(program.name).upper();
    else if (c == '%')
      os << weightsFileName(program);
    else
      os << c;
  }
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

namespace {

/// `#define GPT2_CONTEXT 1024` and what it is.
struct HeaderConstant {
  std::string name;
  int64_t value;
  std::string meaning;
};

} // namespace

static const ProgramEntry *stepOf(const Program &program) {
  auto step = llvm::find_if(program.entries, [](const ProgramEntry &entry) {
    return entry.generates == GenerateRole::Step;
  });
  return step == program.entries.end() ? nullptr : &*step;
}

static std::optional<int64_t> width(const ProgramValue &value) {
  return value.dims.empty() ? std::nullopt : value.dims.back().asConstant();
}

/// The logits' width; of a model that writes nothing, the bound of the ids that
/// its first entry reads.
static std::optional<int64_t> vocabularyOf(const Program &program) {
  if (const ProgramEntry *step = stepOf(program))
    return step->outputs.empty() ? std::nullopt : width(step->outputs[0]);
  for (const ProgramEntry &entry : program.entries)
    if (!entry.inputs.empty() && entry.inputs[0].indexBound)
      return entry.inputs[0].indexBound;
  return std::nullopt;
}

/// Positions that a row can hold: of sizes that grow over calls, else of the
/// size that each row has its own of, if there is only one.
static std::optional<int64_t> contextOf(const Program &program) {
  std::optional<int64_t> grown, given;
  int ragged = 0;
  for (const ProgramSize &size : program.sizes) {
    if (!size.growsBy.empty())
      grown = std::max(grown.value_or(0), size.max);
    else if (!size.per.empty() && ++ragged)
      given = size.max;
  }
  return grown || ragged != 1 ? grown : given;
}

static std::vector<HeaderConstant> constantsOf(const Program &program) {
  std::vector<HeaderConstant> constants;
  std::optional<int64_t> vocabulary = vocabularyOf(program);
  if (vocabulary)
    constants.push_back({"VOCABULARY", *vocabulary, "token ids are less"});
  if (std::optional<int64_t> context = contextOf(program))
    constants.push_back(
        {"CONTEXT", *context, "the most positions that a row can hold"});
  if (int rows = sizeIndex(program, program.rowSize); rows >= 0)
    constants.push_back(
        {"ROWS", program.sizes[rows].max, "the most rows of a call"});
  for (const ProgramEntry &entry : program.entries) {
    const ProgramValue *output =
        entry.outputs.empty() ? nullptr : &entry.outputs[0];
    if (!output || output->type != ElementType::F32 || output->dims.size() < 2)
      continue;
    if (std::optional<int64_t> numbers = width(*output);
        numbers && numbers != vocabulary)
      constants.push_back({llvm::StringRef(entry.name).upper() + "_DIMENSION",
                           *numbers,
                           "numbers in a vector of " + output->name + " [" +
                               output->axes + "]"});
  }
  for (const auto &[name, id] : program.specialTokens)
    constants.push_back({llvm::StringRef(name).upper() + "_TOKEN", id,
                         "the checkpoint's " + name + " token"});
  return constants;
}

static void writeConstants(const Program &program, llvm::raw_ostream &os) {
  std::string prefix = llvm::StringRef(program.name).upper() + "_";
  std::vector<HeaderConstant> constants = constantsOf(program);
  size_t longest = 0;
  for (const HeaderConstant &constant : constants)
    longest = std::max(longest, constant.name.size());
  for (const HeaderConstant &constant : constants)
    os << "#define " << prefix << llvm::left_justify(constant.name, longest)
       << " " << constant.value << " /* " << constant.meaning << " */\n";
  if (!constants.empty())
    os << "\n";
}

/// A name that a checkpoint gives, as a part of one of C's.
static std::string macroName(llvm::StringRef name) {
  std::string macro = name.upper();
  for (char &c : macro)
    if (!llvm::isAlnum(c))
      c = '_';
  return macro;
}

/// What a host has to put before its texts, since ids and not texts are what
/// entries read.
static void writePrompts(const Program &program, llvm::raw_ostream &os) {
  if (!program.sentences || program.sentences->prompts.empty())
    return;
  os << "/* Put before a text, these prompts make its vector as the model was "
        "trained for. */\n";
  llvm::StringSet<> written;
  for (auto [index, prompt] : llvm::enumerate(program.sentences->prompts)) {
    std::string name = macroName(prompt.first);
    if (!written.insert(name).second)
      continue; // two names that C cannot tell apart: the first has it
    os << "#define " << llvm::StringRef(program.name).upper() << "_PROMPT_"
       << name << " \"";
    os.write_escaped(prompt.second, /*UseHexEscapes=*/false);
    os << "\""
       << (static_cast<int>(index) == program.sentences->defaultPrompt
               ? " /* the model's default */"
               : "")
       << "\n";
  }
  os << "\n";
}

void codegen::writeHeader(const Program &program, llvm::raw_ostream &os) {
  writeTemplate(opening, program, os);
  writeConstants(program, os);
  writePrompts(program, os);
  writeTemplate(lifetime, program, os);
  for (const ProgramEntry &entry : program.entries)
    writeEntry(program, entry, os);
  if (program.hasTokenizer)
    writeTemplate(text, program, os);
  if (generatesText(program))
    writeTemplate(generation, program, os);
  writeTemplate(closing, program, os);
}
