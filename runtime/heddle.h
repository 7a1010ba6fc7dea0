/* Heddle's C interface: opening a compiled model, sessions, calls, generated text.
 *
 * A compiled model exports the same under its own name (gpt2.h: gpt2_open, gpt2_step, ...); those functions are thin and
 * documented there with the model's shapes. This header is what they stand on.
 *
 *   model     a program with its weights, mapped once and read-only, and its threads. Any number of host threads may use
 *             one model at the same time, each with a session of its own.
 *   session   the memory of a conversation: rows with their own lengths, caches, states, and working memory. Everything
 *             is laid out when it opens; calls allocate nothing. One call at a time.
 *   call      one entry of the model over some rows of a session.
 *
 * Functions that can fail return a heddle_status or, where they return a pointer, NULL; a count is then -1.
 * heddle_last_error() says why, in one line and in the model's words. No function ends the process or prints: NULL, negative
 * numbers and numbers out of range are HEDDLE_BAD_ARGUMENT, an allocation or a thread that the system refuses is
 * HEDDLE_OUT_OF_MEMORY, and the same call may succeed later.
 * A zeroed options struct, or NULL in its place, means the defaults. Shared with the compiler, by way of abi.h.
 *
 * What a host has to see to:
 *   pointers  that are not NULL must point to as much as the call reads or writes.
 *   stack     a thread needs 128 KiB of it. Calls of an entry, heddle_generate's too, need in addition what the model's code
 *             takes: some 400 KiB where it has attention, up to 3 MiB with convolutions. Where there is less, they return
 *             HEDDLE_OUT_OF_MEMORY and say how much it is. The model's own threads have what they need.
 *   the file  weights are mapped, not copied. Whoever truncates their file while a model is open has the system raise SIGBUS
 *             in whatever reads beyond its new end. Replace a file by renaming another one over it, or copy the weights
 *             (heddle_use_huge_pages).
 *   fork      leaves a model's threads behind: open models in the child. */
#ifndef HEDDLE_RUNTIME_HEDDLE_H
#define HEDDLE_RUNTIME_HEDDLE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of these functions and structs: a host is compiled with the header of its model's version. */
#define HEDDLE_INTERFACE_VERSION 12u

#define HEDDLE_API __attribute__((visibility("default")))

typedef enum heddle_status {
  HEDDLE_OK = 0,
  HEDDLE_BAD_ARGUMENT = 1,
  HEDDLE_BAD_FILE = 2,
  HEDDLE_OUT_OF_MEMORY = 3,
  HEDDLE_NOT_SUPPORTED = 4,
  HEDDLE_CONTEXT_FULL = 5
} heddle_status;

/* Element types of inputs and outputs. Indices and integers are HEDDLE_I32. */
typedef enum heddle_type {
  HEDDLE_F32 = 0,
  HEDDLE_BF16 = 1,
  HEDDLE_F16 = 2,
  HEDDLE_I32 = 3,
  HEDDLE_I64 = 4,
  HEDDLE_I8 = 5,
  HEDDLE_BOOL = 6 /* one byte, 0 or 1 */
} heddle_type;

typedef struct heddle_program heddle_program; /* what the compiler emits: runtime/abi.h */
typedef struct heddle_entry heddle_entry;
typedef struct heddle_model heddle_model;
typedef struct heddle_session heddle_session;

/* Why the last failing function of this thread failed; "" if none did. Valid until the thread's next failure. */
HEDDLE_API const char *heddle_last_error(void);

/* --- Models ------------------------------------------------------------------------------------------------------ */

typedef struct heddle_open_options {
  const char *weights;    /* the packed weights file. NULL: carried by the executable or shared library FILE that the
                             program is part of, else FILE.weights, else the file beside it that has the name which the
                             weights were given when they were packed (OUT.weights) */
  int32_t threads;        /* 0: one a core that this process may use (affinity and cgroup limits) */
  int32_t check_tensors;  /* 1: also verify the checksum of every weight byte, which reads the whole file */
} heddle_open_options;

