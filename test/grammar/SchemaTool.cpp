// Texts that keep to a schema, made byte by byte at random: a line of
// hexadecimal digits each. What becomes too long is left out.
//   heddle-schema-test SCHEMA.json COUNT SEED
#include "runtime/grammar/Schema.h"

#include <cstdio>
#include <cstdlib>

using namespace heddle::grammar;

static constexpr size_t mostBytes = 20000;

static uint64_t numbers;
static unsigned draw(unsigned count) {
  numbers = numbers * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<unsigned>((numbers >> 33) % count);
}

static bool isPlain(uint8_t byte) {
  return byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

/// Of the bytes that may come, letters rather than others, and what closes
/// something once the text is long.
static uint8_t choose(const heddle::text::Buffer<uint8_t> &bytes, bool closes) {
  heddle::text::Buffer<uint8_t> better;
  for (uint8_t byte : bytes)
    if (closes ? byte == '"' || byte == ']' || byte == '}' : isPlain(byte))
      better.push(byte);
  bool takes = !better.empty() && draw(8);
  return takes ? better[draw(static_cast<unsigned>(better.size()))]
               : bytes[draw(static_cast<unsigned>(bytes.size()))];
}

static bool write(Terms &terms, Term state, heddle::text::Text &text) {
  for (size_t wanted = draw(60); text.size() < mostBytes;) {
    heddle::text::Buffer<uint8_t> bytes;
    for (unsigned byte = 0; byte < 256; ++byte)
      if (terms.after(state, static_cast<uint8_t>(byte)) != nothing)
        bytes.push(static_cast<uint8_t>(byte));
    if (terms.hasEmpty(state) && (bytes.empty() || draw(3) == 0))
      return true;
    if (bytes.empty())
      abort(); // a state without a text
    uint8_t byte = choose(bytes, text.size() > wanted);
    text.push(static_cast<char>(byte));
    state = terms.after(state, byte);
  }
  return false;
}

int main(int count, char **arguments) {
  FILE *file = count == 4 ? fopen(arguments[1], "rb") : nullptr;
  if (!file)
    return 2;
  heddle::text::Text schema, message;
  for (int byte; (byte = fgetc(file)) != EOF;)
    schema.push(static_cast<char>(byte));
  fclose(file);
  Terms terms;
  Term root = nothing;
  if (const char *wrong = compileSchema(schema.view(), terms, root, message)) {
    printf("%s\n", wrong);
    return 1;
  }
  numbers = strtoull(arguments[3], nullptr, 10);
  for (int i = atoi(arguments[2]); i > 0; --i) {
    heddle::text::Text text;
    if (!write(terms, root, text))
      continue;
    for (char byte : text)
      printf("%02x", static_cast<uint8_t>(byte));
    putchar('\n');
  }
  return heddle::text::trouble == heddle::text::Trouble::None ? 0 : 3;
}
