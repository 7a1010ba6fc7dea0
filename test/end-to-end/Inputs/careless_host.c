/* Every function of a compiled model's header with NULL, negative and huge arguments, then with right ones, on threads that
 * have no more stack than the header asks for: with less, calls are refused. The model does all its work on those threads. */
#include "llama.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

/* A function that refuses says so by its result, and why. */
#define REFUSED(call) check((call) > 0, #call)
#define COUNTLESS(call) check((call) == -1, #call)
#define NOTHING(call) check((call) == NULL, #call)
#define RIGHT(condition) do { if (!(condition)) { printf("failed: %s: %s\n", #condition, llama_last_error()); ++failures; } } while (0)

static void check(int refused, const char *call) {
  if (refused && llama_last_error()[0])
    return;
  printf("not refused: %s\n", call);
  ++failures;
}

static int32_t ignore(void *user, int64_t row, int32_t token, const char *text, int64_t bytes) {
  (void)row, (void)text, (void)bytes;
  *(int64_t *)user += token >= 0;
  return 0;
}

static const int64_t least = INT64_MIN, huge = (int64_t)1 << 62;

static void misuse(llama_model *model, llama_session *session) {
  const int64_t one = 1, two = 2;
  int32_t ids[2] = {1, 2}, wrong[2] = {-1, 1 << 30};
  float *result = (float *)malloc(sizeof(float) * 2 * LLAMA_VOCABULARY);
  NOTHING(llama_open("/dev/zero", 1));
  NOTHING(llama_open(NULL, -1));
  NOTHING(llama_open(NULL, INT32_MAX));
  REFUSED(llama_use_huge_pages(NULL));
  REFUSED(llama_use_huge_pages(model)); /* there is a session */
  REFUSED(llama_profile_start(NULL));
  REFUSED(llama_profile_write(NULL, "profile.json"));
  REFUSED(llama_profile_write(model, NULL)); /* it is not profiled */
  llama_close(NULL);
  NOTHING(llama_session_open(NULL, 0, 0, 0));
  NOTHING(llama_session_open(model, -1, 0, 0));
  NOTHING(llama_session_open(model, 0, huge, 0));
  NOTHING(llama_session_open(model, 0, 0, least));
  llama_session_close(NULL);
  COUNTLESS(llama_session_length(NULL, 0));
  COUNTLESS(llama_session_length(session, -1));
  COUNTLESS(llama_session_length(session, huge));
  REFUSED(llama_session_rewind(NULL, 0, 0));
  REFUSED(llama_session_rewind(session, huge, 0));
  REFUSED(llama_session_rewind(session, 0, least));
  REFUSED(llama_step(NULL, 1, &one, NULL, ids, result));
  REFUSED(llama_step(session, 0, &one, NULL, ids, result));
  REFUSED(llama_step(session, huge, &one, NULL, ids, result));
  REFUSED(llama_step(session, 1, NULL, NULL, ids, result));
  REFUSED(llama_step(session, 1, &huge, NULL, ids, result));
  REFUSED(llama_step(session, 1, &least, NULL, ids, result));
  REFUSED(llama_step(session, 1, &one, &huge, ids, result));
  REFUSED(llama_step(session, 1, &one, NULL, NULL, result));
  REFUSED(llama_step(session, 1, &two, NULL, wrong, result));
  REFUSED(llama_step(session, 1, &one, NULL, ids, NULL));
  REFUSED(llama_score(session, -1, &two, NULL, ids, result));
  COUNTLESS(llama_tokenize(NULL, "a", 1, 0, ids, 2));
  COUNTLESS(llama_tokenize(model, NULL, 5, 0, ids, 2));
  COUNTLESS(llama_tokenize(model, "a", -1, 0, ids, 2));
  COUNTLESS(llama_tokenize(model, "a", huge, 0, ids, 2));
  COUNTLESS(llama_tokenize(model, "a", 1, -1, ids, 2));
  COUNTLESS(llama_tokenize(model, "a", 1, 0, NULL, 2));
  COUNTLESS(llama_detokenize(NULL, ids, 1, NULL, 0));
  COUNTLESS(llama_detokenize(model, NULL, 1, NULL, 0));
  COUNTLESS(llama_detokenize(model, ids, least, NULL, 0));
  COUNTLESS(llama_detokenize(model, ids, 1, NULL, 4));
  RIGHT(llama_detokenize(model, wrong, 2, NULL, 0) == 0);

  const char *none = NULL, *prompt = "And God";
  const int32_t *noIds = NULL;
  llama_generate_options options = {0};
  int64_t count = 0;
  REFUSED(llama_generate(NULL, &options, ignore, &count));
  REFUSED(llama_generate(session, NULL, ignore, &count));
  REFUSED(llama_generate(session, &options, ignore, &count));
  options.rows = 1;
  REFUSED(llama_generate(session, &options, ignore, &count));
  options.prompts = &none;
  REFUSED(llama_generate(session, &options, ignore, &count));
  options.prompts = &prompt;
  REFUSED(llama_generate(session, &options, NULL, NULL));
  options.rows = 99;
  REFUSED(llama_generate(session, &options, ignore, &count));
  options.rows = 1;
  options.prompts = NULL;
  options.prompt_ids = &noIds;
  options.prompt_lengths = &one;
  REFUSED(llama_generate(session, &options, ignore, &count));
  options.prompt_lengths = &huge;
  REFUSED(llama_generate(session, &options, ignore, &count));
  free(result);
}

