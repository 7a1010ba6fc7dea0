//===- Words.cpp - What the reference says of the operations --------------===//

#include "compiler/lsp/Words.h"

#include "llvm/ADT/StringExtras.h"
#include <vector>

using namespace llvm;

namespace heddle::lsp {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
static constexpr unsigned char reference[] = {
#embed "../language/REFERENCE.md"
};
#pragma clang diagnostic pop

/// A bar within a cell is written `\|`.
static StringRef nextCell(StringRef &line) {
  size_t end = 0;
  do
    end = line.find('|', end ? end + 1 : 0);
  while (end != StringRef::npos && end > 0 && line[end - 1] == '\\');
  StringRef cell = line.take_front(end).trim();
  line = end == StringRef::npos ? "" : line.drop_front(end + 1);
  return cell;
}

static std::string cellText(StringRef cell) {
  std::string text;
  for (size_t at = 0; at < cell.size(); ++at)
    if (!cell.drop_front(at).starts_with("\\|"))
      text += cell[at];
  return text;
}

static std::vector<OperationText> readTable() {
  std::vector<OperationText> texts;
  StringRef rest(reinterpret_cast<const char *>(reference), sizeof reference);
  rest = rest.split("\n## Built-in operations\n").second;
  rest = rest.split("\n## ").first;
  while (!rest.empty()) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    if (!line.consume_front("| `"))
      continue;
    StringRef signature = nextCell(line);
    signature.consume_back("`");
    StringRef result = nextCell(line);
    StringRef name =
        signature.take_while([](char c) { return isAlnum(c) || c == '_'; });
    texts.push_back({name, cellText(signature), cellText(result)});
  }
  return texts;
}

ArrayRef<OperationText> operationTexts() {
  static const std::vector<OperationText> texts = readTable();
  return texts;
}

ArrayRef<KeywordText> declarationWords() {
  static constexpr KeywordText words[] = {
      {"model", "the model's name, and the architectures that it serves"},
      {"import", "takes over everything of another file"},
      {"config", "sizes and values, from the checkpoint's config.json"},
      {"dyn", "a size known at run time, within bounds"},
      {"tokenizer", "the size that counts the vocabulary"},
      {"state", "a value that survives between entries"},
      {"default", "options of an operation, for this file"},
      {"weights", "how names of the checkpoint become paths"},
      {"block", "a part of the model"},
      {"entry", "what the program offers"},
      {"override", "takes the place of an imported block or entry"},
      {"drop", "leaves out what an imported file declares"},
      {"generate", "the entries that make text"},
  };
  return words;
}

ArrayRef<KeywordText> statementWords() {
  static constexpr KeywordText words[] = {
      {"return", "what the block or entry gives"},
      {"yield", "what one position of a scan gives"},
      {"for", "over numbers known when the model is compiled"},
      {"scan", "once per position, with what is carried"},
      {"if", "chooses when the model is compiled"},
  };
  return words;
}

ArrayRef<KeywordText> ruleWords() {
  static constexpr KeywordText words[] = {
      {"prefix", "the checkpoint's names may all start so"},
      {"rename", "wherever the left stands in a name"},
      {"ignore", "tensors that are not used"},
      {"same", "not used where it holds what the other path does"},
      {"split", "one tensor that is stored for several"},
      {"keep", "never stored in less than this type"},
  };
  return words;
}

ArrayRef<KeywordText> configFunctions() {
  static constexpr KeywordText words[] = {
      {"count", "how many elements a list or an object has"},
      {"is_list", "whether a key is a list"},
      {"given", "whether config.json has the key, be it as null"},
      {"has", "whether a list has the element, or text the word between bars"},
      {"log", "the natural logarithm of a number above 0"},
  };
  return words;
}

} // namespace heddle::lsp
