#include "runtime/main/LineEditor.h"
#include "runtime/Memory.h"

#include <cerrno>
#include <clocale>
#include <dlfcn.h>
#include <unistd.h>

namespace heddle::runtime {

namespace {
// Of histedit.h, whose interface has been the same since 2009 (libedit.so.2).
struct Event {
  int number;
  const char *text;
};
constexpr int elPrompt = 0, elEditor = 2, elSignal = 3, elHistory = 10;
constexpr int historySetSize = 1, historyEnter = 10;
} // namespace

struct LineEditor::Library {
  void *handle = nullptr;
  void *editor = nullptr, *history = nullptr;
  void *(*open)(const char *, FILE *, FILE *, FILE *) = nullptr;
  void (*close)(void *) = nullptr;
  int (*set)(void *, int, ...) = nullptr;
  const char *(*gets)(void *, int *) = nullptr;
  void *(*openHistory)() = nullptr;
  void (*closeHistory)(void *) = nullptr;
  int (*useHistory)(void *, Event *, int, ...) = nullptr;

  template <typename T> bool find(const char *name, T &function) {
    function = reinterpret_cast<T>(dlsym(handle, name));
    return function;
  }
  bool load() {
    handle = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
    return handle && find("el_init", open) && find("el_end", close) &&
           find("el_set", set) && find("el_gets", gets) &&
           find("history_init", openHistory) &&
           find("history_end", closeHistory) && find("history", useHistory);
  }
};

/// libedit asks for the prompt whenever it draws the line.
static const char *currentPrompt = "";
static const char *promptOf(void *) { return currentPrompt; }

LineEditor::~LineEditor() {
  if (!library)
    return;
  if (library->history)
    library->closeHistory(library->history);
  if (library->editor)
    library->close(library->editor);
  if (library->handle)
    dlclose(library->handle);
  destroy(library);
}

bool LineEditor::useTerminal() {
  isTerminal = true;
  library = create<Library>();
  if (!library || !library->load())
    return false;
  // Only what characters are: numbers are read and written as in C.
  setlocale(LC_CTYPE, "");
  library->history = library->openHistory();
  library->editor = library->open("heddle", stdin, stdout, stderr);
  if (!library->editor || !library->history)
    return false;
  Event event;
  library->useHistory(library->history, &event, historySetSize, 1000);
  library->set(library->editor, elPrompt, promptOf);
  library->set(library->editor, elEditor, "emacs");
  library->set(library->editor, elSignal, 1);
  library->set(library->editor, elHistory, library->useHistory,
               library->history);
  return true;
}

void LineEditor::remember(const char *entry) {
  Event event;
  if (library && library->editor)
    library->useHistory(library->history, &event, historyEnter, entry);
}

LineEditor::Result LineEditor::readPlain(text::Text &line) {
  clearerr(stdin);
  for (int c; (c = getc(stdin)) != '\n';) {
    if (c == EOF && ferror(stdin) && errno == EINTR)
      return Result::Interrupted;
    if (c == EOF)
      return line.empty() ? Result::End : Result::Line;
    line.push(static_cast<char>(c));
  }
  if (!line.empty() && line.back() == '\r')
    line.pop();
  return Result::Line;
}

LineEditor::Result LineEditor::read(const char *prompt, text::Text &line) {
  line.clear();
  errno = 0;
  if (!library || !library->editor) {
    if (isTerminal)
      fputs(prompt, stdout), fflush(stdout);
    return readPlain(line);
  }
  currentPrompt = prompt;
  int count = 0;
  const char *typed = library->gets(library->editor, &count);
  if (!typed || count <= 0)
    return count < 0 && errno == EINTR ? Result::Interrupted : Result::End;
  line.append({typed, static_cast<size_t>(count)});
  if (line.back() == '\n')
    line.pop();
  return Result::Line;
}

} // namespace heddle::runtime
