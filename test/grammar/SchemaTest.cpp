// What of a schema is refused, and where.
#include "test/grammar/Texts.h"

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
    "deprecated": true, "readOnly": true, "writeOnly": false,
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
  EXPECT_EQ(wrongWith(R"({"format": "email"})"),
            "#/format: needed: date, time, date-time, uuid or ipv4");
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
