//===- ProblemsTest.cpp - What is wrong with a checkpoint, and its JSON ---===//

#include "compiler/checkpoint/Json.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace heddle::checkpoint;

namespace {

TEST(Problems, PrintsTheFirstTwenty) {
  Problems problems;
  for (int i = 0; i < 23; ++i)
    problems.add("x", llvm::Twine(i));
  std::string text;
  llvm::raw_string_ostream os(text);
  problems.print(os);
  EXPECT_EQ(llvm::StringRef(text).count('\n'), 21u);
  EXPECT_TRUE(
      llvm::StringRef(text).ends_with("error: x: 19\nerror: and 3 more\n"))
      << text;
}

TEST(Json, ReadsInfinityAsPythonWritesIt) {
  Problems problems;
  auto value = parseJson("{\"a\": [Infinity, -Infinity], \"Infinity\": "
                         "\"a \\\" Infinity\"}",
                         "x", problems);
  ASSERT_TRUE(value);
  const llvm::json::Object &object = *value->getAsObject();
  const llvm::json::Array &limits = *object.getArray("a");
  EXPECT_EQ(limits[0].getAsNumber(), HUGE_VAL);
  EXPECT_EQ(limits[1].getAsNumber(), -HUGE_VAL);
  EXPECT_EQ(object.getString("Infinity"), "a \" Infinity");
  EXPECT_FALSE(parseJson("{\"a\": Infinity, \"b\": NaN}", "x", problems));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.messages()[0].substr(0, 8), "x:1:22: ");
}

} // namespace
