#include "runtime/Session.h"
#include "ToyHost.h"

#include <gtest/gtest.h>

#include <thread>

namespace {

using Floats = std::vector<float>;
using heddle::runtime::copyRow;
using heddle::runtime::runCall;

class Toy : public toy::Host {
protected:
  void SetUp() override {
    openModel(toy::weightsFile(), /*threads=*/2);
    open({});
  }

  heddle_status call(const char *name, std::vector<int64_t> lengths,
                     const void *input, void *output,
                     const int64_t *sessionRows = nullptr) {
    const heddle_entry *entry = heddle_entry_named(model, name);
    const int64_t *sizes[] = {lengths.data()};
    const void *inputs[] = {input, nullptr};
    void *outputs[] = {output};
    return heddle_call(session, entry, lengths.size(), sizes, sessionRows,
                       inputs, outputs);
  }

  /// Runs `step` on rows packed one after the other; the counts of seen ids.
  Floats step(std::vector<int64_t> lengths, std::vector<int32_t> ids,
              const int64_t *sessionRows = nullptr) {
    Floats logits(lengths.size() * toy::vocabulary, -1);
    if (call("step", lengths, ids.data(), logits.data(), sessionRows))
      return {};
    return logits;
  }
};

/// Counts as `step` gives them, with the bias of 0.25.
Floats counts(std::vector<std::vector<int32_t>> rows) {
  Floats result(rows.size() * toy::vocabulary, 0.25);
  for (size_t row = 0; row < rows.size(); ++row)
    for (int32_t id : rows[row])
      result[row * toy::vocabulary + id] += 1;
  return result;
}

TEST_F(Toy, RowsOfOneCallHaveTheirOwnLengths) {
  EXPECT_EQ(step({3, 1, 2}, {1, 2, 2, 7, 9, 9}),
            counts({{1, 2, 2}, {7}, {9, 9}}));
  EXPECT_EQ(heddle_session_length(session, 0), 3);
  EXPECT_EQ(heddle_session_length(session, 1), 1);
  EXPECT_EQ(heddle_session_length(session, 2), 2);
  EXPECT_EQ(heddle_session_length(session, 3), 0);
}

TEST_F(Toy, CallsContinueWhatTheirSessionRowsHold) {
  step({3, 1}, {1, 2, 2, 7});
  const int64_t rows[] = {1, 3, 0};
  EXPECT_EQ(step({1, 2, 1}, {8, 5, 5, 3}, rows),
            counts({{7, 8}, {5, 5}, {1, 2, 2, 3}}));
  EXPECT_EQ(heddle_session_length(session, 0), 4);
  EXPECT_EQ(heddle_session_length(session, 1), 2);
  EXPECT_EQ(heddle_session_length(session, 3), 2);
}

TEST_F(Toy, WeightsInHugePagesAreTheSame) {
  const void *const *slots = model->weights.slots();
  const void *mapped = slots[0];
  EXPECT_EQ(heddle_use_huge_pages(model), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "toy is in use: huge pages are for before "
                                    "there is a session");
  heddle_session_close(session);
  session = nullptr;
  ASSERT_EQ(heddle_use_huge_pages(model), HEDDLE_OK) << heddle_last_error();
  open({});
  EXPECT_NE(slots[0], mapped);
  EXPECT_EQ(step({3, 1}, {1, 2, 2, 7}), counts({{1, 2, 2}, {7}}));
}

TEST_F(Toy, SessionsOfOneModelKeepApart) {
  heddle_session *other = heddle_session_open(model, nullptr);
  step({2}, {1, 1});
  std::swap(session, other);
  EXPECT_EQ(step({1}, {4}), counts({{4}}));
  std::swap(session, other);
  EXPECT_EQ(step({1}, {4}), counts({{1, 1, 4}}));
  heddle_session_close(other);
}

TEST_F(Toy, RewindForgetsPositions) {
  step({4}, {1, 2, 3, 4});
  ASSERT_EQ(heddle_session_rewind(session, 0, 2), HEDDLE_OK);
  EXPECT_EQ(step({1}, {9}), counts({{1, 2, 9}}));
  ASSERT_EQ(heddle_session_rewind(session, 0, 0), HEDDLE_OK);
  EXPECT_EQ(step({1}, {9}), counts({{9}}));
  EXPECT_EQ(heddle_session_rewind(session, 0, 5), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(),
               "row 0 holds 1 positions, it cannot be rewound to 5");
  EXPECT_EQ(heddle_session_rewind(session, 4, 0), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "row is 4, the session has 4 rows");
}

TEST_F(Toy, FullContextIsRefusedAndChangesNothing) {
  open({1, 0, 6});
  step({5}, {1, 1, 1, 1, 1});
  EXPECT_EQ(step({2}, {2, 2}), Floats());
  EXPECT_STREQ(heddle_last_error(), "row 0 holds 5 positions, 2 more do not "
                                    "fit: the session has room for 6");
  EXPECT_EQ(step({1}, {2}), counts({{1, 1, 1, 1, 1, 2}}));
  int32_t id = 2;
  Floats logits(toy::vocabulary);
  EXPECT_EQ(call("step", {1}, &id, logits.data()), HEDDLE_CONTEXT_FULL);
}

TEST_F(Toy, StateLengthsHoldForLaterCalls) {
  const int32_t source[] = {1, 2, 3, 4, 5, 6};
  ASSERT_EQ(call("encode", {2, 4}, source, nullptr), HEDDLE_OK);
  const int32_t ids[] = {1, 2, 3};
  Floats product(2 * 2 + 1 * 4, -1);
  const heddle_entry *recall = heddle_entry_named(model, "recall");
  const int64_t lengths[] = {2, 1}, *sizes[] = {lengths};
  EXPECT_EQ(heddle_output_elements(session, recall, 2, sizes, nullptr, 0), 8);
  ASSERT_EQ(call("recall", {2, 1}, ids, product.data()), HEDDLE_OK);
  EXPECT_EQ(product, Floats({1, 2, 2, 4, 9, 12, 15, 18}));
}

TEST_F(Toy, StateMustBeSetBeforeItIsRead) {
  const int32_t source[] = {1, 2}, ids[] = {1, 1};
  ASSERT_EQ(call("encode", {2}, source, nullptr), HEDDLE_OK);
  Floats product(8);
  EXPECT_EQ(call("recall", {1, 1}, ids, product.data()), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "recall reads a state which row 1 does "
                                    "not have yet: call encode first");
}

TEST_F(Toy, DefaultsFillInputsThatAreLeftOut) {
  const float x[] = {1, 2, 3};
  Floats y(3);
  ASSERT_EQ(call("shift", {1, 2}, x, y.data()), HEDDLE_OK);
  EXPECT_EQ(y, Floats({1.5, 2.5, 3.5}));
  EXPECT_EQ(heddle_session_length(session, 0), 0);
}

TEST_F(Toy, WrongSizesAreNamedAsTheModelNamesThem) {
  EXPECT_EQ(step({9}, std::vector<int32_t>(9)), Floats());
  EXPECT_STREQ(heddle_last_error(), "T is 9, the model takes 1 to 8");
  EXPECT_EQ(step({1, 0}, {1}), Floats());
  EXPECT_STREQ(heddle_last_error(), "T of row 1 is 0, the model takes 1 to 8");
  EXPECT_EQ(step({1, 1, 1, 1, 1}, std::vector<int32_t>(5)), Floats());
  EXPECT_STREQ(heddle_last_error(), "B is 5, the model takes 1 to 4");
  EXPECT_EQ(step({}, {}), Floats());
  EXPECT_STREQ(heddle_last_error(), "B is 0, the model takes 1 to 4");
  const int32_t source[] = {1, 2, 3};
  EXPECT_EQ(call("encode", {3}, source, nullptr), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(),
               "M is 3, the model takes 2 and more in steps of 2");
}

TEST_F(Toy, SessionLimitsBindCalls) {
  open({2, 4, 0});
  EXPECT_EQ(step({1, 1, 1}, {1, 1, 1}), Floats());
  EXPECT_STREQ(heddle_last_error(),
               "the call has 3 rows, the session was opened for 2");
  EXPECT_EQ(step({3, 2}, {1, 1, 1, 1, 1}), Floats());
  EXPECT_STREQ(heddle_last_error(),
               "T is 5 over all rows, the session was opened for 4 tokens");
  EXPECT_EQ(step({2, 2}, {1, 1, 1, 1}), counts({{1, 1}, {1, 1}}));
  heddle_session_options tooMany = {5, 0, 0};
  EXPECT_EQ(heddle_session_open(model, &tooMany), nullptr);
  EXPECT_STREQ(heddle_last_error(),
               "session: rows is 5, the model takes 1 to 4");
}

TEST_F(Toy, IndicesOutsideOfTheirTableAreRefused) {
  EXPECT_EQ(step({2, 2}, {0, 9, 10, 1}), Floats());
  EXPECT_STREQ(heddle_last_error(), "ids[2] is 10, needed: 0 to 9");
  EXPECT_EQ(step({1}, {-1}), Floats());
  EXPECT_STREQ(heddle_last_error(), "ids[0] is -1, needed: 0 to 9");
  EXPECT_EQ(heddle_session_length(session, 0), 0);
}

TEST_F(Toy, MissingPointersAreNamed) {
  Floats logits(toy::vocabulary);
  int32_t id = 1;
  EXPECT_EQ(call("step", {1}, nullptr, logits.data()), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "step: input ids is missing");
  EXPECT_EQ(call("step", {1}, &id, nullptr), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "step: output logits is missing");
  EXPECT_EQ(heddle_entry_named(model, "walk"), nullptr);
  EXPECT_STREQ(heddle_last_error(), "toy has no entry walk");
  EXPECT_EQ(call("walk", {1}, &id, nullptr), HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "the entry is not one of toy");
}

TEST_F(Toy, SessionRowsMustExistAndDiffer) {
  const int64_t twice[] = {2, 2}, outside[] = {0, 4};
  EXPECT_EQ(step({1, 1}, {1, 1}, twice), Floats());
  EXPECT_STREQ(heddle_last_error(), "session_rows names row 2 twice");
  EXPECT_EQ(step({1, 1}, {1, 1}, outside), Floats());
  EXPECT_STREQ(heddle_last_error(),
               "session_rows[1] is 4, the session has rows 0 to 3");
}

TEST_F(Toy, HostThreadsUseOneModelWithSessionsOfTheirOwn) {
  std::vector<std::thread> hosts;
  std::vector<int> wrong(4);
  for (int host = 0; host < 4; ++host)
    hosts.emplace_back([&, host] {
      heddle_session *own = heddle_session_open(model, nullptr);
      const heddle_entry *entry = heddle_entry_named(model, "step");
      for (int round = 0; round < 100; ++round) {
        heddle_session_rewind(own, 0, 0);
        std::vector<int32_t> seen;
        for (int i = 0; i < 8; ++i) {
          const int64_t length = 1, *sizes[] = {&length};
          int32_t id = (host * 3 + i) % toy::vocabulary;
          const void *inputs[] = {&id};
          Floats logits(toy::vocabulary);
          void *outputs[] = {logits.data()};
          heddle_call(own, entry, 1, sizes, nullptr, inputs, outputs);
          seen.push_back(id);
          wrong[host] += logits != counts({seen});
        }
      }
      heddle_session_close(own);
    });
  for (std::thread &host : hosts)
    host.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST_F(Toy, SessionsThatDidNotOpenAreRefused) {
  EXPECT_EQ(heddle_session_open(nullptr, nullptr), nullptr);
  EXPECT_STREQ(heddle_last_error(), "the model is NULL: it was not opened");
  EXPECT_EQ(
      heddle_call(nullptr, nullptr, 1, nullptr, nullptr, nullptr, nullptr),
      HEDDLE_BAD_ARGUMENT);
  EXPECT_STREQ(heddle_last_error(), "the session is NULL: it was not opened");
}

#if defined(__x86_64__)
TEST_F(Toy, HostsArithmeticModeChangesNoResult) {
  // A subnormal sum: a host with flush-to-zero would make it 0.
  const float x[] = {1e-40f}, by[] = {2e-40f};
  float y = -1;
  const heddle_entry *shift = heddle_entry_named(model, "shift");
  const int64_t length = 1, *lengths[] = {&length};
  const void *inputs[] = {x, by};
  void *outputs[] = {&y};
  uint32_t before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040);
  heddle_status status =
      heddle_call(session, shift, 1, lengths, nullptr, inputs, outputs);
  uint32_t after = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before);
  ASSERT_EQ(status, HEDDLE_OK);
  EXPECT_EQ(after & 0x8040, 0x8040u) << "the host's mode is given back";
  EXPECT_EQ(y, 1e-40f + 2e-40f);
  EXPECT_NE(y, 0);
}
#endif

