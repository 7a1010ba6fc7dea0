//===- TargetTest.h - tests with a target as their parameter ----*- C++ -*-===//
#ifndef HEDDLE_TEST_MICROKERNELS_TARGETTEST_H
#define HEDDLE_TEST_MICROKERNELS_TARGETTEST_H

#include "Jit.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <vector>

namespace heddle::test {

/// A target as part of a test's name.
inline std::string
targetTestName(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '+', '_');
  return name;
}

/// Numbers from −3 to 3.25, neighbours unlike each other.
inline std::vector<float> numbered(int64_t count) {
  std::vector<float> numbers(count);
  for (int64_t i = 0; i < count; ++i)
    numbers[i] = (i * 37 % 101) / 16.f - 3;
  return numbers;
}

} // namespace heddle::test

#endif // HEDDLE_TEST_MICROKERNELS_TARGETTEST_H
