// What of a schema is refused, and where.
#include "test/grammar/Texts.h"
#include "test/runtime/AllocationHook.h"

#include <pthread.h>

using toy::Schema;
using toy::Words;

static std::string wrongWith(std::string_view schema) {
  Words words({"1"});
  return Schema(words, schema).wrong;
}

TEST(Schema, NoJson) {
  EXPECT_EQ(wrongWith("{\"type\": }"), "no JSON value at byte 9");
  EXPECT_EQ(wrongWith(""), "no JSON value at byte 0");
  EXPECT_EQ(wrongWith("{} {}"), "something behind the JSON value at byte 3");
  EXPECT_EQ(wrongWith("\xff"), "bytes that are not UTF-8 at byte 0");
  EXPECT_EQ(wrongWith("[]"), "#: needed: a schema, which is an object or true");
  EXPECT_EQ(wrongWith(std::string(100, '[')), "more levels than 64 at byte 65");
}

TEST(Schema, UnknownKeywordsAreRefusedByNameAndPlace) {
  for (std::string keyword : {"not",
                              "if",
                              "then",
                              "else",
                              "uniqueItems",
                              "contains",
                              "multipleOf",
                              "minProperties",
                              "maxProperties",
                              "patternProperties",
                              "propertyNames",
                              "dependentRequired",
                              "dependentSchemas",
                              "unevaluatedProperties",
                              "unevaluatedItems",
                              "$dynamicRef",
                              "$anchor",
                              "additionalItems",
                              "contentEncoding",
                              "nullable"})
    EXPECT_EQ(
        wrongWith("{\"properties\": {\"a/b\": {\"" + keyword + "\": {}}}}"),
        "#/properties/a~1b/" + keyword +
            ": this keyword is not known "
            "here");
}

TEST(Schema, WordsWithoutMeaningAreRead) {
  EXPECT_EQ(wrongWith(R"({"$schema": "x", "$id": "y", "title": "a",
    "description": "b", "default": 1, "examples": [2], "$comment": "c",
    "discriminator": {"propertyName": "kind"}, "deprecated": true, "readOnly": true, "writeOnly": false,
    "const": 1})"),
            "");
}

TEST(Schema, KeywordsHaveForms) {
  EXPECT_EQ(wrongWith(R"({"type": "text"})"),
            "#/type: needed: null, boolean, integer, number, string, array or "
            "object, or a list of these");
  EXPECT_EQ(wrongWith(R"({"properties": []})"),
            "#/properties: needed: an object of schemas");
  EXPECT_EQ(wrongWith(R"({"items": [{}]})"), "#/items: needed: a schema");
  EXPECT_EQ(wrongWith(R"({"anyOf": []})"),
            "#/anyOf: needed: a list of schemas");
  EXPECT_EQ(wrongWith(R"({"required": [1]})"),
            "#/required: needed: a list of strings");
  EXPECT_EQ(wrongWith(R"({"minLength": -1})"),
            "#/minLength: needed: a whole number from 0 to 999999999");
  EXPECT_EQ(wrongWith(R"({"minimum": "1"})"), "#/minimum: needed: a number");
  EXPECT_EQ(wrongWith(R"({"enum": 1})"), "#/enum: needed: a list of values");
  EXPECT_EQ(wrongWith(R"({"format": "regex"})"),
            "#/format: needed: date, time, date-time, duration, uuid, ipv4, "
            "ipv6, hostname, email or uri");
  EXPECT_EQ(wrongWith(R"({"format": "ipv6", "enum": ["::1"]})"),
            "#/format: a string that the schema names, \"::1\", is not of "
            "this format as it is written here");
  EXPECT_EQ(wrongWith(R"({"format": "ipv6", "enum": ["red", 1]})"), "");
  EXPECT_EQ(wrongWith(R"({"type": "number", "minimum": 0.1234567890123456})"),
            "#: a bound of more than 15 digits, which numbers that are not "
            "whole cannot be held against exactly");
}