HEDDLE_API heddle_model *heddle_open(const heddle_program *program, const heddle_open_options *options);
/* Copies the weights into huge pages of this process: reading them costs fewer address translations, which counts where
 * memory is the limit, as when writing text. It takes the time of a copy and memory that is shared with no other process. To
 * be called before there is a session. */
HEDDLE_API heddle_status heddle_use_huge_pages(heddle_model *model);
/* From now on all calls of the model are timed, op by op, and those of the small model that drafts for it: what a program's --profile=FILE
 * does. Calls of several threads wait for each other meanwhile, so that each has its time for itself. Reads all weights once. */
HEDDLE_API heddle_status heddle_profile_start(heddle_model *model);
/* Ends that, and writes what it found: JSON that Perfetto and chrome://tracing read as a trace, with totals of ops in "heddle". To set
 * them against what the machine can do, that is measured first, for about a second on all threads. `path` NULL: nothing is written. */
HEDDLE_API heddle_status heddle_profile_write(heddle_model *model, const char *path);
/* No function may be given the model any more; closing it twice is such a mistake. Its sessions go on: the last of them to
 * be closed frees it, and so does a function that is running on another thread. NULL is allowed. */
HEDDLE_API void heddle_close(heddle_model *model);

/* --- What a model is ----------------------------------------------------------------------------------------------- */

typedef struct heddle_named_id {
  const char *name;
  int32_t id;
} heddle_named_id;

typedef struct heddle_prompt {
  const char *name, *text;
} heddle_prompt;

/* How vectors of texts are compared (heddle_similarity). */
typedef enum heddle_similarity_kind {
  HEDDLE_COSINE = 0,
  HEDDLE_PRODUCT = 1,
  HEDDLE_EUCLIDEAN_DISTANCE = 2, /* distances are negative, so that more alike is more */
  HEDDLE_MANHATTAN_DISTANCE = 3
} heddle_similarity_kind;

/* What it points to lives as long as the model. */
typedef struct heddle_model_info {
  const char *name;
  int64_t rows;            /* the most of one call */
  int64_t context;         /* the most positions of a row: tokens of a text with what is written behind it, or of one that is read */
  int64_t vocabulary;      /* token ids are less; 0: no entry reads or writes any */
  int64_t embedding_width; /* numbers in the vector of a text; 0: heddle_embed makes none */
  int32_t entry_count, size_count;
  int32_t has_tokenizer;   /* 1: texts are read and written (heddle_tokenize) */
  int32_t generates;       /* 1: heddle_generate writes */
  int32_t chats;           /* 1: conversations are written down (heddle_chat_render) and answered (heddle_chat_answer) */
  int32_t special_token_count;
  const heddle_named_id *special_tokens; /* as the checkpoint names them: "eos" ... */
  int32_t end_count;
  int32_t prompt_count;
  const int32_t *ends;           /* tokens that end a text */
  const heddle_prompt *prompts;  /* what sentence-transformers puts before texts that become vectors */
  int32_t default_prompt;        /* the one that is put where none is asked for; -1: none */
  int32_t similarity;            /* a heddle_similarity_kind */
  int32_t template_count;
  const heddle_prompt *templates; /* of chats: names, and sources of Jinja */
} heddle_model_info;

HEDDLE_API heddle_status heddle_describe(const heddle_model *model, heddle_model_info *info);

#define HEDDLE_MOST_DIMENSIONS 16
#define HEDDLE_MOST_SIZES 8

/* A number that calls of the model decide: `dyn T in min..max step s per B`. */
typedef struct heddle_size_info {
  const char *name;
  int64_t min, max, step;
  int32_t per_row; /* 1: every row has its own */
  int32_t counts_rows;
  int32_t grows_by; /* the size that it adds up over the calls of a session; -1: none */
} heddle_size_info;

typedef struct heddle_entry_info {
  const char *name;
  int32_t input_count, output_count;
  int32_t length_count;                /* the arrays of `lengths` in heddle_call, and */
  int32_t lengths[HEDDLE_MOST_SIZES];  /* the numbers of their sizes */
  int32_t keeps;                       /* 1: it reads or writes what rows of the session hold */
} heddle_entry_info;

