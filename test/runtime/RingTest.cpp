// Caches with a window: what a ring has lost, and that rows go on where it has
// not. The program keeps ids within 9 positions and gives a number that differs
// with each of them and with their order.

#include "ToyProgram.h"
#include "runtime/Session.h"
#include "runtime/main/SessionFile.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <unistd.h>

namespace {

using heddle::runtime::copyRow;
using heddle::runtime::goesOnAt;
using namespace toy;

constexpr int64_t window = 9, mostOfCall = 60, most = 1000;

float numberOf(const std::vector<int32_t> &ids, int64_t end) {
  float number = 0;
  for (int64_t i = std::max<int64_t>(end - window, 0); i < end; ++i)
    number = number * 3 + static_cast<float>(ids[i] + 1);
  return number;
}

int32_t nearStep(heddle_frame *frame) {
  auto *ids = static_cast<const int32_t *>(frame->inputs[0]);
  auto *numbers = static_cast<float *>(frame->outputs[0]);
  const heddle_cache_view &view = frame->caches[0];
  for (int64_t row = 0; row < frame->extents[extentB].total; ++row) {
    auto *ring =
        reinterpret_cast<int32_t *>(view.data) + view.rows[row] * view.capacity;
    int64_t given = ofRow(frame, extentBT, row),
            end = ofRow(frame, extentBS, row);
    for (int64_t i = 0; i < given; ++i)
      ring[(end - given + i) % view.capacity] =
          ids[frame->extents[extentBT].rows[row] + i];
    float &number = numbers[row] = 0;
    for (int64_t i = std::max<int64_t>(end - window, 0); i < end; ++i)
      number = number * 3 + static_cast<float>(ring[i % view.capacity] + 1);
  }
  return HEDDLE_OK;
}

class Ring : public testing::Test {
protected:
  void SetUp() override {
    static const heddle_size sizes[] = {{"B", 1, 4, 1, -1, -1},
                                        {"T", 1, most, 1, B, -1},
                                        {"S", 1, most, 1, B, T},
                                        {"M", 2, 6, 2, B, -1}};
    static const heddle_cache caches[] = {{"near", 4, S, 0, 1, window}};
    static const int32_t slots[] = {0};
    static const heddle_value numbers[] = {
        value("number", "B", HEDDLE_F32, 1, dimsB, &toy::b)};
    static heddle_entry entries[] = {
        entry("step", 1, idsBT, numbers, nearStep)};
    entries[0].grows = 1u << S;
    program = toy::program;
    program.sizes = sizes;
    program.caches = caches;
    program.cache_slots = slots;
    program.cache_count = program.cache_slot_count = 1;
    program.entries = entries;
    program.entry_count = 1;
    file = writeFile(testing::TempDir() + "ring-" + std::to_string(getpid()) +
                         ".weights",
                     weightsFile());
    heddle_open_options options = {file.c_str(), 1, 0};
    model = heddle_open(&program, &options);
    ASSERT_NE(model, nullptr) << heddle_last_error();
    session = open();
    for (int64_t i = 0; i < most; ++i)
      ids.push_back(static_cast<int32_t>(i * i % 7 % vocabulary));
  }

  void TearDown() override {
    heddle_session_close(session);
    heddle_close(model);
    unlink(file.c_str());
  }

  heddle_session *open() {
    heddle_session_options limits = {3, mostOfCall, 0};
    return heddle_session_open(model, &limits);
  }

  /// Reads ids up to `end`, so many a call at most; the last call's number.
  float read(heddle_session *session, int64_t row, int64_t end,
             int64_t ofCall = mostOfCall) {
    float number = -1;
    for (int64_t at = heddle_session_length(session, row); at < end;) {
      int64_t length = std::min(end - at, ofCall);
      const int64_t *sizes[] = {&length};
      const void *inputs[] = {&ids[at]};
      void *outputs[] = {&number};
      if (heddle_call(session, heddle_entry_named(model, "step"), 1, sizes,
                      &row, inputs, outputs))
        return -2;
      at += length;
    }
    return number;
  }

