/* The contract between the code that Heddle generates and the runtime it is linked with.
 *
 * The compiler emits one constant `heddle_program` (symbol `heddle_program_NAME`) and one function an entry; the runtime
 * interprets the descriptor, maps the weights, lays out sessions and calls entries with a `heddle_frame`.
 * Everything here is plain C, 64-bit little endian, and versioned by HEDDLE_ABI_VERSION. Shared with the compiler.
 *
 * Vocabulary
 *   size      a named dimension known at run time (`dyn T in 1..512 per B`). Sizes are numbered in order of declaration.
 *   ragged    a size declared `per B`: every row b of B has its own value.
 *   monomial  a product of sizes, e.g. B*T*S. With ragged factors it means the sum over rows: sum_b T_b * S_b (the row
 *             size B itself is then what the sum counts). Sizes which are not ragged multiply every row's share.
 *   slot      an entry of the weight table or the cache table; one per use of a path in the call tree of the entries.
 *             Slots with equal paths point to the same bytes (tied weights).
 */
#ifndef HEDDLE_RUNTIME_ABI_H
#define HEDDLE_RUNTIME_ABI_H

#include "runtime/heddle.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_ABI_VERSION HEDDLE_INTERFACE_VERSION
#define HEDDLE_MAX_SIZES HEDDLE_MOST_SIZES
#define HEDDLE_MAX_INPUTS 32 /* of an entry */

/* A size known at run time. `per` is the index of the size whose rows each have their own value, or -1. */
typedef struct heddle_size {
  const char *name;
  int64_t min, max, step;
  int32_t per;
  /* Index of the size that this one accumulates over a session (`cache(k, T -> S)`: S has grows_by = T), or -1.
   * S_b is then (positions already held by row b) + T_b. */
  int32_t grows_by;
} heddle_size;

/* coefficient * product of size[i]^power[i]; the coefficient is numerator / denominator. */
typedef struct heddle_term {
  int64_t numerator, denominator;
  int8_t power[HEDDLE_MAX_SIZES];
} heddle_term;

typedef struct heddle_polynomial {
  int32_t count;
  const heddle_term *terms;
} heddle_polynomial;

/* What the frame holds of a monomial during one call. rows is NULL unless a factor is ragged; then
 * rows[b] is the sum over rows before b (in elements of the monomial) and rows[B] == total. */
typedef struct heddle_extent {
  int64_t total;
  const int64_t *rows;
} heddle_extent;

/* An argument or result of an entry: element type and named shape, rows packed (see README.md of runtime). */
typedef struct heddle_value {
  const char *name;
  const char *axes; /* as in the model file: "B T D" */
  heddle_type type;
  int32_t rank;
  const heddle_polynomial *dims; /* one a dimension, outermost first; ragged dims give the size of one row */
  heddle_polynomial elements;    /* how many elements a call holds in all: sum over rows */
  int32_t has_default;           /* 1: may be left out, then filled with default_value */
  int32_t index_bound;           /* indices into an axis: exclusive upper bound, checked before the call; else 0 */
  double default_value;
  int32_t content;               /* HEDDLE_NUMBERS, HEDDLE_IMAGE or HEDDLE_AUDIO: what files it may be read from */
} heddle_value;

#define HEDDLE_NUMBERS 0
#define HEDDLE_IMAGE 1
#define HEDDLE_AUDIO 2

/* A session buffer: keys or values kept between calls, or a `state`. Row b of a session holds up to the session's
 * capacity positions of position_bytes each. Within the row they lie in streams, one behind the other, each with its equal share of
 * every position: keys of four heads are four streams of capacity positions. */
typedef struct heddle_cache {
  const char *path;
  int64_t position_bytes;
  int32_t size;   /* the size counted in positions: S for a cache, M for `state memory: [B M D]`; -1: one per row */
  int32_t is_state;
  int32_t streams; /* at least 1, and position_bytes is a multiple */
  /* 0, or how many positions a query reads at most: its own and those before. Of a row the session then keeps a ring of
   * `capacity` positions, position p at p mod capacity, which is a multiple of HEDDLE_RING_UNIT unless all positions fit. It holds
   * window - 1 positions more than a call may append. */
  int64_t window;
} heddle_cache;

