//===- TargetTest.h - tests with a target as their parameter ----*- C++ -*-===//
#ifndef HEDDLE_TEST_MICROKERNELS_TARGETTEST_H
#define HEDDLE_TEST_MICROKERNELS_TARGETTEST_H

#include "Jit.h"
#include "gtest/gtest.h"
#include <algorithm>

namespace heddle::test {

/// A target as part of a test's name.
inline std::string
targetTestName(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '+', '_');
  return name;
}

} // namespace heddle::test

#endif // HEDDLE_TEST_MICROKERNELS_TARGETTEST_H