  heddle_program program;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
  std::string file;
  std::vector<int32_t> ids;
};

TEST_F(Ring, KeepsTheWindowAndACall) {
  EXPECT_EQ(session->views[0].capacity, 128);
  for (int64_t ofCall : {60, 1, 7}) {
    ASSERT_EQ(heddle_session_rewind(session, 0, 0), HEDDLE_OK);
    for (int64_t end : {5, 9, 10, 127, 128, 129, 500, 999})
      EXPECT_EQ(read(session, 0, end, ofCall), numberOf(ids, end)) << end;
  }
}

TEST_F(Ring, HoldsAllPositionsWhereTheyAreNotMore) {
  heddle_session_options limits = {1, 0, 0};
  heddle_session *whole = heddle_session_open(model, &limits);
  EXPECT_EQ(whole->views[0].capacity, most);
  heddle_session_close(whole);
}

TEST_F(Ring, IsRewoundAsFarAsTheWindowIsThere) {
  read(session, 0, 500);
  // Positions from 500 - 128 on are there, and 8 are needed.
  EXPECT_EQ(heddle_session_rewind(session, 0, 379), HEDDLE_NOT_SUPPORTED);
  EXPECT_STREQ(heddle_last_error(),
               "row 0 keeps no more of near than a window needs: it can be "
               "rewound to 0, or to 380 and more, not to 379");
  EXPECT_EQ(heddle_session_length(session, 0), 500);
  ASSERT_EQ(heddle_session_rewind(session, 0, 390), HEDDLE_OK);
  EXPECT_EQ(read(session, 0, 395), numberOf(ids, 395));
  // What was written before counts, though it has been forgotten.
  EXPECT_EQ(heddle_session_rewind(session, 0, 379), HEDDLE_NOT_SUPPORTED);
  ASSERT_EQ(heddle_session_rewind(session, 0, 380), HEDDLE_OK);
  EXPECT_EQ(read(session, 0, 381), numberOf(ids, 381));
  ASSERT_EQ(heddle_session_rewind(session, 0, 0), HEDDLE_OK);
  EXPECT_EQ(read(session, 0, 3), numberOf(ids, 3));
  EXPECT_EQ(heddle_session_rewind(session, 0, 1), HEDDLE_OK);
}

TEST_F(Ring, IsCopiedUpToWhereItGoesOn) {
  read(session, 0, 500);
  EXPECT_FALSE(goesOnAt(*session, 0, 379));
  ASSERT_TRUE(goesOnAt(*session, 0, 380));
  copyRow(*session, 0, 1, 0, 380);
  EXPECT_EQ(heddle_session_length(session, 1), 380);
  EXPECT_EQ(heddle_session_rewind(session, 1, 379), HEDDLE_NOT_SUPPORTED);
  EXPECT_EQ(read(session, 1, 381), numberOf(ids, 381));
  // A row that has some of it already.
  read(session, 2, 450);
  ASSERT_EQ(heddle_session_rewind(session, 2, 440), HEDDLE_OK);
  copyRow(*session, 0, 2, 440);
  EXPECT_EQ(read(session, 2, 501), numberOf(ids, 501));
}

TEST_F(Ring, GoesOnFromAFile) {
  std::string path =
      testing::TempDir() + "ring-" + std::to_string(getpid()) + ".session";
  for (int64_t held : {3, 8, 9, 500}) {
    heddle_session_rewind(session, 0, 0);
    read(session, 0, held);
    heddle::text::Ids written;
    written.append(ids.data(), held);
    ASSERT_TRUE(
        heddle::runtime::writeSession(path.c_str(), *session, written, "[]"));
    heddle_session *other = open();
    read(other, 0, 300); // which the file takes the place of
    heddle::text::Ids found;
    heddle::text::Text json;
    ASSERT_EQ(heddle::runtime::readSession(path.c_str(), *other, found, json),
              HEDDLE_OK)
        << heddle_last_error();
    EXPECT_EQ(heddle_session_length(other, 0), held);
    EXPECT_EQ(heddle_session_rewind(other, 0, held), HEDDLE_OK);
    EXPECT_EQ(heddle_session_rewind(other, 0, held - 1),
              held < window ? HEDDLE_OK : HEDDLE_NOT_SUPPORTED);
    EXPECT_EQ(read(other, 0, held + 1), numberOf(ids, held + 1)) << held;
    heddle_session_close(other);
  }
  unlink(path.c_str());
}

} // namespace
