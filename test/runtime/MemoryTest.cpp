// Every allocation that the runtime makes fails once: an error, nothing lost,
// and the next try succeeds. And how little stack a host's thread may have.

#include "runtime/Memory.h"
#include "AllocationHook.h"
#include "ToySpeculation.h"
#include "ToyTokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <pthread.h>
#include <sstream>
#include <sys/mman.h>

namespace {

/// A whole life of the interface, step by step: what each step made is left for
/// those that follow.
class Host {
public:
  explicit Host(const char *path) : options{path, 3, 1} {}
  ~Host() { close(); }

  heddle_status open() {
    static const heddle_prompt turns = {
        "default",
        "{% for m in messages %}{{ m.content | trim }} {% endfor %}"};
    static const heddle_chat chat = {1, 0, &turns, nullptr, nullptr};
    static heddle_program program = toy::program, small = program;
    static heddle_entry entries[6];
    std::copy_n(toy::program.entries, 5, entries);
    entries[5] = toy::entry("score", 1, toy::idsBT, toy::logitsBTV, toy::score);
    entries[5].arena_bytes = entries[0].arena_bytes;
    entries[5].generates = 3;
    entries[5].grows = entries[0].grows;
    program.entries = entries;
    program.entry_count = 6;
    program.chat = &chat;
    small.entries = smallEntries();
    small.entry_count = 1;
    small.weight_slot_count = 0;
    program.draft = &small;
    model = heddle_open(&program, &options);
    return statusOf(model);
  }
  heddle_status openSession() {
    session = heddle_session_open(model, nullptr);
    return statusOf(session);
  }
  heddle_status call() {
    const int64_t three = 3, *lengths[] = {&three};
    const int32_t ids[] = {1, 2, 3};
    const void *inputs[] = {ids};
    float logits[toy::vocabulary];
    void *outputs[] = {logits};
    return heddle_call(session, heddle_entry_named(model, "step"), 1, lengths,
                       nullptr, inputs, outputs);
  }
  heddle_status callWithDefaults() {
    const int64_t two = 2, *lengths[] = {&two};
    const float x[] = {1, 2};
    const void *inputs[] = {x, nullptr};
    float y[2];
    void *outputs[] = {y};
    return heddle_call(session, heddle_entry_named(model, "shift"), 1, lengths,
                       nullptr, inputs, outputs);
  }
  heddle_status tokenize() {
    static constexpr char text[] = "aB cde<x>zz y\xff ABAB";
    int32_t ids[16];
    return statusOf(heddle_tokenize(model, text, sizeof text - 1, 0, ids, 16));
  }
  heddle_status detokenize() {
    const int32_t ids[] = {8, 9, 0, 7, 7, 5};
    char text[32];
    return statusOf(heddle_detokenize(model, ids, 6, text, sizeof text));
  }
  heddle_status generate() {
    const char *prompts[] = {"ab c", "c"};
    heddle_generate_options wanted = {};
    wanted.rows = 2;
    wanted.prompts = prompts;
    wanted.max_tokens = 3;
    wanted.temperature = temperature;
    wanted.top_k = 4;
    wanted.repetition_penalty = 1.5;
    wanted.beams = beams;
    wanted.speculate = speculate;
    auto ignore = [](void *, int64_t, int32_t, const char *, int64_t) {
      return int32_t{0};
    };
    return heddle_generate(session, &wanted, ignore, nullptr);
  }
  heddle_status generateGreedily() {
    temperature = -1;
    return generate();
  }
  heddle_status generateWithBeams() {
    beams = 2;
    return generateGreedily();
  }
  heddle_status generateWithDrafts() {
    beams = 1;
    speculate = HEDDLE_SPECULATE_MODEL;
    heddle_status status = generateGreedily();
    speculate = HEDDLE_SPECULATE_NONE;
    return status;
  }
  heddle_status embed() {
    const char *texts[] = {"ab c", "c"};
    float vectors[6];
    return heddle_embed(session, 2, texts, nullptr, vectors);
  }
  heddle_status render() {
    char text[8];
    return statusOf(
        heddle_chat_render(model, messages, nullptr, text, sizeof text));
  }
  heddle_status answer() {
    heddle_generate_options wanted = {};
    wanted.max_tokens = 2;
    return heddle_chat_answer(
        session, messages, nullptr, &wanted,
        [](void *, int64_t, int32_t, const char *, int64_t) {
          return int32_t{0};
        },
        nullptr);
  }
  heddle_status copyWeights() { return heddle_use_huge_pages(model); }
  heddle_status close() {
    heddle_session_close(session);
    heddle_close(model);
    session = nullptr;
    model = nullptr;
    return HEDDLE_OK;
  }

