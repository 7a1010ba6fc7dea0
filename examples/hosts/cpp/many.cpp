// many LIBRARY...: several models in one process, loaded by their paths, and several sessions of each, in threads of their own. Each
// session writes on from the same prompt, or embeds the same texts, and finds the same.
#include <algorithm>
#include <cstdio>
#include <heddle.hpp>
#include <thread>

constexpr int sessions = 4;

/// What a session finds, as text.
static std::string use(const heddle::Model &model) {
  heddle::Session session = model.openSession({.rows = std::min<int64_t>(4, model.info().rows)});
  if (model.info().generates)
    return session.generate("And God said", {.max_tokens = 12, .temperature = 0.8f, .seed = 7});
  const std::string texts[] = {"a cat sleeps", "a kitten naps", "rates rise"};
  heddle::Vectors vectors = session.embed(texts);
  return std::to_string(model.similarity(vectors[0], vectors[1])) + " " + std::to_string(model.similarity(vectors[0], vectors[2]));
}

int main(int argc, char **argv) try {
  std::vector<heddle::Model> models;
  for (int i = 1; i < argc; ++i)
    models.push_back(heddle::Model::load(argv[i], {.threads = 2}));
  std::vector<std::string> found(models.size() * sessions), errors(found.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < found.size(); ++i)
    threads.emplace_back([&, i] {
      try {
        found[i] = use(models[i / sessions]);
      } catch (const heddle::Error &error) {
        errors[i] = error.what(); // an exception belongs to its thread
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  bool differ = false;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!errors[i].empty())
      throw heddle::Error(HEDDLE_BAD_ARGUMENT, errors[i]);
    differ |= found[i] != found[i / sessions * sessions];
    if (i % sessions == 0)
      std::printf("%s, %d sessions: %s\n", models[i / sessions].info().name, sessions, found[i].c_str());
  }
  if (differ)
    std::puts("the sessions of a model differ");
  return differ;
} catch (const heddle::Error &error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