#define HEDDLE_RING_UNIT 128

/* Work that the profile counts by itself: an op of a function, in one run of that function, all rows of the call together. */
typedef struct heddle_site {
  const char *name;        /* "layer: linear attn.c_attn [B T 3*H*K]" */
  heddle_polynomial flops; /* multiplications and additions of products and attention; else 0 */
  heddle_polynomial bytes; /* of products and attention: weights, keys and values; else all operands and results */
  int32_t arithmetic;      /* the heddle_type that products multiply in: F32, BF16, I8 */
  const char *place;       /* "llama.heddle:37:12", of the model file; NULL: nobody knows */
  const char *layer;       /* the block that a loop runs and that it is in: "layer"; NULL: no loop runs it */
  int32_t first_layer;     /* the number of the loop's first turn */
  int32_t counts_layers;   /* 1: it runs once a turn; 0: as often as data say, in the turn that began last */
} heddle_site;

struct heddle_frame;

struct heddle_entry {
  const char *name;
  int32_t input_count, output_count;
  const heddle_value *inputs;
  const heddle_value *outputs;
  /* Returns 0, or a code from heddle_status. */
  int32_t (*function)(struct heddle_frame *);
  heddle_polynomial arena_bytes;      /* upper bound for sizes as in this call */
  int32_t generates;                  /* 0: no; 1: runs once before the loop; 2: the step of `generate` */
  int32_t weight_slot, cache_slot;    /* where this entry's rows of the slot tables begin; the code adds them itself */
  uint32_t grows;                     /* bit s: appends to caches counted in size s, which has grows_by */
  uint32_t sets;                      /* bit s: sets a state counted in size s: its lengths hold for later calls */
  uint32_t reads;                     /* bit s: reads a state counted in size s, which an earlier call must have set */
};

typedef struct heddle_ids {
  int32_t count;
  const int32_t *ids;
} heddle_ids;

/* How the checkpoint would have texts generated, as generation_config.json says (compiler/checkpoint/Generation.h). The length of
 * a text counts its prompt or, where an encoder has read that, the token which begins the decoder's text. */
typedef struct heddle_generation {
  int64_t max_tokens, max_length; /* new tokens; length at which a text ends; 0: not said */
  int64_t min_tokens, min_length; /* before so many, no token ends the text */
  float temperature;              /* 0: the most probable token (do_sample is false) */
  float top_p, min_p;             /* 1 and 0: all tokens */
  float repetition_penalty;       /* 1: none */
  int32_t top_k;                  /* 0: all tokens */
  int32_t no_repeat_ngram;        /* no run of so many tokens occurs twice; 0: it may */
  int32_t begin;                  /* reads a prompt without tokens as this one (bos_token_id); -1: there is none */
  int32_t decoder_start;          /* begins the text of a decoder whose encoder has read the prompt; -1: there is none */
  int32_t forced_begin;           /* the token chosen behind a text of length 1; -1: any */
  heddle_ids ends;                /* tokens that end a text */
  heddle_ids forced_ends;         /* one of these is the last token of a text that its greatest length ends; none: any */
  heddle_ids suppressed, begin_suppressed; /* never chosen; not chosen first */
  int32_t bad_word_count;
  const heddle_ids *bad_words;    /* runs of tokens that are not chosen, each at least one long */
  int32_t opening_count;          /* behind decoder_start stand so many tokens more before the text, each the likeliest of its list */
  const heddle_ids *opening;
  int32_t language_count, task_count; /* what a caller may choose for the opening: of speech, the language and what to write of it */
  const heddle_named_id *languages, *tasks;
  int32_t beams;                  /* texts that are searched side by side; 0 and 1: one (num_beams) */
  int32_t texts;                  /* of a prompt that has beams, the best so many; 0: one (num_return_sequences) */
  float length_penalty;           /* a text's score is the sum of its log probabilities by its new tokens to this power */
  int32_t early_stopping;         /* a heddle_early_stopping; 0: no */
  int32_t renormalize;            /* 1: what the rules leave of a distribution is made one again, which only scores feel */
  float typical_p;                /* 0 and 1: all tokens */
  int32_t no_timestamps;          /* of speech, the token that says that no times are noted; those behind it are the times; -1: none */
  int32_t latest_begin;           /* a text that notes times begins with this one of them at the latest; -1: with any */
  int32_t stop_count;
  const char *const *stops;       /* a text ends with the token that completes one of them, and keeps it (stop_strings) */
} heddle_generation;

