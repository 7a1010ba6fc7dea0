#include "runtime/Threads.h"
#include "runtime/Cpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

using heddle::runtime::ThreadPool;

namespace {

/// Calls `function(i)` for i in [0, n) on the pool.
template <typename Function>
void parallelFor(ThreadPool &pool, int64_t n, Function function) {
  pool.run(
      [](void *context, int64_t i) { (*static_cast<Function *>(context))(i); },
      &function, n);
}

class Pool : public ::testing::TestWithParam<int> {
protected:
  void SetUp() override { ASSERT_TRUE(pool.start(GetParam(), 0)); }
  ThreadPool pool;
};

TEST_P(Pool, RunsEveryIndexOnce) {
  for (int64_t n : {0, 1, 2, 3, 7, 16, 1000}) {
    std::vector<int> runs(n);
    parallelFor(pool, n, [&](int64_t i) { ++runs[i]; });
    EXPECT_EQ(runs, std::vector<int>(n, 1)) << n;
  }
}

TEST_P(Pool, AThreadThatStandsStillHoldsUpWhatItHasBegunOnly) {
  // Each worker's first task ends when the caller has done all that is in no
  // worker's first piece, two thirds of a share: were a share a thread's
  // alone, that would never be.
  int64_t threads = GetParam(), n = 8 * threads;
  std::atomic<int64_t> endedByCaller = 0;
  auto caller = std::this_thread::get_id();
  std::vector<std::atomic<int>> runs(n);
  parallelFor(pool, n, [&](int64_t i) {
    ++runs[i];
    if (std::this_thread::get_id() == caller)
      ++endedByCaller;
    while (endedByCaller < n - 6 * (threads - 1) &&
           std::this_thread::get_id() != caller)
      std::this_thread::yield();
  });
  for (auto &count : runs)
    EXPECT_EQ(count, 1);
}

TEST_P(Pool, LoopsThatFollowEachOtherStayApart) {
  // Threads that come late to a loop find the next one, or the one after.
  for (int64_t round = 0; round < 20000; ++round) {
    int64_t n = 2 + round % 37;
    std::atomic<int64_t> sum = 0;
    parallelFor(pool, n, [&, round](int64_t i) { sum += i + round; });
    ASSERT_EQ(sum, n * (n - 1) / 2 + n * round);
  }
}

TEST_P(Pool, RegionsSeeWhatEarlierRegionsWrote) {
  std::vector<int64_t> values(64, 0);
  for (int round = 0; round < 2000; ++round)
    parallelFor(pool, 64, [&](int64_t i) {
      // Each region writes the half that the other reads.
      if ((i + round) % 2)
        values[i] = values[(i + 1) % 64] + 1;
    });
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(values[i], i % 2 ? 1999 : 2000);
}

TEST_P(Pool, EndsWhileThreadsComeLateToItsLastLoop) {
  // They sleep when it begins, the caller does it without them, and the pool
  // ends at every moment of their waking up.
  using namespace std::chrono;
  int64_t n = std::max(GetParam(), 2);
  for (int round = 0; round < 200; ++round) {
    ThreadPool ending;
    ASSERT_TRUE(ending.start(GetParam(), 0));
    std::this_thread::sleep_for(microseconds(150));
    std::atomic<int> sum = 0;
    parallelFor(ending, n, [&](int64_t i) { sum += i; });
    EXPECT_EQ(sum, n * (n - 1) / 2);
    auto end = steady_clock::now() + nanoseconds(round * 500);
    while (steady_clock::now() < end)
      ;
  }
}

TEST_P(Pool, SleepingThreadsWakeUp) {
  for (int round = 0; round < 20; ++round) {
    // Longer than threads spin.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::atomic<int> sum = 0;
    parallelFor(pool, 10, [&](int64_t i) { sum += i; });
    EXPECT_EQ(sum, 45);
  }
}

TEST_P(Pool, CallerSleepsUntilALongTaskIsDone) {
  std::atomic<int> done = 0;
  parallelFor(pool, GetParam(), [&](int64_t i) {
    if (i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ++done;
  });
  EXPECT_EQ(done, GetParam());
}

TEST_P(Pool, NestedLoopsRunOnTheirTask) {
  std::atomic<int> inner = 0;
  parallelFor(pool, 8, [&](int64_t) {
    auto outer = std::this_thread::get_id();
    parallelFor(pool, 4, [&](int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), outer);
      ++inner;
    });
  });
  EXPECT_EQ(inner, 32);
}

TEST_P(Pool, HostThreadsMayShareIt) {
  std::vector<std::thread> hosts;
  std::atomic<int64_t> sum = 0;
  for (int host = 0; host < 4; ++host)
    hosts.emplace_back([&] {
      for (int round = 0; round < 500; ++round)
        parallelFor(pool, 8, [&](int64_t i) { sum += i; });
    });
  for (std::thread &host : hosts)
    host.join();
  EXPECT_EQ(sum, 4 * 500 * 28);
}

INSTANTIATE_TEST_SUITE_P(Threads, Pool, ::testing::Values(1, 2, 3, 16, 64));

TEST(Cores, AreAtMostWhatTheAffinityMaskHas) {
  int32_t cores = heddle::runtime::availableCores();
  EXPECT_GE(cores, 1);
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_LE(cores, CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); ++cpu)
    if (CPU_ISSET(cpu, &before))
      CPU_SET(cpu, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(heddle::runtime::availableCores(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

} // namespace