typedef struct heddle_value_info {
  const char *name;
  const char *axes; /* as in the model file: "B T D" */
  heddle_type type;
  int32_t rank;
  int64_t dims[HEDDLE_MOST_DIMENSIONS]; /* a length; -1 - s: the model's size number s; 0: made of sizes (heddle_output_shape) */
  int32_t has_default; /* 1: an input that may be left out, all default_value then */
  int32_t index_bound; /* indices are less; 0: they are no indices */
  double default_value;
} heddle_value_info;

/* NULL behind the last. */
HEDDLE_API const heddle_entry *heddle_entry_at(const heddle_model *model, int32_t number);
HEDDLE_API heddle_status heddle_describe_size(const heddle_model *model, int32_t number, heddle_size_info *info);
HEDDLE_API heddle_status heddle_describe_entry(const heddle_model *model, const heddle_entry *entry, heddle_entry_info *info);
HEDDLE_API heddle_status heddle_describe_input(const heddle_model *model, const heddle_entry *entry, int32_t number,
                                               heddle_value_info *info);
HEDDLE_API heddle_status heddle_describe_output(const heddle_model *model, const heddle_entry *entry, int32_t number,
                                                heddle_value_info *info);

/* --- Sessions ---------------------------------------------------------------------------------------------------- */

typedef struct heddle_session_options {
  int64_t rows;    /* rows the session keeps, and the most rows of one call. 0: the most the model takes */
  int64_t tokens;  /* the most positions given in one call, all rows together. 0: the most the model takes. Where attention sees a
                      window, a row keeps that and so many positions more, not its context */
  int64_t context; /* positions a row can hold. 0: the most the model takes */
} heddle_session_options;

/* Reserves address space for the maxima; memory is only spent on what calls touch. */
HEDDLE_API heddle_session *heddle_session_open(heddle_model *model, const heddle_session_options *options);
/* No function may be given the session any more. A call that is running, on another thread or around the callback that
 * closes, frees it when it is done. NULL is allowed. */
HEDDLE_API void heddle_session_close(heddle_session *session);
/* Positions held by a row: what earlier calls appended to its caches. Not while another thread's call is running. */
HEDDLE_API int64_t heddle_session_length(const heddle_session *session, int64_t row);
/* Forgets a row's positions from `length` on; 0 begins anew. HEDDLE_NOT_SUPPORTED where the row does not keep what it would go on
 * from: of values that a recurrence carries any, of a window's what was left behind it. */
HEDDLE_API heddle_status heddle_session_rewind(heddle_session *session, int64_t row, int64_t length);

/* --- Calls ------------------------------------------------------------------------------------------------------- */

/* NULL if the model has no such entry. */
HEDDLE_API const heddle_entry *heddle_entry_named(const heddle_model *model, const char *name);

/* Runs an entry over `rows` rows.
 *   lengths       what the model's sizes are in this call: one array for each size named in the entry's inputs, other
 *                 than the row size and sizes that accumulate, in order of declaration. A size declared `per B` has
 *                 `rows` numbers, any other size one. For ids: V[B T] that is one array, the number of tokens of each row.
 *   session_rows  which row of the session each row of the call continues; NULL: 0, 1, 2, ...
 *   inputs        a pointer an input: elements row after row without padding, e.g. all ids of row 0, then all of row 1.
 *                 NULL where the input has a default.
 *   outputs       a pointer an output, packed alike; heddle_output_elements says how much is written.
 * After a failure the session is as it was before the call. */
HEDDLE_API heddle_status heddle_call(heddle_session *session, const heddle_entry *entry, int64_t rows,
                                     const int64_t *const *lengths, const int64_t *session_rows,
                                     const void *const *inputs, void *const *outputs);

/* How many elements output number `output` of such a call holds, or -1. */
HEDDLE_API int64_t heddle_output_elements(heddle_session *session, const heddle_entry *entry, int64_t rows,
                                          const int64_t *const *lengths, const int64_t *session_rows, int32_t output);

