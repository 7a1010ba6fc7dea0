// heddle-chat-test CASES.json TEMPLATE...
// heddle-chat-test CASES.json --list SOURCES.json
//
// Renders every template with every case, a dict of its variables, and prints a
// line of JSON a template: what came out, or what went wrong. Time stands still
// at a second of 2025.
#include "runtime/chat/Template.h"

#include <cstdio>

using namespace heddle;
using chat::Value;

static constexpr time_t now = 1753900000;

static bool readFile(const char *path, text::Text &out) {
  FILE *file = fopen(path, "rb");
  if (!file)
    return fprintf(stderr, "%s cannot be read\n", path), false;
  char bytes[1 << 16];
  while (size_t count = fread(bytes, 1, sizeof bytes, file))
    out.append({bytes, count});
  fclose(file);
  return true;
}

static void print(const Value &result) {
  text::Text line;
  chat::appendJson(line, result, {});
  printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

static Value render(chat::Template &parsed, const Value &variables,
                    chat::Heap &heap) {
  text::Text out;
  chat::Heap work(size_t{256} << 20);
  Value result = heap.dict();
  const char *wrong = parsed.render(variables, now, out, work);
  heap.set(*result.dict, chat::stringOf(wrong ? "error" : "text"),
           heap.string(wrong ? std::string_view(wrong) : out.view()));
  return result;
}

static void renderAll(std::string_view name, std::string_view source,
                      const chat::Sequence &cases, chat::Heap &heap) {
  chat::Template parsed;
  Value line = heap.dict();
  heap.set(*line.dict, chat::stringOf("template"), chat::stringOf(name));
  if (const char *wrong = parsed.open(source)) {
    heap.set(*line.dict, chat::stringOf("refused"), chat::stringOf(wrong));
    return print(line);
  }
  chat::Values results;
  for (int64_t c = 0; c < cases.count; ++c)
    results.push(render(parsed, cases.items[c], heap));
  heap.set(*line.dict, chat::stringOf("results"),
           heap.sequence(chat::Sequence::List, results));
  print(line);
}

static bool readList(const char *path, chat::Heap &heap, Value &list) {
  text::Text text;
  if (!readFile(path, text))
    return false;
  const char *wrong = chat::readJson(text.view(), heap, list);
  if (!wrong && list.is(chat::Kind::Sequence))
    return true;
  fprintf(stderr, "%s: %s\n", path, wrong ? wrong : "no list");
  return false;
}

int main(int argc, char **argv) {
  chat::Heap heap(size_t{1} << 30);
  Value cases, sources;
  if (argc < 2 || !readList(argv[1], heap, cases))
    return 1;
  bool isList = argc == 4 && std::string_view(argv[2]) == "--list";
  if (isList && !readList(argv[3], heap, sources))
    return 1;
  for (int64_t i = 0; isList && i < sources.sequence->count; ++i)
    renderAll("", sources.sequence->items[i].view(), *cases.sequence, heap);
  for (int i = 2; i < argc && !isList; ++i) {
    text::Text source;
    if (!readFile(argv[i], source))
      return 1;
    renderAll(argv[i], source.view(), *cases.sequence, heap);
  }
}
