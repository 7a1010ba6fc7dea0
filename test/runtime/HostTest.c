/* A host in strict C99: the interface headers are C, and the runtime needs nothing but libc and libm. With arguments it
 * is the command line of a compiled program, so that all archives are linked. */
#include "runtime/abi.h"

#include <stdio.h>
#include <string.h>

#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: expected %s (last error: %s)\n", __FILE__, __LINE__, #condition, heddle_last_error());   \
      return 1;                                                                                                        \
    }                                                                                                                  \
  } while (0)

enum { SIZE_T_AXIS };

static void square(void *context, int64_t i) {
  const heddle_frame *frame = (const heddle_frame *)context;
  const float *x = (const float *)frame->inputs[0];
  float *y = (float *)frame->outputs[0];
  y[i] = x[i] * x[i];
}

static int32_t squares(heddle_frame *frame) {
  frame->parallel_for(frame->pool, square, frame, frame->sizes[SIZE_T_AXIS]);
  return HEDDLE_OK;
}

/* dyn T in 1..100; entry squares(x: [T]) -> [T] */
static const heddle_size sizes[] = {{"T", 1, 100, 1, -1, -1}};
static const heddle_term t = {1, 1, {1}};
static const heddle_polynomial dims[] = {{1, &t}};
static const heddle_value input = {"x", "T", HEDDLE_F32, 1, dims, {1, &t}, 0, 0, 0, 0};
static const heddle_value output = {"y", "T", HEDDLE_F32, 1, dims, {1, &t}, 0, 0, 0, 0};
static const heddle_entry entry = {"squares", 1, 1, &input, &output, squares, {0, NULL}, 0, 0, 0, 0, 0, 0};
static const heddle_program program = {.abi_version = HEDDLE_ABI_VERSION,
                                       .name = "squares",
                                       .size_count = 1,
                                       .entry_count = 1,
                                       .sizes = sizes,
                                       .entries = &entry,
                                       .row_size = -1};

int main(int argc, char **argv) {
  if (argc > 1)
    return heddle_main(&program, argc, argv);
  heddle_open_options options = {NULL, 2, 0};
  heddle_model *model = heddle_open(&program, &options);
  EXPECT(model);
  heddle_session *session = heddle_session_open(model, NULL);
  EXPECT(session);

  float x[100], y[100];
  int64_t length = 100;
  const int64_t *lengths[] = {&length};
  const void *inputs[] = {x};
  void *outputs[] = {y};
  for (int i = 0; i < 100; ++i)
    x[i] = (float)i;
  EXPECT(heddle_call(session, heddle_entry_named(model, "squares"), 1, lengths, NULL, inputs, outputs) == HEDDLE_OK);
  for (int i = 0; i < 100; ++i)
    EXPECT(y[i] == (float)(i * i));

  length = 101;
  EXPECT(heddle_call(session, &entry, 1, lengths, NULL, inputs, outputs) == HEDDLE_BAD_ARGUMENT);
  EXPECT(!strcmp(heddle_last_error(), "T is 101, the model takes 1 to 100"));

  heddle_session_close(session);
  heddle_close(model);
  return 0;
}
