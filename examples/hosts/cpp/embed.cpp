// embed TEXT...: how alike each text is to the first.
#include "embedder.h"
#include <cstdio>
#include <heddle.hpp>

int main(int argc, char **argv) try {
  heddle::Model model(embedder_interface());
  std::vector<std::string> texts(argv + 1, argv + argc);
  heddle::Vectors vectors = model.openSession().embed(texts);
  for (int64_t i = 0; i < vectors.size(); ++i)
    std::printf("%6.3f  %s\n", model.similarity(vectors[0], vectors[i]), texts[i].c_str());
} catch (const heddle::Error &error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
