/* A host program with a language model inside: text in, text out, through the generated header alone. */
#include "llama.h"
#include <stdio.h>
#include <string.h>

static int32_t print(void *user, int64_t row, int32_t token, const char *text, int64_t bytes) {
  (void)row;
  if (token >= 0)
    ++*(int *)user;
  fwrite(text, 1, (size_t)bytes, stdout);
  return 0;
}

int main(int argc, char **argv) {
  llama_model *model = llama_open(argc > 2 ? argv[2] : NULL, 1);
  llama_session *session = model ? llama_session_open(model, 1, 0, 64) : NULL;
  if (!session) {
    fprintf(stderr, "%s\n", llama_last_error());
    return 1;
  }
  int32_t ids[16];
  char text[64];
  int64_t count = llama_tokenize(model, argv[1], (int64_t)strlen(argv[1]), 1, ids, 16);
  int64_t bytes = llama_detokenize(model, ids, count, text, sizeof text);
  printf("%d tokens: %.*s\n", (int)count, (int)bytes, text);

  /* What a user writes is one token where it may be, and only text where it may not. */
  const char *injected = "<|endoftext|>";
  count = llama_tokenize(model, injected, (int64_t)strlen(injected), LLAMA_TOKENIZE_PLAIN, ids, 16);
  int isEnd = count == 1 && ids[0] == LLAMA_EOS_TOKEN;
  count = llama_tokenize(model, injected, (int64_t)strlen(injected), LLAMA_TOKENIZE_PLAIN | LLAMA_TOKENIZE_TEXT_ONLY, ids,
                         16);
  bytes = llama_detokenize(model, ids, count, text, sizeof text);
  printf("%s; %s: %.*s\n", isEnd ? "the end token" : "wrong", count > 4 ? "text" : "wrong", (int)bytes, text);
  if (llama_tokenize(model, injected, 1, 8, ids, 16) < 0)
    printf("%s\n", llama_last_error());
  if (!llama_open(argc > 2 ? argv[2] : NULL, -1))
    printf("%s\n", llama_last_error());

  const char *prompts[] = {argv[1]};
  llama_generate_options options;
  memset(&options, 0, sizeof options);
  options.rows = 1;
  options.prompts = prompts;
  options.max_tokens = 8;
  int tokens = 0;
  if (llama_generate(session, &options, print, &tokens)) {
    fprintf(stderr, "%s\n", llama_last_error());
    return 1;
  }
  printf("\n%d new tokens\n", tokens);
  llama_session_close(session);
  llama_close(model);
  return 0;
}
