/* A host that knows only the generated header: opens the model, calls it over two rows of 1 and 2 positions. */
#include "double.h"
#include <stdio.h>

int main(void) {
  double_model *model = double_open(NULL, 1);
  double_session *session = model ? double_session_open(model, 2, 8, 0) : NULL;
  if (!session) {
    printf("failed: %s\n", double_last_error());
    return 1;
  }
  const int64_t lengths[] = {1, 2};
  const float x[9] = {1, 2, 3, 10, 20, 30, 0.5f, 0.25f, 0.125f};
  float y[9];
  if (double_twice(session, 2, lengths, x, y)) {
    printf("failed: %s\n", double_last_error());
    return 1;
  }
  for (int i = 0; i < 9; ++i)
    printf("%g%c", y[i], i == 8 ? '\n' : ' ');

  const int64_t tooLong[] = {1, 9};
  printf("%d: %s\n", double_twice(session, 2, tooLong, x, y), double_last_error());
  double_session_close(session);
  double_close(model);
  return 0;
}