TEST(Schema, References) {
  EXPECT_EQ(wrongWith(R"({"$ref": "#/$defs/a"})"),
            "#/$ref: found \"#/$defs/a\", needed: a place in this schema, such "
            "as #/$defs/a");
  EXPECT_EQ(wrongWith(R"({"$ref": "#"})"),
            "#/$ref: this schema refers to itself and says nothing");
  EXPECT_EQ(
      wrongWith(R"({"anyOf": [{"$ref": "#"}, {"type": "null"}]})"),
      "#/anyOf/0/$ref: this schema refers to one that it is an alternative "
      "of");
  EXPECT_EQ(wrongWith(R"({"properties": {"a": {"$ref": "#/$defs/x~1y%20z"}},
                          "$defs": {"x/y z": {"type": "null"}}})"),
            "");
}

TEST(Schema, SchemasWithoutAValue) {
  for (const char *schema :
       {"false", R"({"enum": []})", R"({"type": "integer", "minimum": 1,
        "maximum": 0})",
        R"({"allOf": [{"type": "string"}, {"type": "null"}]})",
        R"({"type": "string", "pattern": "^a$", "minLength": 2})",
        R"({"type": "object", "properties": {"a": false}, "required": ["a"]})",
        R"({"type": "array", "items": false, "minItems": 1})",
        R"({"type": "object", "properties": {"a": {"$ref": "#"}},
            "required": ["a"]})"})
    EXPECT_EQ(wrongWith(schema), "#: no value keeps to this schema") << schema;
}

TEST(Schema, OneOfNeedsSchemasThatExcludeEachOther) {
  std::string why =
      ": a value may keep to this schema of oneOf and to one before it: "
      "needed: anyOf, or schemas that differ in type or in a required constant";
  EXPECT_EQ(wrongWith(R"({"oneOf": [{"type": "integer"},
                                    {"type": "number"}]})"),
            "#/oneOf/1" + why);
  EXPECT_EQ(wrongWith(R"({"oneOf": [
    {"type": "object", "properties": {"a": {"const": 1}}},
    {"type": "object", "properties": {"a": {"const": 2}},
     "required": ["a"]}]})"),
            "#/oneOf/1" + why);
  EXPECT_EQ(wrongWith(R"({"oneOf": [{"type": "integer", "maximum": 5},
    {"type": "integer", "exclusiveMinimum": 5}, {"const": "a"},
    {"enum": ["b"]}]})"),
            "");
}

TEST(Schema, PatternsThatAreNotRegular) {
  auto wrong = [](const std::string &pattern) {
    std::string why = wrongWith("{\"pattern\": \"" + pattern + "\"}");
    return why.empty() ? why : why.substr(strlen("#/pattern: "));
  };
  EXPECT_EQ(wrong("^(?=a)b$"), "a group that begins with (? and not with (?:");
  EXPECT_EQ(wrong("(a)\\\\1"), "a \\ with a letter that has no meaning here");
  EXPECT_EQ(wrong("\\\\bword"), "a \\ with a letter that has no meaning here");
  EXPECT_EQ(wrong("a^b"),
            "a ^ or $ that is not at an end of the whole pattern");
  EXPECT_EQ(wrong("(a"), "a ( without a )");
  EXPECT_EQ(wrong("a)"), "a ) without a (");
  EXPECT_EQ(wrong("[a"), "a [ without a ]");
  EXPECT_EQ(wrong("[b-a]"), "a range in a set that ends before it begins");
  EXPECT_EQ(wrong("*a"), "one of * + ? { } ] ) where a character is to stand");
  EXPECT_EQ(wrong("a**"), "times behind times");
  EXPECT_EQ(wrong("a{2,1}"),
            "a number of times that is more than the one behind it");
  EXPECT_EQ(wrong("\\\\p{L}"), "a \\ with a letter that has no meaning here");
}

//===-- What is hostile --===//

/// `inner` in so many of `before` and `behind`.
static std::string nested(int levels, std::string_view before,
                          std::string_view inner, std::string_view behind) {
  std::string text;
  for (int i = 0; i < levels; ++i)
    text += before;
  text += inner;
  for (int i = 0; i < levels; ++i)
    text += behind;
  return text;
}

/// A schema for each kind of depth that there is.
static std::vector<std::string> deepSchemas() {
  std::string chain = R"({"$ref": "#/$defs/0", "$defs": {)";
  std::string links = chain;
  for (int i = 0; i < 40; ++i) {
    std::string at = std::to_string(i), next = std::to_string(i + 1);
    chain += "\"" + at + R"(": {"$ref": "#/$defs/)" + next + "\"}, ";
    links += "\"" + at +
             R"(": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/)" + next +
             "\"}]}, ";
  }
  std::string name(128, 'n'), end = R"("40": {"type": "null"}}})";
  return {chain + end,
          links + end,
          nested(30, R"({"properties": {"a": )", "true", "}}"),
          nested(30, R"({"allOf": [)", "{\"type\": \"null\"}", "]}"),
          nested(30, R"({"anyOf": [)", "{\"type\": \"null\"}", "]}"),
          R"({"pattern": ")" + nested(32, "(", "a", ")*") + "\"}",
          R"({"additionalProperties": true, "properties": {")" + name +
              R"(": true}})",
          R"({"const": )" + nested(62, "[", "1", "]") + "}",
          R"({"const": )" + nested(60, "{\"a\": ", "1", "}") + "}"};
}

