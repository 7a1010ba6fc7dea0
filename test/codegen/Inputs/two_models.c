/* Two compilations of the same model, linked into one program under two names. */
#include "first.h"
#include "second.h"
#include <stdio.h>

int main(void) {
  first_model *first = first_open(NULL, 1);
  second_model_model *second = second_model_open(NULL, 2);
  first_session *a = first ? first_session_open(first, 1, 8, 0) : NULL;
  second_model_session *b = second ? second_model_session_open(second, 1, 8, 0) : NULL;
  if (!a || !b) {
    printf("failed: %s%s\n", first_last_error(), second_model_last_error());
    return 1;
  }
  const int64_t length[] = {1}, tooLong[] = {9};
  const float x[3] = {1, 2, 3}, y[3] = {10, 20, 30};
  float doubled[3];
  if (!first_twice(a, 1, length, x, doubled))
    printf("%g %g %g\n", doubled[0], doubled[1], doubled[2]);
  if (!second_model_twice(b, 1, length, y, doubled))
    printf("%g %g %g\n", doubled[0], doubled[1], doubled[2]);
  if (second_model_twice(b, 1, tooLong, y, doubled))
    printf("second_model: %s\n", second_model_last_error());
  first_session_close(a);
  second_model_session_close(b);
  first_close(first);
  second_model_close(second);
  return 0;
}
