// heddle-text-test: the tokenizer by itself, for lit.
//
// TOKENIZER.json may be a directory with the older files of a tokenizer, or a
// GGUF file.
//
//   check TOKENIZER.json GOLDEN.json   every case of GOLDEN.json encodes and
//                                      decodes as it says
//   encode TOKENIZER.json [plain]      lines of stdin → lines of ids (plain:
//                                      without special tokens; text: those
//                                      written out are text; bare: both)
//   pair TOKENIZER.json [plain]        lines of stdin, two texts with a tab
//                                      between → ids, a bar, their types
//   decode TOKENIZER.json [all]        lines of ids → lines of text (all:
//                                      special tokens too)
//   compile TOKENIZER.json             only reports mistakes
//   damage TOKENIZER.json              opens and uses the tables with bytes
//                                      changed: must neither crash nor hang
//   speed TOKENIZER.json TEXT          bytes a second
//   spans TOKENIZER.json SPANS.json NAME   where tokens stand, against what
//                                      golden/make_spans.py wrote
//   cut TOKENIZER.json LENGTH          lines of stdin → ids cut to a length
#include "compiler/checkpoint/Source.h"
#include "compiler/checkpoint/Tokenizer.h"
#include "runtime/text/Tokenizer.h"
#include "runtime/text/TokenizerFormat.h"
#include "runtime/text/Unicode.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <random>

using heddle::text::Decoder;
using heddle::text::Ids;
using heddle::text::Text;
using heddle::text::Tokenizer;
using llvm::StringRef;

static int fail(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return 1;
}

static std::string joinIds(const Ids &ids) {
  return llvm::join(
      llvm::map_range(ids, [](int32_t id) { return std::to_string(id); }), " ");
}

static std::string encode(const Tokenizer &tokenizer, StringRef text,
                          bool special, bool specialsAreText = false) {
  Ids ids;
  if (const char *reason = tokenizer.encode({text.data(), text.size()}, special,
                                            ids, specialsAreText))
    return reason;
  return joinIds(ids);
}

static std::string encodePair(const Tokenizer &tokenizer, StringRef line,
                              bool special) {
  auto [first, second] = line.split('\t');
  Ids ids, types;
  if (!tokenizer.hasPairs())
    return "no pairs";
  if (const char *reason = tokenizer.encodePair({first.data(), first.size()},
                                                {second.data(), second.size()},
                                                special, ids, types))
    return reason;
  return joinIds(ids) + "|" + joinIds(types);
}

static std::string decode(const Tokenizer &tokenizer, StringRef line,
                          bool skipSpecial) {
  heddle::text::TroubleWatch watch;
  Decoder decoder(tokenizer, skipSpecial);
  Text out;
  for (StringRef word : llvm::split(line, ' ')) {
    int32_t id;
    if (word.getAsInteger(10, id))
      continue;
    decoder.push(id, out);
    // What is shown of a growing text is whole characters.
    if (heddle::text::wellFormedPrefix(out.view()) != out.size())
      return "ill-formed text from push";
  }
  decoder.finish(out);
  if (const char *wrong = heddle::text::describeDecoding(watch.found()))
    return wrong;
  return std::string(out.view());
}

static llvm::Expected<llvm::json::Value> readJson(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return llvm::createStringError(file.getError(), path + ": cannot be read");
  return llvm::json::parse((*file)->getBuffer());
}

/// Case i says of text i: {"ids": "1 2", "plain": "1", "decoded": …,
/// "decoded_all": …}. A missing plain equals ids, a missing decoded_all equals
/// decoded.
static int check(const Tokenizer &tokenizer, StringRef textsPath,
                 StringRef goldenPath) {
  llvm::Expected<llvm::json::Value> texts = readJson(textsPath);
  if (!texts)
    return fail(llvm::toString(texts.takeError()));
  llvm::Expected<llvm::json::Value> golden = readJson(goldenPath);
  if (!golden)
    return fail(llvm::toString(golden.takeError()));
  const llvm::json::Array &inputs = *texts->getAsArray(),
                          &cases = *golden->getAsArray();
  if (inputs.size() != cases.size() || inputs.empty())
    return fail("texts and cases differ in number");
  size_t wrong = 0, compared = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const llvm::json::Object &entry = *cases[i].getAsObject();
    StringRef text = *inputs[i].getAsString(), ids = *entry.getString("ids"),
              decoded = *entry.getString("decoded");
    auto compare = [&](StringRef what, StringRef needed,
                       const std::string &found) {
      ++compared;
      if (found != needed && ++wrong <= 20)
        llvm::errs() << what << " of " << inputs[i] << "\n  found  " << found
                     << "\n  needed " << needed << "\n";
    };
    compare("ids", ids, encode(tokenizer, text, true));
    compare("plain", entry.getString("plain").value_or(ids),
            encode(tokenizer, text, false));
    compare("decoded", decoded, decode(tokenizer, ids, true));
    compare("decoded_all", entry.getString("decoded_all").value_or(decoded),
            decode(tokenizer, ids, false));
  }
  llvm::outs() << compared << " comparisons, " << wrong << " wrong\n";
  return wrong != 0;
}