  using Step = heddle_status (Host::*)();
  static constexpr Step steps[] = {&Host::open,
                                   &Host::openSession,
                                   &Host::call,
                                   &Host::tokenize,
                                   &Host::callWithDefaults,
                                   &Host::detokenize,
                                   &Host::generate,
                                   &Host::generateGreedily,
                                   &Host::generateWithBeams,
                                   &Host::generateWithDrafts,
                                   &Host::embed,
                                   &Host::render,
                                   &Host::answer,
                                   &Host::close};

private:
  /// That of a small model without weights, which likes the last token best.
  static const heddle_entry *smallEntries() {
    static heddle_entry step = toy::program.entries[0];
    step.function = [](heddle_frame *frame) -> int32_t {
      auto *logits = static_cast<float *>(frame->outputs[0]);
      const heddle_extent &ids = frame->extents[toy::extentBT];
      for (int64_t row = 0; row < frame->extents[toy::extentB].total; ++row) {
        float *of = logits + row * toy::vocabulary;
        std::fill_n(of, toy::vocabulary, 0.f);
        of[static_cast<const int32_t *>(
            frame->inputs[0])[ids.rows[row + 1] - 1]] = 1;
      }
      return HEDDLE_OK;
    };
    return &step;
  }

  // A failure's status is not told by a pointer or a count.
  static heddle_status statusOf(const void *made) {
    return made ? HEDDLE_OK : HEDDLE_OUT_OF_MEMORY;
  }
  static heddle_status statusOf(int64_t count) {
    return count >= 0 ? HEDDLE_OK : HEDDLE_OUT_OF_MEMORY;
  }

  static constexpr char messages[] =
      R"([{"role": "user", "content": "a\u0062 c"}])";

  heddle_open_options options;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
  float temperature = 0.7f;
  int32_t beams = 1, speculate = HEDDLE_SPECULATE_NONE;
};

class Memory : public ::testing::Test {
protected:
  Memory()
      : path(toy::writeFile(::testing::TempDir() + "memory-" +
                                std::to_string(getpid()) + ".weights",
                            toy::weightsFile(toy::TokenizerTables().bytes))) {}
  ~Memory() override { unlink(path.c_str()); }

