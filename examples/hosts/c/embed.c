/* embed TEXT...: how alike each text is to the first. */
#include "embedder.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  embedder_model *model = embedder_open(NULL, 0);
  embedder_session *session = model ? embedder_session_open(model, 0, 0, 0) : NULL;
  float *vectors = calloc((size_t)argc * EMBEDDER_EMBEDDING_WIDTH, sizeof(float));
  if (!session || !vectors || embedder_embed(session, argc - 1, (const char *const *)argv + 1, NULL, vectors)) {
    fprintf(stderr, "error: %s\n", embedder_last_error());
    return 1;
  }
  for (int i = 0; i < argc - 1; ++i) {
    const float *vector = vectors + i * EMBEDDER_EMBEDDING_WIDTH;
    printf("%6.3f  %s\n", embedder_similarity(model, vectors, vector, EMBEDDER_EMBEDDING_WIDTH), argv[1 + i]);
  }
  free(vectors);
  embedder_session_close(session);
  embedder_close(model);
  return 0;
}