static int eachLine(llvm::function_ref<std::string(StringRef)> convert) {
  auto input = llvm::MemoryBuffer::getSTDIN();
  if (!input)
    return fail("stdin cannot be read");
  StringRef rest = (*input)->getBuffer();
  while (!rest.empty()) {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    llvm::outs() << convert(line) << "\n";
  }
  return 0;
}

/// Where the tokens of a text stand, in characters, and in which piece.
static std::string spansOf(const Tokenizer &tokenizer, StringRef text,
                           bool trims) {
  Ids ids;
  heddle::text::Spans spans;
  std::string_view view(text.data(), text.size());
  if (const char *reason = tokenizer.encodeSpans(view, ids, spans))
    return reason;
  if (ids.size() != spans.size() ||
      joinIds(ids) != encode(tokenizer, text, false))
    return "other ids than encode gives";
  auto characters = [&](size_t bytes) {
    return llvm::count_if(text.take_front(bytes),
                          [](char c) { return (c & 0xc0) != 0x80; });
  };
  std::string line;
  for (heddle::text::TokenSpan span : spans) {
    if (trims)
      span = heddle::text::trimmed(span, view);
    line += line.empty() ? "" : " ";
    if (span.begin == span.end)
      line += llvm::formatv("-.{0}", span.word);
    else
      line += llvm::formatv("{0}-{1}.{2}", characters(span.begin),
                            characters(span.end), span.word);
  }
  return line;
}

static int checkSpans(const Tokenizer &tokenizer, StringRef path,
                      StringRef name) {
  llvm::Expected<llvm::json::Value> golden = readJson(path);
  if (!golden)
    return fail(llvm::toString(golden.takeError()));
  const llvm::json::Object &root = *golden->getAsObject();
  const llvm::json::Array &texts = *root.getArray("texts");
  const llvm::json::Object *of = root.getObject("tokenizers")->getObject(name);
  if (!of)
    return fail("found no tokenizer " + name);
  const llvm::json::Array &lines = *of->getArray("spans");
  size_t wrong = 0;
  for (auto [text, needed] : llvm::zip_equal(texts, lines)) {
    std::string found =
        spansOf(tokenizer, *text.getAsString(), *of->getBoolean("trims"));
    if (found != *needed.getAsString() && ++wrong <= 20)
      llvm::errs() << "spans of " << text << "\n  found  " << found
                   << "\n  needed " << *needed.getAsString() << "\n";
  }
  llvm::outs() << texts.size() << " texts, " << wrong << " wrong\n";
  return wrong > 0;
}

static int cut(const Tokenizer &tokenizer, StringRef argument) {
  size_t length = 0;
  if (argument.getAsInteger(10, length))
    return fail("cut needs a length");
  return eachLine([&](StringRef line) {
    Ids ids;
    ids.push(-7); // what was there before stays
    tokenizer.encode({line.data(), line.size()}, true, ids);
    bool cut = tokenizer.truncate(ids, 1, length);
    return llvm::join(llvm::map_range(
                          ids, [](int32_t id) { return std::to_string(id); }),
                      " ") +
           (cut ? " cut" : "");
  });
}

