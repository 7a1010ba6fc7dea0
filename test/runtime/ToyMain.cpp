// A compiled program's command line around the toy program, and the packing of
// its weights:
//   toy-main ARGUMENTS…                    what ./toy would do
//   toy-main --pack TOKENIZER.json FILE    writes its packed weights
//   toy-main --pack-without-text FILE
#define TOY_VOCABULARY 1000
#include "ToyProgram.h"

#include "compiler/checkpoint/Tokenizer.h"

#include <optional>

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--pack-without-text")) {
    toy::writeFile(argv[2], toy::weightsFile());
    return 0;
  }
  if (argc == 4 && !strcmp(argv[1], "--pack")) {
    heddle::checkpoint::Problems problems;
    auto tables = heddle::checkpoint::compileTokenizer(argv[2], {}, problems);
    if (!tables)
      return 1;
    toy::writeFile(argv[3], toy::weightsFile({tables->begin(), tables->end()}));
    return 0;
  }
  return heddle_main(&toy::program, argc, argv);
}
