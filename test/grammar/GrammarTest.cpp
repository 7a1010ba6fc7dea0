// Which tokens may come next: exactly those that some text of the schema goes
// on with.
#include "test/grammar/Texts.h"

#include <random>
#include <set>
#include <thread>

using heddle::grammar::Follower;
using heddle::text::DecoderKind;
using toy::Schema;
using toy::Words;

namespace {
struct Case {
  std::string schema;
  std::vector<std::string> texts; // all that there are, without white space
};
} // namespace

static std::vector<std::string> integers(int first, int last) {
  std::vector<std::string> texts;
  for (int number = first; number <= last; ++number)
    texts.push_back(std::to_string(number));
  return texts;
}

static const std::vector<Case> &cases() {
  static const std::vector<Case> all = {
      {R"({"type": "boolean"})", {"true", "false"}},
      {R"({"enum": ["a", "ab", "b", 1, null]})",
       {"\"a\"", "\"ab\"", "\"b\"", "1", "null"}},
      {R"({"const": {"a": [1, "b"]}})", {R"({"a":[1,"b"]})"}},
      {R"({"type": "integer", "minimum": -12, "exclusiveMaximum": 104})",
       integers(-12, 103)},
      {R"({"type": "integer", "minimum": 7, "maximum": 7})", {"7"}},
      {R"({"type": "integer", "minimum": -0.5, "maximum": 2.5})",
       integers(0, 2)},
      {R"({"type": "array", "items": {"enum": [1, 2]}, "maxItems": 2})",
       {"[]", "[1]", "[2]", "[1,1]", "[1,2]", "[2,1]", "[2,2]"}},
      {R"({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}],
           "items": {"const": 3}, "minItems": 1, "maxItems": 3})",
       {"[1]", "[1,2]", "[1,2,3]"}},
      {R"({"type": "object", "properties": {"a": {"const": 1},
           "b": {"const": 2}, "ab": {"const": 3}}, "required": ["b"]})",
       {R"({"b":2})", R"({"a":1,"b":2})", R"({"b":2,"ab":3})",
        R"({"a":1,"b":2,"ab":3})"}},
      {R"({"type": "object", "additionalProperties": false})", {"{}"}},
      {R"({"type": "string", "pattern": "^(a|b{2})b?$", "maxLength": 2})",
       {R"("a")", R"("ab")", R"("bb")"}},
      {R"({"type": "string", "pattern": "^[ab]+$", "minLength": 2,
           "maxLength": 2})",
       {R"("aa")", R"("ab")", R"("ba")", R"("bb")"}},
      {R"({"anyOf": [{"const": 12}, {"const": 1}, {"type": "null"}]})",
       {"12", "1", "null"}},
      {R"({"allOf": [{"enum": [1, 2, 12]}, {"minimum": 2}]})", {"2", "12"}},
      {R"({"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}},
           "$defs": {"n": {"enum": [null, 1]}}})",
       {"{}", R"({"a":null})", R"({"a":1})"}},
      {R"({"oneOf": [
            {"type": "object", "properties": {"a": {"const": 1},
             "b": {"const": 1}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {"const": 2}},
             "required": ["a"]}]})",
       {R"({"a":1})", R"({"a":1,"b":1})", R"({"a":2})"}},
      {R"({"type": "object", "properties": {"a": {"const": 1}, "b": false}})",
       {"{}", R"({"a":1})"}}};
  return all;
}

/// Tokens of one to four bytes, many of which are parts of the texts.
static std::vector<std::string> tokensOf(const Case &each, unsigned seed) {
  std::mt19937 random(seed);
  std::set<std::string> tokens;
  for (char byte : std::string_view("{}[]\":,-0123456789abtruefalsn"))
    tokens.insert(std::string(1, byte));
  for (int i = 0; i < 40; ++i) {
    const std::string &text = each.texts[random() % each.texts.size()];
    std::string piece = text.substr(random() % text.size(), 1 + random() % 4);
    if (random() % 3 == 0)
      piece += "a1\"}b,"[random() % 6];
    tokens.insert(piece);
  }
  return {tokens.begin(), tokens.end()};
}

static bool canGoOn(const Case &each, const std::string &beginning) {
  for (const std::string &text : each.texts)
    if (text.compare(0, beginning.size(), beginning) == 0)
      return true;
  return false;
}

static bool isText(const Case &each, const std::string &text) {
  return std::find(each.texts.begin(), each.texts.end(), text) !=
         each.texts.end();
}

