#include "runtime/main/JsonString.h"
#include "runtime/text/Unicode.h"

namespace heddle::runtime {

void printJsonString(FILE *file, std::string_view text) {
  text::Text repaired;
  text::appendRepaired(repaired, text);
  fputc('"', file);
  for (char letter : repaired.view()) {
    auto character = static_cast<unsigned char>(letter);
    if (character == '"' || character == '\\')
      fprintf(file, "\\%c", character);
    else if (character < 0x20)
      fprintf(file, "\\u%04x", character);
    else
      fputc(character, file);
  }
  fputc('"', file);
}

} // namespace heddle::runtime