#define HEDDLE_MOST_OPENING 16

/* How sentence-transformers would have vectors made and compared (compiler/checkpoint/SentenceTransformers.h). */
typedef struct heddle_sentences {
  int32_t similarity; /* a heddle_similarity_kind */
  int32_t prompt_count;
  int32_t default_prompt; /* index of the one that holds where none is asked for; -1: none */
  const heddle_prompt *prompts; /* put before the user's text */
} heddle_sentences;

/* How the checkpoint would have conversations written down (compiler/checkpoint/ChatTemplates.h). */
typedef struct heddle_chat {
  int32_t template_count, token_count;
  const heddle_prompt *templates; /* sources of Jinja; `default`, if it is there, is the one for most conversations */
  const heddle_prompt *tokens;    /* what templates know of the tokenizer: `bos_token` … */
  /* The conversation of a program's command line, in libheddle_main.a; returns the exit code. NULL without a command line. The
   * last argument is not used: the type is that of a heddle_reader. */
  int32_t (*run)(heddle_model *model, const void *arguments, void *unused);
} heddle_chat;
int32_t heddle_run_chat(heddle_model *model, const void *arguments, void *unused);

/* What the numbers of an entry answer, as the checkpoint's architecture has it (compiler/checkpoint/Answers.h). */
#define HEDDLE_ANSWER_LABELS 1       /* [B Z]: of a text, two texts or a picture, a number for each label */
#define HEDDLE_ANSWER_TOKEN_LABELS 2 /* [B T Z]: the same of each token */
#define HEDDLE_ANSWER_MASKS 3        /* [B T V]: which token stands at each place */
#define HEDDLE_ANSWER_SPANS 4        /* [B T 2]: where in the second text an answer begins, and where it ends */
#define HEDDLE_ANSWER_LIKENESS 5     /* [B I]: how alike texts and pictures are */

#define HEDDLE_SCORE_NUMBER 0 /* what the numbers are as they come */
#define HEDDLE_SCORE_SOFTMAX 1
#define HEDDLE_SCORE_SIGMOID 2

typedef struct heddle_answer {
  int32_t kind;                /* HEDDLE_ANSWER_... */
  int32_t entry;               /* the index of the entry */
  int32_t score;               /* HEDDLE_SCORE_...: what makes its numbers scores */
  int32_t label_count;
  const char *const *labels;   /* in the order of the numbers */
  int32_t mask;                /* the token that stands for a missing one; -1: there is none */
  int32_t pad;                 /* the token that fills a text up to padded_length */
  int64_t padded_length;       /* 0: texts are as long as they are */
  int64_t most_tokens;         /* texts are cut to so many, special tokens included; 0: to what the entry reads */
  int32_t trims_spans;         /* 1: the spaces around a token are no part of where it stands */
  /* What the command line does with it, in libheddle_main.a; returns the exit code. NULL without a command line. The last argument
   * is not used: the type is that of a heddle_reader. */
  int32_t (*run)(heddle_model *model, const void *arguments, void *unused);
} heddle_answer;
int32_t heddle_answer_labels(heddle_model *model, const void *arguments, void *unused);
int32_t heddle_answer_token_labels(heddle_model *model, const void *arguments, void *unused);
int32_t heddle_answer_masks(heddle_model *model, const void *arguments, void *unused);
int32_t heddle_answer_spans(heddle_model *model, const void *arguments, void *unused);
int32_t heddle_answer_likeness(heddle_model *model, const void *arguments, void *unused);

/* What becomes of a picture, in this order, as preprocessor_config.json says (compiler/checkpoint/Preprocessor.h). */
typedef struct heddle_image_steps {
  int32_t resize;                   /* HEDDLE_RESIZE_... */
  int32_t width, height;            /* the size, or `width` is the shorter edge's */
  int32_t filter;                   /* as Pillow numbers them: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, 5 Hamming */
  int32_t crop_width, crop_height;  /* the picture's middle, black around what is smaller; 0: all of it */
  float mean[3], deviation[3];      /* of red, green and blue: (scale * byte - mean) / deviation; 0 and 1: not */
  double scale;
} heddle_image_steps;