  std::string path;
};

TEST_F(Memory, EveryAllocationMayFailOnce) {
  // PCRE2 keeps a block for the code of expressions until the process ends.
  Host first(path.c_str());
  for (Host::Step step : Host::steps)
    ASSERT_EQ((first.*step)(), HEDDLE_OK) << heddle_last_error();
  int64_t failures = 0;
  for (size_t step = 0; step < std::size(Host::steps); ++step)
    for (int64_t which = 1;; ++which) {
      int64_t before = liveAllocations();
      bool hasFailed;
      {
        Host host(path.c_str());
        for (size_t i = 0; i < step; ++i)
          ASSERT_EQ((host.*Host::steps[i])(), HEDDLE_OK) << heddle_last_error();
        heddle_status status;
        {
          FailingAllocation failing(which);
          status = (host.*Host::steps[step])();
          hasFailed = failing.hasFailed();
        }
        // The just-in-time compiler of expressions may fail: they are then
        // interpreted.
        if (status) {
          EXPECT_EQ(status, HEDDLE_OUT_OF_MEMORY) << heddle_last_error();
          EXPECT_STRNE(heddle_last_error(), "");
          ++failures;
          for (size_t i = step; i < std::size(Host::steps); ++i)
            ASSERT_EQ((host.*Host::steps[i])(), HEDDLE_OK)
                << heddle_last_error();
        }
      }
      EXPECT_EQ(liveAllocations(), before) << "step " << step << ", " << which;
      if (!hasFailed)
        break;
    }
  EXPECT_GT(failures, 60);
}

TEST_F(Memory, HugePagesMayBeRefused) {
  Host host(path.c_str());
  ASSERT_EQ(host.open(), HEDDLE_OK);
  {
    FailingAllocation failing(1);
    EXPECT_EQ(host.copyWeights(), HEDDLE_OUT_OF_MEMORY);
  }
  EXPECT_EQ(host.copyWeights(), HEDDLE_OK) << heddle_last_error();
  EXPECT_EQ(host.openSession(), HEDDLE_OK);
  EXPECT_EQ(host.call(), HEDDLE_OK);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr size_t sanitizerBytes = 128 << 10;
#else
constexpr size_t sanitizerBytes = 0;
#endif
/// As heddle.h says, without what calls need in addition.
constexpr size_t stackBytes = (128 << 10) + sanitizerBytes;

struct Thread {
  const char *path;
  bool hasStack; // for calls of entries
};

void *runAllSteps(void *argument) {
  auto &thread = *static_cast<Thread *>(argument);
  Host host(thread.path);
  for (Host::Step step : Host::steps) {
    bool isCall = step == &Host::call || step == &Host::callWithDefaults ||
                  step == &Host::generate || step == &Host::generateGreedily ||
                  step == &Host::generateWithBeams ||
                  step == &Host::generateWithDrafts || step == &Host::embed ||
                  step == &Host::answer;
    heddle_status expected =
        isCall && !thread.hasStack ? HEDDLE_OUT_OF_MEMORY : HEDDLE_OK;
    EXPECT_EQ((host.*step)(), expected) << heddle_last_error();
    if (expected)
      EXPECT_NE(strstr(heddle_last_error(), " KiB of stack left, needed: 272"),
                nullptr)
          << heddle_last_error();
  }
  return nullptr;
}

TEST_F(Memory, AThreadNeedsNoMoreStackThanDocumented) {
  constexpr uint8_t untouched = 0xa5;
  for (size_t forCalls : {int64_t{0}, toy::program.stack_bytes}) {
    size_t bytes = stackBytes + forCalls;
    auto *stack =
        static_cast<uint8_t *>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(stack, MAP_FAILED);
    memset(stack, untouched, bytes);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ASSERT_EQ(pthread_attr_setstack(&attributes, stack, bytes), 0);
    Thread argument = {path.c_str(), forCalls > 0};
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, &attributes, runAllSteps, &argument), 0);
    pthread_join(thread, nullptr);
    // The toy's own code takes next to nothing: the rest is the runtime's.
    size_t unused = 0;
    while (unused < bytes && stack[unused] == untouched)
      ++unused;
    EXPECT_LE(bytes - unused, (96u << 10) + sanitizerBytes);
    pthread_attr_destroy(&attributes);
    munmap(stack, bytes);
  }
}

/// The system's word on who gives a region its pages.
std::string policyAt(const void *address) {
  std::ifstream maps("/proc/self/numa_maps");
  std::stringstream hex;
  hex << std::hex << reinterpret_cast<uintptr_t>(address) << " ";
  for (std::string line; std::getline(maps, line);)
    if (line.starts_with(hex.str()))
      return line.substr(hex.str().size());
  return "";
}

TEST(Region, InterleavedTakesPagesFromAllMemoriesInTurn) {
  heddle::runtime::Region region;
  ASSERT_TRUE(region.reserve(4 << 20));
  region.interleave();
  region.data()[0] = 1;
  if (!std::ifstream("/proc/self/numa_maps"))
    GTEST_SKIP() << "this system knows one memory";
  std::string policy = policyAt(region.data());
  EXPECT_TRUE(policy.starts_with("interleave:")) << policy;
}

} // namespace
