#include "runtime/main/TextPrinter.h"
#include "runtime/main/Output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace heddle::runtime {

static void print(std::string_view text) {
  fwrite(text.data(), 1, text.size(), stdout);
}

TextPrinter::~TextPrinter() {
  for (Array<text::Text *> *texts : {&waiting, &likeliest})
    for (text::Text *text : *texts)
      destroy(text);
}

bool TextPrinter::prepare() {
  if (!waiting.allocate(count) || !done.allocate(count) ||
      !began.allocate(count) || !likeliest.allocate(count))
    return false;
  std::fill(began.begin(), began.end(), format.echo && !format.json);
  for (Array<text::Text *> *texts : {&waiting, &likeliest})
    for (text::Text *&text : *texts)
      if (!(text = create<text::Text>()))
        return false;
  begin(0);
  return true;
}

int32_t TextPrinter::onToken(void *printer, int64_t row, int32_t token,
                             const char *text, int64_t bytes) {
  auto *self = static_cast<TextPrinter *>(printer);
  if (self->format.likeliest && token >= 0)
    self->takeLikeliest(row);
  if (self->format.ids)
    self->takeId(row, token);
  else
    self->take(row, {text, static_cast<size_t>(bytes)}, token < 0);
  return self->failed;
}

void TextPrinter::takeId(int64_t row, int32_t id) {
  char number[16];
  int length = id < 0 ? 0
                      : snprintf(number, sizeof(number), "%s%d",
                                 began[row] ? "," : "", id);
  began[row] = true;
  take(row, {number, static_cast<size_t>(length)}, id < 0);
}

/// {"id": 5, "logprob": -0.1, "top": [{"id": 5, "logprob": -0.1}, …]}
void TextPrinter::takeLikeliest(int64_t row) {
  text::Text &out = *likeliest[row];
  out.append(out.empty() ? "" : ", ");
  for (int32_t i = 0; i <= format.likeliest; ++i) {
    if (format.tokens[i] < 0)
      continue; // the vocabulary has no more
    char token[80];
    snprintf(token, sizeof(token), "%s{\"id\": %d, \"logprob\": %.9g",
             i == 0   ? ""
             : i == 1 ? ", \"top\": ["
                      : "}, ",
             format.tokens[i], static_cast<double>(format.probabilities[i]));
    out.append(std::string_view(token));
  }
  out.append("}]}");
}

void TextPrinter::take(int64_t row, std::string_view text, bool last) {
  done[row] = last;
  if (row != shown || !streams())
    waiting[row]->append(text);
  else
    print(text);
  while (shown < count && done[shown]) {
    end(shown);
    if (++shown < count)
      begin(shown);
  }
  failed |= !failed && !flushStandardOutput();
}

/// Prompts stand apart, the texts of one do not.
void TextPrinter::begin(int64_t row) {
  if (format.json)
    return;
  bool isApart = !format.lines && row % format.texts == 0;
  print(isApart && (first || row) ? "\n" : "");
  if (!streams())
    return;
  print(format.echo ? promptOf(row) : "");
  print(waiting[row]->view());
  waiting[row]->clear();
  failed |= !failed && !flushStandardOutput();
}

void TextPrinter::end(int64_t row) {
  if (streams())
    return print("\n");
  if (scores && scores[row] == -INFINITY)
    return; // the prompt has fewer texts
  if (format.json)
    return printObject(row);
  printf("%.4f\t", static_cast<double>(scores[row]));
  print(format.echo ? promptOf(row) : "");
  print(waiting[row]->view());
  print("\n");
}

/// Numbers that have been read before, as they are printed.
static void printIds(const char *ids) {
  for (char *stop; *ids; ids = *stop ? stop + 1 : stop)
    printf("%lld%s", strtoll(ids, &stop, 10), *stop ? "," : "");
}

/// {"prompt": "…", "text": "…", "score": …}; ids are arrays of numbers.
void TextPrinter::printObject(int64_t row) {
  print("{\"prompt\": ");
  if (format.idPrompts) {
    print("[");
    printIds(promptOf(row));
    print("]");
  } else {
    printJsonString(stdout, promptOf(row));
  }
  print(format.ids ? ", \"ids\": [" : ", \"text\": ");
  if (format.ids)
    print(waiting[row]->view());
  else
    printJsonString(stdout, waiting[row]->view());
  print(format.ids ? "]" : "");
  if (format.likeliest) {
    print(", \"logprobs\": [");
    print(likeliest[row]->view());
    print("]");
  }
  if (scores)
    printf(", \"score\": %.9g", static_cast<double>(scores[row]));
  print("}\n");
}

} // namespace heddle::runtime