static void tokenize(llama_model *model) {
  int32_t ids[16];
  const char text[] = "And God said";
  const int64_t count = llama_tokenize(model, text, sizeof text - 1, 0, ids, 16);
  RIGHT(count > 0 && count < 16);
  RIGHT(llama_detokenize(model, ids, count, NULL, 0) == sizeof text - 1);
}

static void call(llama_model *model, llama_session *session) {
  int32_t ids[LLAMA_CONTEXT];
  const char text[] = "And God said";
  const int64_t count = llama_tokenize(model, text, sizeof text - 1, 0, ids, LLAMA_CONTEXT);
  float *result = (float *)malloc(sizeof(float) * LLAMA_VOCABULARY * (size_t)count);
  RIGHT(llama_score(session, 1, &count, NULL, ids, result) == 0);
  RIGHT(llama_session_rewind(session, 0, 0) == 0);
  RIGHT(llama_step(session, 1, &count, NULL, ids, result) == 0);
  RIGHT(llama_session_length(session, 0) == count);
  free(result);
}

static void generate(llama_session *session) {
  const char *prompts[2] = {"And God said", "In the beginning"};
  llama_generate_options options = {0};
  options.rows = 2;
  options.prompts = prompts;
  options.max_tokens = 8;
  options.temperature = 0.8f;
  int64_t tokens = 0;
  RIGHT(llama_generate(session, &options, ignore, &tokens) == 0);
  RIGHT(tokens == 16);
}

static llama_model *model;
static llama_session *session;

/* On a thread with little stack. */
static void *prepare(void *unused) {
  const int64_t one = 1;
  const int32_t id = 1;
  float *result = (float *)malloc(sizeof(float) * LLAMA_VOCABULARY);
  model = llama_open(NULL, 1);
  session = llama_session_open(model, 2, 0, 0);
  RIGHT(model && session);
  misuse(model, session);
  tokenize(model);
  REFUSED(llama_step(session, 1, &one, NULL, &id, result));
  free(result);
  return unused;
}

/* On a thread with enough. */
static void *work(void *unused) {
  call(model, session);
  generate(session);
  llama_close(model); /* before its session, which keeps it */
  generate(session);
  llama_session_close(session);
  return unused;
}

static int run(void *(*function)(void *), size_t stack) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, stack) || pthread_create(&thread, &attributes, function, NULL))
    return 0;
  return !pthread_join(thread, NULL);
}

int main(void) {
  RIGHT(run(prepare, 128 << 10));
  RIGHT(failures || run(work, (128 + 400) << 10));
  printf("%d failures\n", failures);
  return failures != 0;
}
