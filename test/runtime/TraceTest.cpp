#include "runtime/Trace.h"
#include "runtime/Clock.h"
#include "runtime/Threads.h"
#include "runtime/main/Bounds.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace heddle::runtime;

namespace {

TEST(Trace, KeepsWhatItHasRoomForAndCountsTheRest) {
  Trace trace;
  ASSERT_TRUE(trace.start(1, 16)); // all of them ops: one thread has no others
  for (int i = 0; i < 20; ++i)
    trace.addOp(i, i, i + 1);
  ASSERT_EQ(trace.ops().count, 16);
  EXPECT_EQ(trace.ops().first[15].site, 15);
  EXPECT_EQ(trace.leftOut(), 4);
  EXPECT_EQ(trace.wholeUntil(), 16);
}

TEST(Trace, IsWholeUpToWhereTheFirstThreadHadNoRoomLeft) {
  Trace trace;
  ASSERT_TRUE(trace.start(2, 20)); // 4 ops, 8 tasks a thread
  for (int i = 0; i < 4; ++i)
    trace.addOp(i, 10 * i, 10 * i + 10);
  EXPECT_EQ(trace.wholeUntil(), HUGE_VAL);
  for (int i = 0; i < 9; ++i)
    trace.addTask(1, i, i + 0.5);
  EXPECT_EQ(trace.tasks(0).count, 0);
  EXPECT_EQ(trace.tasks(1).count, 8);
  EXPECT_EQ(trace.wholeUntil(), 7.5);
}

TEST(Trace, HasWhatEachThreadDidOfALoop) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(2, 0));
  Trace trace;
  ASSERT_TRUE(trace.start(2));
  auto count = [](void *context, int64_t) {
    ++*static_cast<std::atomic<int> *>(context);
  };
  std::atomic<int> sum = 0;
  pool.run(count, &sum, 8);
  EXPECT_EQ(trace.tasks(0).count + trace.tasks(1).count, 0);
  pool.traceTo(&trace);
  double begin = secondsNow();
  for (int i = 0; i < 100; ++i)
    pool.run(count, &sum, 8);
  double end = secondsNow();
  pool.traceTo(nullptr);
  int64_t noted = trace.tasks(0).count + trace.tasks(1).count;
  EXPECT_GE(noted, 100);
  pool.run(count, &sum, 8);
  EXPECT_EQ(trace.tasks(0).count + trace.tasks(1).count, noted);
  EXPECT_EQ(sum, 102 * 8);
  for (int32_t thread : {0, 1}) {
    double last = begin;
    for (const Trace::Slice &slice : trace.tasks(thread)) {
      EXPECT_LE(last, slice.begin);
      EXPECT_LE(slice.begin, slice.end);
      last = slice.end;
    }
    EXPECT_LE(last, end);
  }
}

/// 100 GFLOP/s, 800 of int8; caches of 100 and 1000 bytes and an unknown third.
Limits limits() {
  Limits limits;
  limits.f32 = 100;
  limits.i8 = 800;
  limits.levels[0] = {"L1", 100, 80};
  limits.levels[1] = {"L2", 1000, 40};
  limits.levels[3].speed = 10;
  return limits;
}

TEST(Bounds, AreOfWhatNeedsLongest) {
  // 500 operations take 5 of 10 seconds, 20 bytes of memory 2 of them.
  Bound bound = boundOf({10, 500, 20, HEDDLE_F32, 5000}, limits());
  EXPECT_STREQ(bound.resource, "f32");
  EXPECT_DOUBLE_EQ(bound.share, 0.5);
  bound = boundOf({10, 500, 70, HEDDLE_F32, 5000}, limits());
  EXPECT_STREQ(bound.resource, "memory");
  EXPECT_DOUBLE_EQ(bound.share, 0.7);
}

TEST(Bounds, AreOfTheCacheThatHoldsTheOperands) {
  Bound bound = boundOf({10, 0, 80, HEDDLE_F32, 1000}, limits());
  EXPECT_STREQ(bound.resource, "L2");
  EXPECT_DOUBLE_EQ(bound.share, 0.2);
  bound = boundOf({10, 0, 80, HEDDLE_F32, 100}, limits());
  EXPECT_STREQ(bound.resource, "L1");
  EXPECT_DOUBLE_EQ(bound.share, 0.1);
}

TEST(Bounds, AreOfAFasterCacheWhereMemoryWouldHaveTakenLonger) {
  // 300 bytes in 10 seconds: memory has 100, and the third cache is unknown.
  Bound bound = boundOf({10, 0, 300, HEDDLE_F32, 5000}, limits());
  EXPECT_STREQ(bound.resource, "L2");
  EXPECT_DOUBLE_EQ(bound.share, 0.75);
}

TEST(Bounds, AreNoneWhereNothingWasSoFast) {
  EXPECT_EQ(boundOf({10, 0, 9000, HEDDLE_F32, 50}, limits()).resource, nullptr);
  EXPECT_EQ(boundOf({10, 0, 0, HEDDLE_F32, 0}, limits()).resource, nullptr);
  EXPECT_EQ(boundOf({0, 10, 10, HEDDLE_F32, 10}, limits()).resource, nullptr);
}

TEST(Bounds, AllowForTheNoiseOfProbes) {
  Bound bound = boundOf({10, 0, 103, HEDDLE_F32, 5000}, limits());
  EXPECT_STREQ(bound.resource, "memory");
  EXPECT_DOUBLE_EQ(bound.share, 1);
}

TEST(Bounds, NameTheArithmeticThatTheMachineHas) {
  Bound bound = boundOf({10, 400, 0, HEDDLE_I8, 0}, limits());
  EXPECT_STREQ(bound.resource, "int8");
  EXPECT_DOUBLE_EQ(bound.share, 0.05);
  bound = boundOf({10, 400, 0, HEDDLE_BF16, 0}, limits());
  EXPECT_STREQ(bound.resource, "f32");
  EXPECT_DOUBLE_EQ(bound.share, 0.4);
}

} // namespace
