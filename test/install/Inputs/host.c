/* A host of a model: the likeliest token behind a few. */
#include "tiny.h"
#include <stdio.h>

int main(int argc, char **argv) {
  tiny_model *model = tiny_open(argc > 1 ? argv[1] : NULL, 1);
  tiny_session *session = model ? tiny_session_open(model, 1, 3, 0) : NULL;
  const int64_t length[] = {3};
  const int32_t ids[] = {5, TINY_VOCABULARY - 1, 7};
  float logits[TINY_VOCABULARY];
  if (!session || tiny_step(session, 1, length, NULL, ids, logits)) {
    printf("failed: %s\n", tiny_last_error());
    return 1;
  }
  int best = 0;
  for (int i = 1; i < TINY_VOCABULARY; ++i)
    if (logits[i] > logits[best])
      best = i;
  printf("token %d of %d, %a\n", best, TINY_VOCABULARY, logits[best]);
  tiny_session_close(session);
  tiny_close(model);
  return 0;
}