/* The dimensions of output number `output` in row `row` of such a call: as many numbers as it has dimensions. */
HEDDLE_API heddle_status heddle_output_shape(heddle_session *session, const heddle_entry *entry, int64_t rows,
                                             const int64_t *const *lengths, const int64_t *session_rows, int32_t output,
                                             int64_t row, int64_t *shape);

/* --- Text (only in programs with a tokenizer) ---------------------------------------------------------------------- */

/* Flags of heddle_tokenize, added up. */
#define HEDDLE_TOKENIZE_PLAIN 1     /* no special tokens around the text */
#define HEDDLE_TOKENIZE_TEXT_ONLY 2 /* special tokens written out in the text (<|im_end|>) are text like any other: what a
                                       user writes cannot end his turn. To build a chat, tokenize the template's own parts
                                       with flags 1, what users wrote with flags 3, and hand the ids to heddle_generate */
/* Writes up to `capacity` ids of a UTF-8 text, with the model's special tokens around it unless `flags` say otherwise, and
 * returns how many there are in all, or -1. A text has at most a GiB. */
HEDDLE_API int64_t heddle_tokenize(heddle_model *model, const char *text, int64_t bytes, int32_t flags, int32_t *ids,
                                   int64_t capacity);
/* The same of two texts that belong together, such as a question and what may answer it, with special tokens between them.
 * `types` gets as many numbers: which of the two an id belongs to, as the model counts them. */
HEDDLE_API int64_t heddle_tokenize_pair(heddle_model *model, const char *first, int64_t first_bytes, const char *second,
                                        int64_t second_bytes, int32_t flags, int32_t *ids, int32_t *types,
                                        int64_t capacity);
/* Writes up to `capacity` bytes of the ids' text (no terminating zero) and returns how many there are in all, or -1. */
HEDDLE_API int64_t heddle_detokenize(heddle_model *model, const int32_t *ids, int64_t count, char *text,
                                     int64_t capacity);
/* The same with special tokens (<|im_end|>) in the text. */
HEDDLE_API int64_t heddle_detokenize_special(heddle_model *model, const int32_t *ids, int64_t count, char *text,
                                             int64_t capacity);

/* When a search with beams is over: when so many texts have ended as there are beams, and no beam is expected to end better. */
typedef enum heddle_early_stopping {
  HEDDLE_EARLY_STOPPING_NO = 1,   /* expected: at the length that it has now */
  HEDDLE_EARLY_STOPPING_YES = 2,  /* nothing is expected of them */
  HEDDLE_EARLY_STOPPING_NEVER = 3 /* expected: at the length that is best for its score */
} heddle_early_stopping;

#define HEDDLE_RESUME_COMMON 2

/* Where tokens come from that a text may go on with, before the model has said so: it reads several of them in one call, and keeps
 * those that it chooses itself. The text is the same, token for token. */
typedef enum heddle_speculation {
  HEDDLE_SPECULATE_NONE = 0,
  HEDDLE_SPECULATE_LOOKUP = 1, /* what followed the same words before, in the prompt or the text */
  HEDDLE_SPECULATE_MODEL = 2   /* a small model that the program was built with (heddle build --speculate) */
} heddle_speculation;

/* What is 0 or NULL is as the model's generation_config.json has it and, where that says nothing, until the text's end, the most
 * probable token, all tokens, no penalty, no beams, one text, length penalty 1, early stopping NO. */
