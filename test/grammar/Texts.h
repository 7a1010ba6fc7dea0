// A schema with a vocabulary, for tests: which tokens may come next.
#ifndef HEDDLE_TEST_GRAMMAR_TEXTS_H
#define HEDDLE_TEST_GRAMMAR_TEXTS_H

#include "runtime/Memory.h"
#include "runtime/grammar/Grammar.h"
#include "test/runtime/ToyTokenizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace toy {

/// Tokens that write what they are called; <end> behind them ends a text.
class Words {
public:
  explicit Words(const std::vector<std::string> &tokens,
                 const std::vector<TokenizerTables::Decoding> &decoders = {})
      : tables(tokens, decoders) {
    EXPECT_STREQ(tokenizer.open(tables.bytes.data(), tables.bytes.size()),
                 nullptr);
    EXPECT_STREQ(vocabulary.build(tokenizer), nullptr);
  }
  int32_t end() const { return tokenizer.vocabularySize() - 1; }

private:
  TokenizerTables tables;

public:
  heddle::text::Tokenizer tokenizer;
  heddle::grammar::Vocabulary vocabulary;
};

class Schema {
public:
  Schema(const Words &words, std::string_view schema)
      : words(words), grammar(heddle::runtime::create<heddle::grammar::Grammar>(
                          words.vocabulary)) {
    const char *why = grammar->compile(schema);
    wrong = why ? why : "";
  }
  ~Schema() { heddle::grammar::Grammar::release(grammar); }

  const Words &words;
  heddle::grammar::Grammar *grammar;
  std::string wrong;
};

/// Of every token, the end with them, whether it may come next.
inline std::vector<bool> allowed(heddle::grammar::Follower &follower,
                                 const Words &words) {
  std::vector<float> logits(size_t(words.end()) + 1, 1.0f);
  int32_t end = words.end();
  const float *masked =
      follower.apply(logits.data(), int32_t(logits.size()), &end, 1);
  std::vector<bool> result;
  for (size_t id = 0; id < logits.size(); ++id)
    result.push_back(masked && masked[id] != -INFINITY);
  return result;
}

} // namespace toy

#endif // HEDDLE_TEST_GRAMMAR_TEXTS_H
