//===- HeaderTexts.h - what the header of every model says ----------------===//
//
// Parts of the C header, of which a model has those that it has a use for
// (Header.cpp). What they declare is runtime/heddle.h's; a test compares the
// structs.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_HEADERTEXTS_H
#define HEDDLE_COMPILER_CODEGEN_HEADERTEXTS_H

#include "llvm/ADT/StringRef.h"

namespace heddle::codegen::header {

// $ stands for the model's name, @ for the same in capitals, % for the name of
// the weights file. Parameters as in runtime/heddle.h, whose
// functions these are.
inline constexpr llvm::StringLiteral opening =
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

inline constexpr llvm::StringLiteral lifetime =
    R"(#ifdef __cplusplus
extern "C" {
#endif

typedef struct $_model $_model;
typedef struct $_session $_session;
struct heddle_model_info;
struct heddle_interface;

/* Why the last failing function of this thread failed; "" if none did. Valid until the thread's next failure. */
const char *$_last_error(void);

/* Maps the weights and starts the threads. Any number of host threads may share a model, each with a session of its own.
 *   weights  the packed weights file; NULL: carried by this program or library, else % beside it
 *   threads  0: one a core that this process may use */
$_model *$_open(const char *weights, int32_t threads);
/* Copies the weights into huge pages: faster where memory is the limit, for the time of a copy and memory that is shared with
 * no other process. Before there is a session. */
int32_t $_use_huge_pages($_model *model);
/* From now on all calls are timed, op by op; those of several threads wait for each other. */
int32_t $_profile_start($_model *model);
/* Ends that, and writes what it found to the file `path`, as --profile=FILE of a program does: a trace for Perfetto, with totals.
 * Measures the machine for about a second first. NULL: nothing is written. */
int32_t $_profile_write($_model *model, const char *path);
/* What the model is, in heddle.h's words. */
int32_t $_describe(const $_model *model, struct heddle_model_info *info);
/* All functions of heddle.h in this model, for heddle.hpp and other hosts that are not written for it alone. */
const struct heddle_interface *$_interface(void);
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

inline constexpr llvm::StringLiteral text =
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

inline constexpr llvm::StringLiteral generation =
    R"(/* When a search with beams is over: when so many texts have ended as there are beams, and no beam is expected to end
 * better, at the length that it has now (NO), at all (YES), or at the length that is best for its score (NEVER). */
#define @_EARLY_STOPPING_NO 1
#define @_EARLY_STOPPING_YES 2
#define @_EARLY_STOPPING_NEVER 3

/* Where tokens come from that a text may go on with, before the model has said so: it reads several of them in one call, and keeps
 * those that it chooses itself, so that the text is the same. Nowhere, what followed the same words before, or a small model that the program was built with. */
#define @_SPECULATE_NONE 0
#define @_SPECULATE_LOOKUP 1
#define @_SPECULATE_MODEL 2

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
  const char *json_schema;   /* UTF-8: what is written is one JSON value that keeps to this schema; a text ends with it. What of the
                                schema is not computed is refused by its name and place. Not with beams. NULL: any text */
  int32_t timestamps;        /* 1: of speech, tokens for when something is said stand before and behind it, as Whisper has them */
  int32_t speculate;         /* @_SPECULATE_... Not with beams, and not in models that carry values from step to step */
  int64_t *speculated;       /* where to write two numbers: how many tokens were drafted, and how many of them the model chose.
                                NULL: nowhere */
} $_generate_options;

/* Called for every new token with the text that it completes: UTF-8, `bytes` long, possibly empty. When a row ends, it is
 * called once more with token -1 and what text was held back. A result other than 0 ends the row. A search with beams
 * knows its texts when it is over, and gives them then. */
typedef int32_t (*$_token_callback)(void *user, int64_t row, int32_t token, const char *text, int64_t bytes);

/* Extends every prompt token by token. */
int32_t $_generate($_session *session, const $_generate_options *options, $_token_callback callback, void *user);
/* Writes what holds where a host says nothing; all else is zero. */
int32_t $_describe_generation(const $_model *model, $_generate_options *options);

)";

inline constexpr llvm::StringLiteral vectors =
    R"(typedef struct $_embed_options {
  const char *entry;  /* the entry that makes the vectors; NULL: `sentence`, else the first that can */
  const char *prompt; /* the name of what is put before every text; NULL: the model's default; "": nothing */
  int32_t text_only;  /* 1: special tokens written out in texts are text */
  int64_t *tokens;    /* where to write of every text how many tokens were read; NULL: nowhere */
  int64_t *cut;       /* and how many at its end were left out, as the model does not take so many */
} $_embed_options;

/* Writes the vectors of `count` texts (UTF-8, zero-terminated), @_EMBEDDING_WIDTH numbers each; with an entry asked for, as many
 * as its output has. Texts share calls; a text's vector does not depend on the others. */
int32_t $_embed($_session *session, int64_t count, const char *const *texts, const $_embed_options *options, float *vectors);
/* How alike two vectors are, as the model was trained for: more alike is more. */
double $_similarity(const $_model *model, const float *a, const float *b, int64_t width);

)";

inline constexpr llvm::StringLiteral conversations =
    R"(typedef struct $_chat_options {
  const char *tools;         /* JSON: the list of tools that the model may call; NULL: none */
  const char *template_name; /* NULL: `tool_use` where there are tools and such a template, else `default`, else the only one */
  const char *variables;     /* JSON: an object of what else the template reads; NULL: nothing */
  int32_t without_answer;    /* 1: what begins the model's answer is left out */
} $_chat_options;

/* Writes up to `capacity` bytes of the text that the checkpoint's template makes of a conversation (no terminating zero) and
 * returns how many there are in all, or -1. `messages` is JSON: [{"role": "user", "content": "..."}, ...]. */
int64_t $_chat_render($_model *model, const char *messages, const $_chat_options *options, char *text, int64_t capacity);
)";

inline constexpr llvm::StringLiteral answers =
    R"(/* Answers a conversation in row 0 of the session: what the row holds of it from the last call is not read again. Of
 * `generation` (NULL: all defaults) the prompts, rows, resume and beams are its own. */
int32_t $_chat_answer($_session *session, const char *messages, const $_chat_options *options,
                      const $_generate_options *generation, $_token_callback callback, void *user);
)";

inline constexpr llvm::StringLiteral closing = R"(#ifdef __cplusplus
}
#endif
#endif
)";

} // namespace heddle::codegen::header

#endif // HEDDLE_COMPILER_CODEGEN_HEADERTEXTS_H
