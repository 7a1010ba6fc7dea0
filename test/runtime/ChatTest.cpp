// A conversation that somebody interrupts.

#include "runtime/main/Chat.h"
#include "ToyProgram.h"
#include "ToyTokenizer.h"

#include <gtest/gtest.h>

namespace {

using heddle::runtime::interrupted;

int calls;

/// The first call is interrupted, as by a signal.
int32_t interruptedStep(heddle_frame *frame) {
  interrupted = ++calls == 1;
  return toy::step(frame);
}

TEST(Chat, AnInterruptedPromptIsAsIfNothingHadBeenSaid) {
  static const heddle_prompt turns = {
      "default", "{% for m in messages %}{{ m.content | trim }} {% endfor %}"};
  static const heddle_chat chat = {1, 0, &turns, nullptr, nullptr};
  heddle_entry entries[5];
  std::copy_n(toy::program.entries, 5, entries);
  entries[0].function = interruptedStep;
  heddle_program program = toy::program;
  program.entries = entries;
  program.chat = &chat;
  std::string path = toy::writeFile(
      ::testing::TempDir() + "chat-" + std::to_string(getpid()) + ".weights",
      toy::weightsFile(toy::TokenizerTables().bytes));
  heddle_open_options options = {path.c_str(), 1, 0};
  heddle_model *model = heddle_open(&program, &options);
  ASSERT_NE(model, nullptr) << heddle_last_error();
  heddle::runtime::Arguments arguments;
  arguments.sampling.temperature = 0;
  arguments.tokens = 1;
  arguments.tokensGiven = true;
  {
    heddle::runtime::Chat talk(*model, arguments);
    ASSERT_EQ(talk.open(), HEDDLE_OK) << heddle_last_error();
    calls = 0;
    // Eleven tokens, of which a call takes eight.
    ASSERT_EQ(talk.say("a b c d e f g h a b c"), HEDDLE_OK)
        << heddle_last_error();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(talk.messages().size(), 0u);
    // What has been read of it is not read again.
    ASSERT_EQ(talk.say("a b c d e f g h a b"), HEDDLE_OK)
        << heddle_last_error();
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(talk.messages().size(), 2u);
  }
  heddle_close(model);
  unlink(path.c_str());
}

} // namespace
