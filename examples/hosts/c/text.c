/* text PROMPT: writes on from a prompt, token by token. */
#include "writer.h"
#include <stdio.h>

static int32_t print(void *user, int64_t row, int32_t token, const char *text, int64_t bytes) {
  (void)user, (void)row, (void)token;
  fwrite(text, 1, (size_t)bytes, stdout);
  return fflush(stdout); /* anything but 0 ends the text */
}

int main(int argc, char **argv) {
  const char *prompt = argc > 1 ? argv[1] : "And God said";
  writer_model *model = writer_open(NULL, 0);
  writer_session *session = model ? writer_session_open(model, 1, 0, 0) : NULL;
  writer_generate_options options = {0}; /* 0: as the checkpoint has it */
  options.rows = 1;
  options.prompts = &prompt;
  options.max_tokens = 24;
  options.temperature = -1; /* always the most probable token */
  fputs(prompt, stdout);
  if (!session || writer_generate(session, &options, print, NULL)) {
    fprintf(stderr, "error: %s\n", writer_last_error());
    return 1;
  }
  putchar('\n');
  writer_session_close(session);
  writer_close(model);
  return 0;
}
