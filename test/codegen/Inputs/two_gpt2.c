/* GPT-2 in f32 and in q8 in one program: the same answer to a prompt, nearly. */
#include "narrow.h"
#include "plain.h"
#include <math.h>
#include <stdio.h>

int main(void) {
  plain_model *plain = plain_open(NULL, 1);
  narrow_model *narrow = narrow_open(NULL, 1);
  plain_session *a = plain ? plain_session_open(plain, 1, 3, 0) : NULL;
  narrow_session *b = narrow ? narrow_session_open(narrow, 1, 3, 0) : NULL;
  if (!a || !b) {
    printf("failed: %s%s\n", plain_last_error(), narrow_last_error());
    return 1;
  }
  printf("rows %d and %d, vocabulary %d and %d\n", PLAIN_ROWS, NARROW_ROWS, PLAIN_VOCABULARY, NARROW_VOCABULARY);
  const int64_t length[] = {3};
  const int32_t ids[] = {5, PLAIN_VOCABULARY - 1, PLAIN_EOS_TOKEN};
  float exact[PLAIN_VOCABULARY], rounded[NARROW_VOCABULARY];
  if (plain_step(a, 1, length, NULL, ids, exact) || narrow_step(b, 1, length, NULL, ids, rounded)) {
    printf("failed: %s%s\n", plain_last_error(), narrow_last_error());
    return 1;
  }
  double errors = 0, squares = 0;
  for (int i = 0; i < PLAIN_VOCABULARY; ++i) {
    errors += (exact[i] - rounded[i]) * (exact[i] - rounded[i]);
    squares += exact[i] * exact[i];
  }
  double error = sqrt(errors / squares);
  printf("%s\n", error > 1e-6 && error < 0.1 ? "close, not the same" : "wrong");
  plain_session_close(a);
  narrow_session_close(b);
  plain_close(plain);
  narrow_close(narrow);
  return 0;
}
