// A compiled program's command line around the toy program, and the packing of
// its weights:
//   toy-main ARGUMENTS…                    what ./toy would do
//   toy-main --translator ARGUMENTS…       the same if `encode` reads the
//                                          prompt, and token 5 begins the
//                                          answer
//   toy-main --pack TOKENIZER.json FILE    writes its packed weights
//   toy-main --pack-without-text FILE
#define TOY_VOCABULARY 1000
#include "ToyProgram.h"

#include "compiler/checkpoint/Tokenizer.h"
#include "runtime/generate/Generate.h"

#include <algorithm>
#include <optional>

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--pack-without-text")) {
    toy::writeFile(argv[2], toy::weightsFile());
    return 0;
  }
  if (argc == 4 && !strcmp(argv[1], "--pack")) {
    heddle::checkpoint::Problems problems;
    auto tables = heddle::checkpoint::compileTokenizer(argv[2], "", problems);
    if (!tables)
      return 1;
    toy::writeFile(argv[3], toy::weightsFile({tables->begin(), tables->end()}));
    return 0;
  }
  if (argc > 1 && !strcmp(argv[1], "--translator")) {
    heddle_entry entries[5];
    std::copy_n(toy::program.entries, 5, entries);
    entries[1].generates = 1;
    heddle_generation settings = heddle::runtime::generationOf(toy::program);
    settings.decoder_start = 5;
    heddle_program translator = toy::program;
    translator.generation = &settings;
    translator.entries = entries;
    return heddle_main(&translator, argc - 1, argv + 1);
  }
  return heddle_main(&toy::program, argc, argv);
}