TEST_F(Toy, MessagesBelongToTheThreadThatFailed) {
  step({9}, std::vector<int32_t>(9));
  std::string seenElsewhere = "unset";
  std::thread([&] { seenElsewhere = heddle_last_error(); }).join();
  EXPECT_EQ(seenElsewhere, "");
  EXPECT_STREQ(heddle_last_error(), "T is 9, the model takes 1 to 8");
}

TEST_F(Toy, RowsMayShareTheirStates) {
  const int32_t src[] = {3, 5};
  ASSERT_EQ(call("encode", {2}, src, nullptr), HEDDLE_OK);
  const heddle_entry *recall = heddle_entry_named(model, "recall");
  const int64_t ones[] = {1, 1}, *lengths[] = {ones};
  const int64_t rows[] = {0, 1}, states[] = {0, 0};
  const int32_t ids[] = {1, 2};
  const void *inputs[] = {ids};
  float product[4] = {};
  void *outputs[] = {product};
  EXPECT_EQ(runCall(*session, recall, 2, lengths, rows, inputs, outputs),
            HEDDLE_BAD_ARGUMENT)
      << "row 1 has no state of its own";
  ASSERT_EQ(
      runCall(*session, recall, 2, lengths, rows, inputs, outputs, states),
      HEDDLE_OK);
  EXPECT_EQ(Floats(product, product + 4), Floats({3, 5, 6, 10}));
}