/// Goes on with tokens that may come, at random, and holds every step against
/// all texts.
static void walk(const Case &each, unsigned seed) {
  std::vector<std::string> tokens = tokensOf(each, seed);
  Words words(tokens);
  Schema schema(words, each.schema);
  ASSERT_EQ(schema.wrong, "");
  Follower follower(*schema.grammar);
  std::mt19937 random(seed);
  std::string text;
  while (!follower.isFinished()) {
    if (random() % 2)
      follower.begin();
    std::vector<bool> may = toy::allowed(follower, words);
    std::vector<int32_t> choices;
    for (size_t id = 0; id < tokens.size(); ++id) {
      EXPECT_EQ(may[id], canGoOn(each, text + tokens[id]))
          << each.schema << ": " << text << " then " << tokens[id];
      if (may[id])
        choices.push_back(int32_t(id));
    }
    EXPECT_EQ(may.back(), isText(each, text)) << text;
    EXPECT_EQ(follower.isComplete(), isText(each, text)) << text;
    if (choices.empty() || (follower.isComplete() && random() % 3 == 0))
      break;
    int32_t id = choices[random() % choices.size()];
    follower.accept(id);
    text += tokens[size_t(id)];
  }
  EXPECT_TRUE(isText(each, text)) << each.schema << ": " << text;
}

TEST(Grammar, TokensMayComeExactlyIfSomeTextGoesOnWithThem) {
  for (const Case &each : cases())
    for (unsigned seed = 0; seed < 12; ++seed)
      walk(each, seed);
}

TEST(Grammar, AllTextsAreReached) {
  for (const Case &each : cases()) {
    Words words(tokensOf(each, 1));
    Schema schema(words, each.schema);
    for (const std::string &text : each.texts) {
      Follower follower(*schema.grammar);
      for (char byte : text) {
        int32_t id = words.tokenizer.find({&byte, 1});
        ASSERT_TRUE(toy::allowed(follower, words)[size_t(id)]) << text;
        follower.accept(id);
      }
      EXPECT_TRUE(follower.isComplete()) << text;
    }
  }
}

TEST(Grammar, WhiteSpaceIsWhatDumpsWrites) {
  const char *pieces[] = {"{", "}", "[", "]",  "\"a\"", ":",
                          ",", "1", " ", "\n", "\t",    "        "};
  Words words({std::begin(pieces), std::end(pieces)});
  Schema schema(words, R"({"type": "object", "properties":
    {"a": {"type": "array", "items": {"const": 1}, "maxItems": 2}}})");
  auto accepts = [&](std::vector<std::string_view> tokens) {
    Follower follower(*schema.grammar);
    for (std::string_view token : tokens) {
      int32_t id = words.tokenizer.find(token);
      if (!toy::allowed(follower, words)[size_t(id)])
        return false;
      follower.accept(id);
    }
    return follower.isComplete();
  };
  std::string_view wide = "        ", a = "\"a\"";
  EXPECT_TRUE(accepts({"{", a, ":", "[", "1", ",", "1", "]", "}"}));
  EXPECT_TRUE(accepts({"{", a, ":", " ", "[", "1", ",", " ", "1", "]", "}"}));
  EXPECT_TRUE(accepts({"{", "\n", "\t", a, ":", " ", "[", "\n", wide, wide, "1",
                       "\n", "]", "\n", "}"}));
  EXPECT_FALSE(accepts({" ", "{", "}"}));
  EXPECT_FALSE(accepts({"{", a, " ", ":", "[", "]", "}"}));
  EXPECT_FALSE(accepts({"{", a, ":", " ", " ", "[", "]", "}"}));
  EXPECT_FALSE(accepts({"{", " ", " ", a, ":", "[", "]", "}"}));
  EXPECT_FALSE(accepts({"{", "\n", "\n", a, ":", "[", "]", "}"}));
  EXPECT_FALSE(accepts(
      {"{", "\n", wide, wide, wide, wide, wide, a, ":", "[", "]", "}"}));
}

TEST(Grammar, CompleteValuesMayEndOrGoOn) {
  Words words({"1", "2", ".", "e"});
  Schema schema(words, R"({"type": "number"})");
  Follower follower(*schema.grammar);
  EXPECT_FALSE(toy::allowed(follower, words)[size_t(words.end())]);
  follower.accept(0);
  EXPECT_TRUE(toy::allowed(follower, words)[size_t(words.end())]);
  EXPECT_TRUE(follower.isComplete());
  EXPECT_FALSE(follower.isFinished());
  follower.accept(2);
  EXPECT_FALSE(toy::allowed(follower, words)[size_t(words.end())]);
  EXPECT_FALSE(follower.isComplete());
}

/// Goes on as far as `steps` at random, and says what was written.
static std::string writeAlone(heddle::grammar::Grammar &grammar,
                              const Words &words, unsigned seed, bool begins) {
  Follower follower(grammar);
  std::mt19937 random(seed);
  std::string text;
  for (int step = 0; step < 40 && !follower.isFinished(); ++step) {
    if (begins)
      follower.begin();
    std::vector<bool> may = toy::allowed(follower, words);
    std::vector<int32_t> choices;
    for (size_t id = 0; id + 1 < may.size(); ++id)
      if (may[id])
        choices.push_back(int32_t(id));
    if (choices.empty())
      break;
    int32_t id = choices[random() % choices.size()];
    follower.accept(id);
    text += words.vocabulary.textOf(id);
  }
  return text;
}

