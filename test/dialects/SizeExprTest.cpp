//===- SizeExprTest.cpp - Tests of symbolic sizes -------------------------===//

#include "dialects/nn/SizeExpr.h"

#include "gtest/gtest.h"

using heddle::nn::SizeExpr;
using llvm::StringRef;

static SizeExpr parsed(StringRef text) {
  llvm::FailureOr<SizeExpr> expr = SizeExpr::parse(text);
  EXPECT_TRUE(llvm::succeeded(expr)) << text.str();
  return llvm::succeeded(expr) ? *expr : SizeExpr();
}

static std::optional<int64_t> valueOf(StringRef name) {
  if (name == "Y")
    return 24;
  if (name == "P")
    return 8;
  if (name == "Z")
    return 0;
  return std::nullopt;
}

TEST(SizeExprTest, TextIsCanonical) {
  EXPECT_EQ(parsed("K * 3 * H").str(), "3*H*K");
  EXPECT_EQ(parsed("1 + T").str(), "T+1");
  EXPECT_EQ(parsed("(Y/P)*(X/P)").str(), "X*Y/P^2");
  EXPECT_EQ(parsed("Y/8").str(), "Y/8");
  EXPECT_EQ(parsed("6*Y/8").str(), "3*Y/4");
  EXPECT_EQ(parsed("-T + 2").str(), "-T+2");
  EXPECT_EQ(parsed("1/T").str(), "1/T");
  EXPECT_EQ(parsed("A - A").str(), "0");
  EXPECT_EQ(parsed("B*T + B^2 + B + 1").str(), "B*T+B^2+B+1");
}

TEST(SizeExprTest, TextIsReadBack) {
  for (StringRef text : {"3*H*K", "T+1", "Y/8", "D/H", "X*Y/P^2", "-T+2", "0",
                         "1/2", "-3*T^2/4/H", "B*T-B-1"}) {
    EXPECT_EQ(parsed(text).str(), text);
    EXPECT_EQ(parsed(parsed(text).str()), parsed(text));
  }
}

TEST(SizeExprTest, WhatIsNotASizeIsRefused) {
  for (StringRef text : {"", "+", "T+", "T*", "(T", "T)", "T/(T+1)", "T/0",
                         "T S", "2^", "T^99", "99999999999999999999", "@T"})
    EXPECT_TRUE(llvm::failed(SizeExpr::parse(text))) << text.str();
}

TEST(SizeExprTest, AShortTextIsNoHugePolynomial) {
  std::string sum = "A", deep = "T";
  for (int i = 0; i < 300; ++i)
    sum += "+A" + std::to_string(i);
  for (int i = 0; i < 8; ++i)
    deep = "(" + deep + "*" + deep + ")";
  for (StringRef text : std::initializer_list<StringRef>{
           "(A+B+C+D+E+F+G+H)^16", "((A+B)^16)^16", "((A^16)^16)^16",
           "1/4294967296", "A/2147483647+B/2147483629", sum, deep})
    EXPECT_TRUE(llvm::failed(SizeExpr::parse(text))) << text.str();
  EXPECT_TRUE(llvm::succeeded(SizeExpr::parse("(A+B)^16/2147483647")));
}

TEST(SizeExprTest, EqualMeansTheSameSize) {
  EXPECT_EQ(parsed("(T+1)*(T-1)"), parsed("T*T-1"));
  EXPECT_EQ(parsed("D/H*H"), SizeExpr::name("D"));
  EXPECT_EQ(parsed("(Y-P)/P+1"), parsed("Y/P"));
  EXPECT_NE(SizeExpr::name("D"), SizeExpr::name("E"));
  EXPECT_EQ(hash_value(parsed("H*K")), hash_value(parsed("K*H")));
}

TEST(SizeExprTest, ConstantsAndNames) {
  EXPECT_EQ(parsed("2*3+1").asConstant(), 7);
  EXPECT_EQ(parsed("1/2").asConstant(), std::nullopt);
  EXPECT_EQ(parsed("T").asConstant(), std::nullopt);
  EXPECT_EQ(SizeExpr().asConstant(), 0);
  EXPECT_TRUE(parsed("T-T+5").isConstant());
  EXPECT_FALSE(parsed("T+5").isConstant());
  EXPECT_EQ(parsed("T").asName(), StringRef("T"));
  EXPECT_EQ(parsed("2*T").asName(), std::nullopt);
  SizeExpr sum = parsed("T*B+B");
  EXPECT_EQ(sum.names(), (llvm::SmallVector<StringRef>{"B", "T"}));
}

TEST(SizeExprTest, EvaluationIsExact) {
  EXPECT_EQ(parsed("Y/P+1").evaluate(valueOf), 4);
  EXPECT_EQ(parsed("Y/16+P/16").evaluate(valueOf), 2);
  EXPECT_EQ(parsed("Y/7").evaluate(valueOf), std::nullopt);
  EXPECT_EQ(parsed("Y*Q").evaluate(valueOf), std::nullopt);
  EXPECT_EQ(parsed("Y/Z").evaluate(valueOf), std::nullopt);
  EXPECT_EQ(parsed("4000000000*4000000000*Y").evaluate(valueOf), std::nullopt);
}

TEST(SizeExprTest, SubstitutionExpandsNames) {
  auto replacement = [](StringRef name) -> std::optional<SizeExpr> {
    if (name == "K")
      return parsed("D/H");
    if (name == "T")
      return parsed("N+1");
    return std::nullopt;
  };
  EXPECT_EQ(*parsed("3*H*K").substitute(replacement), parsed("3*D"));
  EXPECT_EQ(*parsed("T-1").substitute(replacement), parsed("N"));
  EXPECT_TRUE(llvm::failed(parsed("D/T").substitute(replacement)));
}