static int damage(llvm::ArrayRef<char> tables) {
  std::mt19937_64 random(1);
  size_t opened = 0, refused = 0;
  std::string text = "Hello, wörld!  1234\n<|end|> [MASK] 你好 😀 don't";
  for (int round = 0; round < 3000; ++round) {
    std::vector<char> damaged(tables.begin(), tables.end());
    // Half of the rounds aim at the header, where every field matters; some cut
    // the end off.
    size_t span = round % 2 ? sizeof(heddle::text::Header) : damaged.size();
    for (uint64_t changes = 1 + random() % 4; changes > 0; --changes)
      damaged[random() % span] = static_cast<char>(
          random() % 4 ? random() : (random() % 2 ? 0xff : 0));
    if (round % 5 == 0)
      damaged.resize(random() % damaged.size());
    Tokenizer tokenizer;
    if (tokenizer.open(damaged.data(), damaged.size())) {
      ++refused;
      continue;
    }
    ++opened;
    std::string ids = encode(tokenizer, text, true);
    decode(tokenizer, ids, false);
    tokenizer.find("hello");
    for (int32_t id = -1; id <= tokenizer.vocabularySize(); ++id)
      tokenizer.token(id);
  }
  llvm::outs() << opened << " opened, " << refused << " refused\n";
  return refused == 0 || opened == 0;
}

static int speed(const Tokenizer &tokenizer, StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return fail(path + " cannot be read");
  StringRef text = (*file)->getBuffer();
  double best = 1e30;
  size_t count = 0;
  for (int round = 0; round < 3; ++round) {
    Ids ids;
    auto begin = std::chrono::steady_clock::now();
    tokenizer.encode({text.data(), text.size()}, true, ids);
    best = std::min(best, std::chrono::duration<double>(
                              std::chrono::steady_clock::now() - begin)
                              .count());
    count = ids.size();
  }
  llvm::outs() << llvm::formatv("{0} bytes, {1} tokens, {2:F2} MB/s\n",
                                text.size(), count, text.size() / best / 1e6);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return fail("usage: heddle-text-test COMMAND TOKENIZER.json [ARGUMENT]");
  StringRef command = argv[1], path = argv[2],
            argument = argc > 3 ? argv[3] : "";
  heddle::checkpoint::Problems problems;
  // tokenizer_config.json counts where it lies beside the tokenizer.
  std::unique_ptr<heddle::checkpoint::Source> source =
      heddle::checkpoint::createSource(path);
  if (source->holdsItsTexts() && !source->open(problems))
    return problems.print(llvm::errs()), 1;
  heddle::checkpoint::Document config =
      source->document("tokenizer_config.json");
  heddle::checkpoint::Document file =
      llvm::sys::fs::is_directory(path) || source->holdsItsTexts()
          ? heddle::checkpoint::tokenizerOf(*source, problems)
          : heddle::checkpoint::Document(path);
  auto compileBegin = std::chrono::steady_clock::now();
  std::optional<std::vector<char>> tables;
  if (file.isThere())
    tables = heddle::checkpoint::compileTokenizer(file, config, problems);
  for (const std::string &note : problems.notes())
    llvm::errs() << "note: " << note << "\n";
  for (const std::string &lacking : problems.unsupported())
    llvm::errs() << "lacking: " << lacking << "\n";
  problems.print(llvm::errs());
  if (!tables)
    return 1;
  auto openBegin = std::chrono::steady_clock::now();
  Tokenizer tokenizer;
  if (const char *reason = tokenizer.open(tables->data(), tables->size()))
    return fail(reason);
  if (command == "compile" || command == "speed")
    llvm::outs() << llvm::formatv(
        "{0} bytes of tables, compiled in {1:F1} ms, opened in {2:F2} ms\n",
        tables->size(),
        std::chrono::duration<double>(openBegin - compileBegin).count() * 1e3,
        std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                      openBegin)
                .count() *
            1e3);
  if (command == "check")
    return argc > 4 ? check(tokenizer, argument, argv[4])
                    : fail("check needs TEXTS.json and GOLDEN.json");
  if (command == "spans")
    return argc > 4 ? checkSpans(tokenizer, argument, argv[4])
                    : fail("spans needs SPANS.json and a name");
  if (command == "encode")
    return eachLine([&](StringRef line) {
      bool bare = argument == "bare";
      return encode(tokenizer, line, argument != "plain" && !bare,
                    argument == "text" || bare);
    });
  if (command == "pair")
    return eachLine([&](StringRef line) {
      return encodePair(tokenizer, line, argument != "plain");
    });
  if (command == "decode")
    return eachLine([&](StringRef line) {
      return decode(tokenizer, line, argument != "all");
    });
  if (command == "cut")
    return cut(tokenizer, argument);
  if (command == "damage")
    return damage(*tables);
  if (command == "speed")
    return speed(tokenizer, argument);
  return command == "compile" ? 0 : fail("unknown command " + command);
}