TEST(Grammar, ManyTextsFollowOneSchemaAtOnce) {
  std::vector<std::string> tokens;
  for (char byte : std::string_view("{}\":,1abcdefghij"))
    tokens.push_back({byte});
  for (char first : std::string_view("abcdefghij"))
    for (char second : std::string_view("abcdefghij\""))
      tokens.push_back({first, second});
  Words words(tokens);
  constexpr std::string_view text = R"({"type": "object",
    "additionalProperties": {"type": "string", "maxLength": 9}})";
  Schema together(words, text);
  std::vector<std::string> texts(8);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < texts.size(); ++i)
    threads.emplace_back([&, i] {
      texts[i] = writeAlone(*together.grammar, words, i, i % 4 != 0);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (unsigned i = 0; i < texts.size(); ++i) {
    Schema alone(words, text);
    EXPECT_EQ(texts[i], writeAlone(*alone.grammar, words, i, false));
  }
}

TEST(Grammar, ATextMayEndWhileItsMaskIsFound) {
  Words words({"{", "}"});
  for (int i = 0; i < 50; ++i) {
    Schema schema(words, "{}");
    Follower follower(*schema.grammar);
    follower.begin();
    if (i % 2)
      follower.accept(0);
  }
}

//===-- What tokens write --===//

TEST(Vocabulary, TokensWriteWhatTheDecoderMakesOfThemInTheMiddle) {
  struct {
    std::vector<toy::TokenizerTables::Decoding> decoders;
    std::string token, text;
  } all[] = {{{{DecoderKind::ByteLevel, "", ""}}, "\u0120a", " a"},
             {{{DecoderKind::ByteLevel, "", ""}}, "\u00c3", "\xc3"},
             {{{DecoderKind::ByteLevel, "", ""}}, "\u010a", "\n"},
             {{{DecoderKind::Replace, "\u2581", " "},
               {DecoderKind::ByteFallback, "", ""},
               {DecoderKind::StripFused, "", " "}},
              "\u2581a",
              " a"},
             {{{DecoderKind::ByteFallback, "", ""}}, "<0xE2>", "\xe2"},
             {{{DecoderKind::Metaspace, "", "\u2581"}}, "\u2581a", " a"},
             {{{DecoderKind::WordPiece, "", "##"}}, "##a", "a"},
             {{{DecoderKind::WordPiece, "", "##"}}, "a", " a"},
             {{{DecoderKind::JoinSpaced, "", ""}}, "a", " a"},
             {{}, "a", "a"}};
  for (const auto &each : all) {
    Words words({each.token}, each.decoders);
    EXPECT_EQ(words.vocabulary.textOf(0), each.text) << each.token;
    EXPECT_EQ(words.vocabulary.textOf(words.end()), "");
  }
}

TEST(Vocabulary, CharactersMayBeSpreadOverTokens) {
  Words words({"\"", "\u00c3", "\u00a9", "a"},
              {{DecoderKind::ByteLevel, "", ""}});
  Schema schema(words, R"({"type": "string", "minLength": 1, "maxLength": 1})");
  Follower follower(*schema.grammar);
  follower.accept(0);
  EXPECT_EQ(toy::allowed(follower, words),
            (std::vector<bool>{false, true, false, true, false}));
  follower.accept(1);
  EXPECT_EQ(toy::allowed(follower, words),
            (std::vector<bool>{false, false, true, false, false}));
  follower.accept(2);
  EXPECT_EQ(toy::allowed(follower, words),
            (std::vector<bool>{true, false, false, false, false}));
}

//===-- Forgetting --===//

TEST(Terms, WhatIsSweptIsFoundAgain) {
  using namespace heddle::grammar;
  Terms terms;
  Term a = terms.byte('a'), b = terms.byte('b');
  Term word = terms.repeat(terms.either(a, terms.sequence(a, b)), 0, 40);
  terms.keepAllSoFar();
  size_t kept = terms.size();
  Term state = word, other = word;
  for (int i = 0; i < 20; ++i) {
    state = terms.after(terms.after(state, 'a'), 'b');
    other = terms.after(other, 'a');
  }
  size_t before = terms.size();
  Term *states[] = {&state, &other};
  terms.sweep(states, 2);
  EXPECT_LT(terms.size(), before);
  EXPECT_GT(terms.size(), kept);
  Term again = word;
  for (int i = 0; i < 20; ++i)
    again = terms.after(terms.after(again, 'a'), 'b');
  EXPECT_EQ(again, state);
  for (int i = 0; i < 20; ++i)
    other = terms.after(other, 'a');
  EXPECT_TRUE(terms.hasEmpty(other));
  EXPECT_EQ(terms.after(other, 'a'), nothing);
}
