// Sixteen host threads do everything that the interface has, in random order,
// on models that others close meanwhile: for the thread sanitizer to watch.

#include "ToyProgram.h"
#include "ToyTokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>

namespace {

constexpr int hostCount = 16, modelCount = 3, turnCount = 300;

/// Models that all hosts share. Whoever opens a session holds the lock, so that
/// no function is given a model that has been closed already.
struct Shared {
  std::string path;
  std::mutex lock;
  heddle_model *models[modelCount] = {};

  heddle_model *open() const {
    heddle_open_options options = {path.c_str(), 2, 0};
    return heddle_open(&toy::program, &options);
  }
};

class RandomHost {
public:
  RandomHost(Shared &shared, unsigned seed) : shared(shared), random(seed) {}
  ~RandomHost() { closeSession(); }

  void takeTurn() {
    switch (below(10)) {
    case 0:
      return replaceModel();
    case 1:
      return closeSession();
    case 2:
      return generate();
    case 3:
      return call();
    case 4:
      return makeErrors();
    case 5:
      return useOwnModel();
    case 6:
      return tokenize();
    case 7:
      return profile();
    default:
      return openSession();
    }
  }

private:
  unsigned below(unsigned bound) { return random() % bound; }

  /// The old one is closed while others may be at work with it.
  void replaceModel() {
    heddle_model *next = shared.open();
    ASSERT_NE(next, nullptr) << heddle_last_error();
    {
      std::lock_guard guard(shared.lock);
      std::swap(next, shared.models[below(modelCount)]);
    }
    heddle_close(next);
  }

  void openSession() {
    closeSession();
    std::lock_guard guard(shared.lock);
    session = heddle_session_open(shared.models[below(modelCount)], nullptr);
    ASSERT_NE(session, nullptr) << heddle_last_error();
  }

  void closeSession() {
    heddle_session_close(session);
    session = nullptr;
  }

  void call() {
    if (!session)
      return;
    int64_t length = 1 + below(3);
    const int64_t *lengths[] = {&length};
    const int32_t ids[] = {1, 2, 3};
    const void *inputs[] = {ids};
    float logits[toy::vocabulary];
    void *outputs[] = {logits};
    heddle_status status = heddle_call(session, &toy::program.entries[0], 1,
                                       lengths, nullptr, inputs, outputs);
    if (status == HEDDLE_CONTEXT_FULL)
      status = heddle_session_rewind(session, 0, 0);
    EXPECT_EQ(status, HEDDLE_OK) << heddle_last_error();
  }

  void generate() {
    if (!session)
      return;
    const char *prompts[] = {"ab c", "de"};
    heddle_generate_options options = {};
    options.rows = 1 + below(2);
    options.prompts = prompts;
    options.max_tokens = 1 + below(4);
    options.seed = below(100);
    options.temperature = 1;
    int64_t tokens = 0;
    auto count = [](void *tokens, int64_t, int32_t token, const char *,
                    int64_t) {
      *static_cast<int64_t *>(tokens) += token >= 0;
      return int32_t{0};
    };
    EXPECT_EQ(heddle_generate(session, &options, count, &tokens), HEDDLE_OK)
        << heddle_last_error();
    EXPECT_EQ(tokens, options.rows * options.max_tokens);
  }

  void tokenize() {
    std::lock_guard guard(shared.lock);
    int32_t ids[8];
    EXPECT_EQ(heddle_tokenize(shared.models[0], "ab c", 4, 0, ids, 8), 3);
    EXPECT_EQ(heddle_detokenize(shared.models[0], ids, 3, nullptr, 0), 4);
  }

  /// Begins one or, where another host has, ends that.
  void profile() {
    std::lock_guard guard(shared.lock);
    heddle_model *model = shared.models[below(modelCount)];
    if (heddle_profile_start(model)) {
      EXPECT_STREQ(heddle_last_error(), "toy is being profiled already");
      EXPECT_EQ(heddle_profile_write(model, nullptr), HEDDLE_OK)
          << heddle_last_error();
    }
  }

  /// A thread's message is its own, whatever the others fail at.
  void makeErrors() {
    std::string number = std::to_string(below(1000) + 100);
    std::string message = "toy has no entry " + number;
    std::lock_guard guard(shared.lock);
    EXPECT_EQ(heddle_entry_named(shared.models[0], number.c_str()), nullptr);
    EXPECT_EQ(heddle_last_error(), message);
    EXPECT_EQ(heddle_session_rewind(session, -1, 0), HEDDLE_BAD_ARGUMENT);
  }

  void useOwnModel() {
    heddle_model *own = shared.open();
    ASSERT_NE(own, nullptr) << heddle_last_error();
    heddle_session *of = heddle_session_open(own, nullptr);
    heddle_close(own); // before its session
    std::swap(session, of);
    generate();
    std::swap(session, of);
    heddle_session_close(of);
  }

  Shared &shared;
  std::minstd_rand random;
  heddle_session *session = nullptr;
};

TEST(ManyHosts, UseAndCloseModelsInAnyOrder) {
  Shared shared;
  shared.path = toy::writeFile(::testing::TempDir() + "hosts-" +
                                   std::to_string(getpid()) + ".weights",
                               toy::weightsFile(toy::TokenizerTables().bytes));
  for (heddle_model *&model : shared.models)
    ASSERT_NE(model = shared.open(), nullptr) << heddle_last_error();
  std::vector<std::thread> hosts;
  for (int number = 0; number < hostCount; ++number)
    hosts.emplace_back([&shared, number] {
      RandomHost host(shared, 1000 + number);
      for (int turn = 0; turn < turnCount; ++turn)
        host.takeTurn();
    });
  for (std::thread &host : hosts)
    host.join();
  for (heddle_model *model : shared.models)
    heddle_close(model);
  unlink(shared.path.c_str());
}

TEST(ManyHosts, MayUseOneModelThatIsClosedMeanwhile) {
  std::string path = toy::writeFile(::testing::TempDir() + "host-" +
                                        std::to_string(getpid()) + ".weights",
                                    toy::weightsFile());
  heddle_open_options options = {path.c_str(), 2, 0};
  for (int round = 0; round < 20; ++round) {
    heddle_model *model = heddle_open(&toy::program, &options);
    ASSERT_NE(model, nullptr) << heddle_last_error();
    std::vector<heddle_session *> sessions(4);
    for (heddle_session *&session : sessions)
      ASSERT_NE(session = heddle_session_open(model, nullptr), nullptr);
    std::vector<std::thread> hosts;
    for (heddle_session *session : sessions)
      hosts.emplace_back([session] {
        EXPECT_EQ(heddle_session_rewind(session, 0, 0), HEDDLE_OK);
        heddle_session_close(session);
      });
    heddle_close(model);
    for (std::thread &host : hosts)
      host.join();
  }
  unlink(path.c_str());
}

} // namespace