/// Keys of three heads, two bytes each, and what a recurrence carries.
TEST_F(Toy, ARowIsCopiedStreamByStream) {
  const heddle_cache caches[] = {
      {"k", 6, toy::S, 0, 3}, {"h", 4, -1, 0, 1}, {"memory", 4, toy::M, 1, 1}};
  heddle_program program = toy::program;
  program.caches = caches;
  program.cache_count = 3;
  heddle_open_options options = {path.c_str(), 1, 0};
  heddle_model *other = heddle_open(&program, &options);
  heddle_session_options limits = {2, 0, 5};
  heddle_session *two = heddle_session_open(other, &limits);
  ASSERT_NE(two, nullptr) << heddle_last_error();
  for (int32_t cache = 0; cache < 3; ++cache)
    memset(two->views[cache].data, 7, 4); // of row 0
  memset(two->views[0].data, 0, 60);
  for (int i = 0; i < 30; ++i)
    two->views[0].data[i] = static_cast<uint8_t>(i + 1);
  two->heldBy(toy::S, 0) = 3;
  copyRow(*two, 0, 1, 1);
  // Of five positions in each of three streams, the second and the third.
  std::vector<uint8_t> row(two->views[0].data + 30, two->views[0].data + 60);
  std::vector<uint8_t> needed(30);
  for (int i : {2, 3, 4, 5, 12, 13, 14, 15, 22, 23, 24, 25})
    needed[size_t(i)] = static_cast<uint8_t>(i + 1);
  EXPECT_EQ(row, needed);
  EXPECT_EQ(two->views[1].data[4], 7) << "what is carried has no positions";
  EXPECT_EQ(two->views[2].data[two->views[2].capacity * 4], 0) << "states stay";
  EXPECT_EQ(heddle_session_length(two, 1), 3);
  heddle_session_close(two);
  heddle_close(other);
}

} // namespace