#define HEDDLE_RESIZE_NONE 0
#define HEDDLE_RESIZE_TO_SIZE 1
#define HEDDLE_RESIZE_SHORTER_EDGE 2

/* What becomes of sound: Whisper's features (runtime/media/LogMel.cpp). */
typedef struct heddle_audio_steps { /* with mels 0: no features, but how many samples a sound has is the shape */
  int32_t sampling_rate, fft, hop, mels;
  int64_t samples; /* each sound is made so long */
  float padding;   /* what is put behind a shorter one */
  int64_t most;    /* a longer one that has no more than so many is as long as it is; 0: there are none */
} heddle_audio_steps;

/* Numbers that were read from a file; to be freed with free(). */
typedef struct heddle_reading {
  int32_t rank;
  int64_t shape[3];
  float *elements;
} heddle_reading;

/* Reads a file by the steps of its kind. In libheddle_media.a: linked where heddle_program names it. */
typedef heddle_status (*heddle_reader)(const char *path, const void *steps, heddle_reading *reading);
heddle_status heddle_read_image(const char *path, const void *steps, heddle_reading *reading);
heddle_status heddle_read_audio(const char *path, const void *steps, heddle_reading *reading);

/* heddle_program.flags: a prompt may be given in several calls (no predicate of attention admits a later key). */
#define HEDDLE_PREFILL_IN_CHUNKS 1u

/* The entries' code once more, for processors that can do more. */
typedef struct heddle_version {
  uint32_t cpu_level;       /* what it needs, as in heddle_program */
  const char *cpu_features;
  int32_t (*const *functions)(struct heddle_frame *); /* one an entry, for heddle_entry.function */
} heddle_version;

struct heddle_program {
  uint32_t abi_version;
  uint32_t cpu_level;     /* what the code needs: 0 baseline, 2 to 4 x86-64-v2 to -v4 */
  uint64_t fingerprint;   /* must equal the packed weights file's */
  const char *name;
  int32_t size_count, monomial_count, entry_count, cache_count;
  int32_t weight_slot_count, cache_slot_count;
  const heddle_size *sizes;
  const heddle_term *monomials;       /* coefficients are 1; the order of frame->extents */
  const heddle_entry *entries;
  const heddle_cache *caches;
  const int32_t *cache_slots;         /* cache_slot_count indices into caches */
  int32_t row_size;                   /* the size that counts rows (B), or -1: every call has one row */
  uint32_t flags;
  const char *cpu_features;           /* needed beyond cpu_level, as LLVM names them: "avx512vnni,avx512bf16"; or NULL */
  const heddle_site *sites;           /* numbered as the code marks them */
  int32_t site_count;
  const char *weights_file;           /* the packed weights' name where they lie beside the program; NULL: NAME.weights */
  const heddle_generation *generation; /* NULL: the checkpoint says nothing about it */
  const heddle_sentences *sentences;   /* NULL: the same */
  const int64_t *weight_bytes;         /* by weight slot: how many bytes from its beginning the code may read */
  int64_t stack_bytes;                 /* that an entry's function may take, and each task that it gives to parallel_for */
  const heddle_image_steps *image_steps; /* NULL: the checkpoint does not say what becomes of pictures */
  const heddle_audio_steps *audio_steps; /* the same of sound */
  heddle_reader read_image, read_audio;  /* NULL where there are no steps, and where nobody would call it: only a command line does */
  const heddle_chat *chat;               /* NULL: the checkpoint has no chat template, or none that Heddle executes */
  const heddle_named_id *special_tokens; /* as the checkpoint names them: "bos", "eos" ... */
  int32_t special_token_count;
  /* The HTTP server of a program's command line, in libheddle_serve.a; returns the exit code. NULL where nobody asked for it when it
   * was built (--serve). The last argument is not used, as with heddle_chat.run. */
  int32_t (*serve)(heddle_model *model, const void *arguments, void *unused);
  const heddle_answer *answer;           /* NULL: what the entries give is numbers */
  int32_t version_count;
  const heddle_version *versions;        /* the one that needs most first: the first that the processor can execute is used */
  const struct heddle_program *draft;    /* a small model of the same tokens that drafts texts (--speculate); NULL: there is none.
                                            Its packed weights lie behind this program's */
};

