// The toy program with a server: toy-main packs its weights.
#define TOY_VOCABULARY 1000
#include "test/runtime/ToyProgram.h"

int main(int argc, char **argv) {
  heddle_program program = toy::program;
  program.serve = heddle_serve;
  // No states, so that rows share what they have read.
  program.cache_count = program.cache_slot_count = 1;
  return heddle_main(&program, argc, argv);
}