typedef struct heddle_generate_options {
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
  int32_t resume;            /* 1: continue what the session's rows hold (an empty prompt just goes on); HEDDLE_RESUME_COMMON: each
                                prompt is the whole text, and what its row holds is its beginning, which is not read again (a
                                chat: rewind the row to what both have in common); 0: begin anew */
  int32_t text_only;         /* 1: special tokens written out in prompts are text, as with HEDDLE_TOKENIZE_TEXT_ONLY */
  const float *const *sources; /* where the first entry reads pictures or sound: its input, a row each, in place of prompts */
  const char *language, *task; /* of speech, by names of generation_config.json ("en", "translate"). NULL: as it says, else the
                                  language that the model takes it for */
  int32_t beams;             /* how many texts are searched side by side for the most probable one, with temperature 0 and without
                                resume; 1: none but the one that is written */
  const float *length_penalty; /* a text's score is the sum of its tokens' log probabilities, divided by their number to this
                                power: what is more than 0 is for longer texts */
  int32_t early_stopping;    /* a heddle_early_stopping */
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
  int32_t speculate;         /* a heddle_speculation. Not with beams, and not in models that carry values from step to step */
  int64_t *speculated;       /* where to write two numbers: how many tokens were drafted, and how many of them the model chose.
                                NULL: nowhere */
} heddle_generate_options;

/* Called for every new token with the text that it completes: UTF-8, `bytes` long, possibly empty. When a row ends, it is
 * called once more with token -1 and what text was held back. A result other than 0 ends the row. Within it the session is
 * in use: it may be closed, and its lengths read. A search with beams knows its texts when it is over, and gives them then. */
typedef int32_t (*heddle_token_callback)(void *user, int64_t row, int32_t token, const char *text, int64_t bytes);

/* Extends every prompt token by token: the loop of the model's `generate` declaration. */
HEDDLE_API heddle_status heddle_generate(heddle_session *session, const heddle_generate_options *options,
                                         heddle_token_callback callback, void *user);
/* Writes what holds where a host says nothing, as the checkpoint's generation_config.json has it; all else is zero. */
HEDDLE_API heddle_status heddle_describe_generation(const heddle_model *model, heddle_generate_options *options);

/* --- Vectors of texts (only in programs with a tokenizer and an entry that gives a vector a row) ---------------------- */

typedef struct heddle_embed_options {
  const char *entry;  /* the entry that makes them; NULL: `sentence`, else the first that can */
  const char *prompt; /* the name of what is put before every text (heddle_model_info.prompts); NULL: the model's default; "": nothing */
  int32_t text_only;  /* 1: special tokens written out in texts are text, as with HEDDLE_TOKENIZE_TEXT_ONLY */
  int64_t *tokens;    /* where to write of every text how many tokens were read; NULL: nowhere */
  int64_t *cut;       /* and how many at its end were left out, as the model does not take so many */
} heddle_embed_options;

/* Writes the vectors of `count` texts (UTF-8, zero-terminated), heddle_embedding_width numbers each; with an entry asked for, as
 * many as its output has. Texts share calls, of at most as many rows as the session has and some 2,000 tokens, in its rows from 0
 * on; a text's vector does not depend on the others. */
HEDDLE_API heddle_status heddle_embed(heddle_session *session, int64_t count, const char *const *texts,
                                      const heddle_embed_options *options, float *vectors);
/* 0: the model makes no vectors of texts. -1: there is no model. */
HEDDLE_API int64_t heddle_embedding_width(const heddle_model *model);
/* How alike two vectors are, as the model's kind has it: more alike is more. NAN without a model or vectors. */
HEDDLE_API double heddle_similarity(const heddle_model *model, const float *a, const float *b, int64_t width);

/* --- Conversations (only in programs whose checkpoint has a chat template) -------------------------------------------- */

typedef struct heddle_chat_options {
  const char *tools;         /* JSON: the list of tools that the model may call; NULL: none */
  const char *template_name; /* NULL: `tool_use` where there are tools and such a template, else `default`, else the only one */
  const char *variables;     /* JSON: an object of what else the template reads, {"enable_thinking": false}; NULL: nothing */
  int32_t without_answer;    /* 1: what begins the model's answer is left out (add_generation_prompt is false) */
} heddle_chat_options;

/* Writes up to `capacity` bytes of the text that the checkpoint's template makes of a conversation (no terminating zero) and
 * returns how many there are in all, or -1. `messages` is JSON: [{"role": "user", "content": "..."}, ...]. The text has the
 * special tokens that it needs: it is to be tokenized with HEDDLE_TOKENIZE_PLAIN. */
HEDDLE_API int64_t heddle_chat_render(heddle_model *model, const char *messages, const heddle_chat_options *options,
                                      char *text, int64_t capacity);