int32_t heddle_serve(heddle_model *model, const void *arguments, void *unused);

/* Where a cache keeps the rows of a session. Row b of a call lies at data + rows[b] * capacity * position_bytes. */
typedef struct heddle_cache_view {
  uint8_t *data;
  int64_t capacity;    /* positions a session row can hold */
  const int64_t *rows; /* session row of each row of the call; never NULL. Of states it may be the same for several rows */
} heddle_cache_view;

/* parallel_for: calls fn(context, i) for i in [0, n), on the program's own threads, and returns when all are done.
 * Which thread runs which i is not fixed: results may not depend on it. */
typedef void (*heddle_task)(void *context, int64_t index);
typedef void (*heddle_parallel_for)(void *pool, heddle_task fn, void *context, int64_t n);

/* One call of one entry. The generated code reads it by byte offset. */
typedef struct heddle_frame {
  void *const *inputs;                 /*  0 */
  void *const *outputs;                /*  8 */
  uint8_t *arena;                      /* 16 */
  const void *const *weights;          /* 24: weight slot table of the program: weight_slot_count pointers */
  const heddle_cache_view *caches;     /* 32: cache slot table of the program: cache_slot_count views */
  const heddle_extent *extents;        /* 40: by monomial */
  const int64_t *sizes;                /* 48: by size; ragged: the maximum over rows */
  void *pool;                          /* 56 */
  heddle_parallel_for parallel_for;    /* 64 */
  void *profile;                       /* 72: what mark() writes to */
  void (*mark)(struct heddle_frame *, int32_t site); /* 80: the work of a site is done; never NULL */
  int64_t arena_bytes;                 /* 88 */
} heddle_frame;

/* What code with checks of its bounds calls before every access: ends the process with a message unless 0 <= index < length.
 * `where` is the place in the model file and the kind of access. */
void heddle_check_bounds(int64_t index, int64_t length, const char *where);

/* The command line of a compiled program, in libheddle_main.a; returns the exit code. */
HEDDLE_API int32_t heddle_main(const heddle_program *program, int32_t argc, char **argv);

/* The packed weights file, appended to the program (at a page boundary) or beside it:
 *   heddle_file_header, heddle_section[section_count], then the sections' bytes, each at a multiple of 64.
 * Offsets count from the header. An executable that carries one ends with a heddle_file_footer. The sections lie in the order of
 * their table, and do not overlap. Behind file_bytes may follow, at a page boundary, the packed weights of heddle_program.draft, as a
 * file of the same form.
 * Sections: "slots"     int64 a weight slot: offset of its tensor within "tensors" (multiples of 64)
 *           "tensors"   packed tensors in the layouts the kernels read
 *           "tokenizer" tables for runtime/text (absent: the model has no tokenizer)
 * Checksums are heddle_checksum (runtime/checksum.h). header_checksum covers the header with that field zero, and the section table. */
#define HEDDLE_FILE_MAGIC 0x31574544444548ull /* "HEDDEW1" */
#define HEDDLE_FOOTER_MAGIC 0x46574544444548ull /* "HEDDEWF" */
#define HEDDLE_FILE_VERSION 1u
#define HEDDLE_PAGE 4096

typedef struct heddle_file_header {
  uint64_t magic;
  uint32_t version, section_count;
  uint64_t fingerprint; /* of the slot layout; equals heddle_program.fingerprint */
  uint64_t file_bytes;  /* header, sections and padding */
  uint64_t header_checksum;
} heddle_file_header;

typedef struct heddle_section {
  char name[16];
  uint64_t offset, bytes, checksum;
} heddle_section;

typedef struct heddle_file_footer {
  uint64_t header_offset; /* from the start of the executable */
  uint64_t magic;
} heddle_file_footer;

#ifdef __cplusplus
}
#endif
#endif
