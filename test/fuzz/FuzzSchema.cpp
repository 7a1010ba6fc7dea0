// A JSON schema → the automaton of its texts → texts of it, byte by byte.
#include "runtime/grammar/Schema.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle;
using namespace heddle::grammar;

/// Goes on with bytes that `choices` decide on. Every state has to have a text:
/// so there is a byte, or the text may end.
static void write(Terms &terms, Term state, std::string_view choices) {
  for (char choice : choices) {
    uint8_t bytes[256];
    unsigned count = 0;
    for (unsigned byte = 0; byte < 256; ++byte)
      if (terms.after(state, static_cast<uint8_t>(byte)) != nothing)
        bytes[count++] = static_cast<uint8_t>(byte);
    if (text::trouble != text::Trouble::None)
      return;
    if (count == 0 && !terms.hasEmpty(state))
      abort();
    if (count == 0)
      return;
    state = terms.after(state, bytes[static_cast<uint8_t>(choice) % count]);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view choices(data, size);
  std::string_view schema = fuzz::nextPart(choices);
  text::TroubleWatch watch;
  Terms terms;
  Term root = nothing;
  text::Text message;
  const char *wrong = compileSchema(schema, terms, root, message);
  if (watch.found() != text::Trouble::None)
    return 0;
  if (wrong)
    return *wrong ? 0 : (abort(), 0);
  // What is forgotten in between is found again.
  terms.keepAllSoFar();
  constexpr std::string_view some = "\1\7a\3\x11zq\0\5{\2 \x80\xff",
                             more = "abcdefgh";
  write(terms, root, choices.substr(0, 64));
  write(terms, root, some);
  Term behind = root, *kept[] = {&behind};
  for (char byte : std::string_view("{\"a"))
    behind = terms.after(behind, static_cast<uint8_t>(byte));
  bool isText = behind != nothing;
  terms.sweep(kept, 1);
  if (watch.found() == text::Trouble::None && isText != (behind != nothing))
    abort();
  write(terms, root, more);
  return 0;
}