/* Answers a conversation in row 0 of the session: what the row holds of it from the last call is not read again. The other rows
 * are not touched. Of `generation` (NULL: all defaults) the prompts, rows, resume and beams are heddle_chat_answer's own. */
HEDDLE_API heddle_status heddle_chat_answer(heddle_session *session, const char *messages, const heddle_chat_options *options,
                                     const heddle_generate_options *generation, heddle_token_callback callback, void *user);

/* --- All of it --------------------------------------------------------------------------------------------------------- */

/* The functions of this header in one compiled model, for hosts that are not written for it alone (heddle.hpp, Python): what
 * NAME_interface() returns, and heddle_model_interface() of every shared library, which may be loaded by its path alone. NULL where
 * the model has no use for a function. */
typedef struct heddle_interface {
  uint32_t version; /* HEDDLE_INTERFACE_VERSION of the compiler */
  uint32_t bytes;   /* of this struct */
  const heddle_program *program;
  const char *(*last_error)(void);
  heddle_model *(*open)(const heddle_program *, const heddle_open_options *);
  heddle_status (*use_huge_pages)(heddle_model *);
  heddle_status (*profile_start)(heddle_model *);
  heddle_status (*profile_write)(heddle_model *, const char *);
  void (*close)(heddle_model *);
  heddle_status (*describe)(const heddle_model *, heddle_model_info *);
  heddle_status (*describe_size)(const heddle_model *, int32_t, heddle_size_info *);
  heddle_status (*describe_entry)(const heddle_model *, const heddle_entry *, heddle_entry_info *);
  heddle_status (*describe_input)(const heddle_model *, const heddle_entry *, int32_t, heddle_value_info *);
  heddle_status (*describe_output)(const heddle_model *, const heddle_entry *, int32_t, heddle_value_info *);
  heddle_session *(*session_open)(heddle_model *, const heddle_session_options *);
  void (*session_close)(heddle_session *);
  int64_t (*session_length)(const heddle_session *, int64_t);
  heddle_status (*session_rewind)(heddle_session *, int64_t, int64_t);
  const heddle_entry *(*entry_named)(const heddle_model *, const char *);
  const heddle_entry *(*entry_at)(const heddle_model *, int32_t);
  heddle_status (*call)(heddle_session *, const heddle_entry *, int64_t, const int64_t *const *, const int64_t *,
                        const void *const *, void *const *);
  int64_t (*output_elements)(heddle_session *, const heddle_entry *, int64_t, const int64_t *const *, const int64_t *, int32_t);
  heddle_status (*output_shape)(heddle_session *, const heddle_entry *, int64_t, const int64_t *const *, const int64_t *, int32_t,
                                int64_t, int64_t *);
  int64_t (*tokenize)(heddle_model *, const char *, int64_t, int32_t, int32_t *, int64_t);
  int64_t (*tokenize_pair)(heddle_model *, const char *, int64_t, const char *, int64_t, int32_t, int32_t *, int32_t *, int64_t);
  int64_t (*detokenize)(heddle_model *, const int32_t *, int64_t, char *, int64_t);
  int64_t (*detokenize_special)(heddle_model *, const int32_t *, int64_t, char *, int64_t);
  heddle_status (*generate)(heddle_session *, const heddle_generate_options *, heddle_token_callback, void *);
  heddle_status (*describe_generation)(const heddle_model *, heddle_generate_options *);
  heddle_status (*embed)(heddle_session *, int64_t, const char *const *, const heddle_embed_options *, float *);
  int64_t (*embedding_width)(const heddle_model *);
  double (*similarity)(const heddle_model *, const float *, const float *, int64_t);
  int64_t (*chat_render)(heddle_model *, const char *, const heddle_chat_options *, char *, int64_t);
  heddle_status (*chat_answer)(heddle_session *, const char *, const heddle_chat_options *, const heddle_generate_options *,
                        heddle_token_callback, void *);
} heddle_interface;

#ifdef __cplusplus
}
#endif
#endif
