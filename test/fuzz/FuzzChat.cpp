// A chat template, a zero byte and the JSON of its variables → the tree → the
// text.
#include "runtime/chat/Template.h"
#include "runtime/text/Unicode.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle;

static constexpr std::string_view conversation =
    R"({"messages": [{"role": "system", "content": "Be é."},
        {"role": "user", "content": " Hello\n"},
        {"role": "assistant", "content": null, "tool_calls": [{"type":
          "function", "function": {"name": "f", "arguments": {"a": [1, 2.5]}}}]},
        {"role": "tool", "content": "{}"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters":
          {"type": "object", "properties": {"a": {"type": "array"}}}}}],
        "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"})";

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  std::string_view source = fuzz::nextPart(rest);
  text::Text given;
  text::appendRepaired(given, rest.empty() ? conversation : rest);
  chat::Heap values(size_t{16} << 20), heap(size_t{64} << 20);
  chat::Value variables;
  chat::Template parsed;
  if (parsed.open(source) || chat::readJson(given.view(), values, variables) ||
      !variables.is(chat::Kind::Dict))
    return 0;
  text::Text out;
  parsed.render(variables, /*now=*/1753900000, out, heap, /*steps=*/200000);
  // Python's strings are cut between characters.
  if (text::wellFormedPrefix(out.view()) != out.size())
    abort();
  return 0;
}
