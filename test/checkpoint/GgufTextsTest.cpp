//===- GgufTextsTest.cpp - Texts of a GGUF file beside config.json --------===//

#include "compiler/checkpoint/GgufTokenizer.h"

#include <gtest/gtest.h>

using namespace heddle::checkpoint;

TEST(GgufTextsTest, SeveralChatTemplatesHaveTheirNames) {
  GgufHeader header;
  auto add = [&](llvm::StringRef key, std::vector<std::string> strings,
                 bool isArray) {
    GgufValue value;
    value.key = key.str();
    value.type = GgufType::String;
    value.isArray = isArray;
    value.strings = std::move(strings);
    header.byKey[key] = header.values.size();
    header.values.push_back(std::move(value));
  };
  auto config = [&] { return ggufText(header, "x", "tokenizer_config.json"); };
  add("tokenizer.ggml.tokens", {"a"}, true);
  EXPECT_EQ(config(), "{}");
  add("tokenizer.chat_template.tool_use", {"tools"}, false);
  add("tokenizer.chat_template.rag", {"texts"}, false);
  EXPECT_EQ(config(), R"({"chat_template":[)"
                      R"({"name":"tool_use","template":"tools"},)"
                      R"({"name":"rag","template":"texts"}]})");
  // As converters write them: the default one apart, the others' names listed.
  add("tokenizer.chat_templates", {"rag", "tool_use", "none"}, true);
  add("tokenizer.chat_template", {"plain"}, false);
  EXPECT_EQ(config(), R"({"chat_template":[)"
                      R"({"name":"default","template":"plain"},)"
                      R"({"name":"rag","template":"texts"},)"
                      R"({"name":"tool_use","template":"tools"},)"
                      R"({"name":"none","template":null}]})");
}