static void *readDeep(void *) {
  Words words({"{", "[", "\"", "n"});
  for (const std::string &text : deepSchemas()) {
    Schema schema(words, text);
    EXPECT_EQ(schema.wrong, "") << text;
    heddle::grammar::Follower follower(*schema.grammar);
    EXPECT_FALSE(toy::allowed(follower, words).empty());
  }
  return nullptr;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr size_t sanitizerStackBytes = 384 << 10;
#else
constexpr size_t sanitizerStackBytes = 0;
#endif

TEST(Schema, DepthNeedsNoMoreStackThanAHostHas) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (128 << 10) + sanitizerStackBytes);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, readDeep, nullptr), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(Schema, WhatIsTooMuchIsRefused) {
  EXPECT_EQ(wrongWith(std::string((1 << 20) + 1, ' ')),
            "the schema has more than a MiB");
  std::string choices = R"({"type": "object", "allOf": [)";
  for (int i = 0; i < 20; ++i) {
    std::string at = std::to_string(i);
    choices += R"({"anyOf": [{"required": ["a)" + at +
               R"("]}, {"required": ["b)" + at + "\"]}]}, ";
  }
  EXPECT_EQ(wrongWith(choices + "true]}"), "the schema needs too many states");
  EXPECT_EQ(
      wrongWith(R"({"type": "string", "pattern": "^(?:a|b{1,99}c){1,999}$",
                          "maxLength": 5000})"),
      "the schema needs too many states");
  // What looks at each of many with each of many.
  std::string values, members;
  for (int i = 0; i < 40000; ++i)
    values += (i ? "," : "") + std::to_string(i);
  for (int i = 0; i < 900; ++i)
    members += (i ? ",\"" : "\"") + std::to_string(i) + "\": {}";
  EXPECT_EQ(wrongWith("{\"enum\": [" + values + "]}"), "");
  EXPECT_EQ(wrongWith("{\"allOf\": [{\"enum\": [" + values +
                      "]}, {\"enum\": [" + values + "]}]}"),
            "the schema needs too many states");
  EXPECT_EQ(wrongWith("{\"properties\": {" + members + "}}"), "");
  EXPECT_EQ(wrongWith("{\"type\": \"object\", \"properties\": {" + members +
                      "}" + choices.substr(strlen(R"({"type": "object")")) +
                      "true]}"),
            "the schema needs too many states");
  EXPECT_EQ(wrongWith(R"({"minItems": 1, "additionalProperties": true,
    "properties": {")" +
                      std::string(129, 'n') + R"(": true}})"),
            "#: a property's name is longer than 128 bytes, where "
            "additionalProperties are to have other ones");
}

TEST(Schema, EveryAllocationMayFailOnce) {
  Words words({"{", "}", "\"", "a", ":", "1"});
  int64_t failures = 0;
  for (int64_t which = 1;; ++which) {
    int64_t before = liveAllocations();
    bool hasFailed, isDone = false;
    {
      FailingAllocation failing(which);
      heddle::text::TroubleWatch watch;
      auto *grammar =
          heddle::runtime::create<heddle::grammar::Grammar>(words.vocabulary);
      const char *wrong =
          grammar ? grammar->compile(R"({"properties": {"a": {"const": 1},
                                         "b": {"pattern": "^a$"}}})")
                  : "";
      EXPECT_TRUE(!wrong || !*wrong || wrong == heddle::text::outOfMemory)
          << wrong;
      if (!wrong) {
        heddle::grammar::Follower follower(*grammar);
        const float logits[7] = {};
        const float *masked = follower.apply(logits, 7, nullptr, 0);
        EXPECT_EQ(!masked, watch.found() != heddle::text::Trouble::None);
        follower.accept(0);
        masked = masked ? follower.apply(logits, 7, nullptr, 0) : nullptr;
        isDone = masked && masked[1] == 0 && masked[2] == 0 &&
                 masked[0] == -INFINITY && masked[3] == -INFINITY;
      }
      hasFailed = failing.hasFailed();
      heddle::grammar::Grammar::release(grammar);
    }
    failures += hasFailed && !isDone;
    EXPECT_EQ(liveAllocations(), before) << which;
    if (!hasFailed) {
      EXPECT_TRUE(isDone);
      break;
    }
  }
  EXPECT_GT(failures, 20);
}
