/* chat: a conversation; each line of standard input is a turn. */
#include "talker.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The conversation as JSON, without the closing bracket; and the answer that is being written. */
static char *messages, *answer;
static size_t used, room, written;

static void append(const char *text, size_t bytes) {
  if (used + bytes + 1 > room)
    messages = realloc(messages, room = 2 * (used + bytes + 64));
  if (!messages)
    abort();
  memcpy(messages + used, text, bytes);
  messages[used += bytes] = '\0';
}

static void append_message(const char *role, const char *content, size_t bytes) {
  append(used ? ", " : "[", used ? 2 : 1);
  append("{\"role\": \"", 10), append(role, strlen(role)), append("\", \"content\": \"", 15);
  for (size_t i = 0; i < bytes; ++i) {
    char escape[8];
    unsigned char c = (unsigned char)content[i];
    if (c >= 0x20 && c != '"' && c != '\\')
      append(content + i, 1);
    else
      append(escape, (size_t)sprintf(escape, "\\u%04x", c));
  }
  append("\"}", 2);
}

static int32_t take(void *user, int64_t row, int32_t token, const char *text, int64_t bytes) {
  (void)user, (void)row, (void)token;
  answer = realloc(answer, written + (size_t)bytes + 1);
  if (!answer)
    abort();
  memcpy(answer + written, text, (size_t)bytes);
  written += (size_t)bytes;
  fwrite(text, 1, (size_t)bytes, stdout);
  return fflush(stdout);
}

int main(void) {
  talker_model *model = talker_open(NULL, 0);
  talker_session *session = model ? talker_session_open(model, 1, 0, 0) : NULL;
  talker_generate_options options = {0};
  options.max_tokens = 16;
  options.temperature = -1;
  char line[4096];
  while (session && fgets(line, sizeof line, stdin)) {
    append_message("user", line, strcspn(line, "\n"));
    append("]", 1);
    written = 0;
    /* What the session has read of the conversation is not read again. */
    if (talker_chat_answer(session, messages, NULL, &options, take, NULL))
      break;
    putchar('\n');
    messages[--used] = '\0';
    append_message("assistant", answer, written);
  }
  int failed = *talker_last_error() != '\0';
  if (failed)
    fprintf(stderr, "error: %s\n", talker_last_error());
  talker_session_close(session);
  talker_close(model);
  free(messages);
  free(answer);
  return failed;
}
