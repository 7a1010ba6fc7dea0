// A conversation at a terminal, on standard input, or of the command line's
// texts: a turn each.

#include "runtime/main/Chat.h"
#include "runtime/main/Commands.h"
#include "runtime/main/LineEditor.h"
#include "runtime/main/Output.h"

#include <csignal>
#include <unistd.h>

namespace heddle::runtime {

namespace {

class Terminal {
public:
  Terminal(Chat &chat, bool isInteractive)
      : chat(chat), isInteractive(isInteractive) {}

  int run();

private:
  enum class Next { Turn, Again, End, Fail };
  Next readTurn();
  Next readBlock();
  Next command(std::string_view line);
  Next answer(std::string_view text);
  Next failed();

  Chat &chat;
  const bool isInteractive;
  LineEditor editor;
  text::Text line, turn;
};

} // namespace

static constexpr char prompt[] = "> ", continued[] = ". ";
static constexpr char help[] =
    "  what you type is a turn; ctrl-C ends an answer, ctrl-D the "
    "conversation\n"
    "  a line that ends with \\ goes on in the next one; \"\"\" begins and "
    "ends "
    "several lines\n"
    "  /reset        begin anew\n"
    "  /save FILE    write the conversation to a file, as JSON\n"
    "  /load FILE    take it from there\n"
    "  /help         this text\n"
    "  /quit         end the program\n"
    "  //            begins a turn with /\n";

/// What went wrong; at a terminal one goes on.
Terminal::Next Terminal::failed() {
  complainLastError();
  return isInteractive ? Next::Again : Next::Fail;
}

static int save(Conversation &conversation, const char *path) {
  text::Text json;
  OutputFile file;
  if (conversation.write(json))
    return complainLastError();
  if (complainOfMemory() || !file.open(path))
    return 1;
  fwrite(json.data(), 1, json.size(), file.stream());
  return file.commit() ? 0 : 1;
}

Terminal::Next Terminal::command(std::string_view typed) {
  size_t space = typed.find(' ');
  bool hasFile = space != std::string_view::npos && space + 1 < typed.size();
  std::string_view name(typed.data(), hasFile ? space : typed.size());
  const char *file = hasFile ? typed.data() + space + 1 : nullptr;
  if (name == "/quit")
    return Next::End;
  if (name == "/help")
    return fputs(help, stderr), Next::Again;
  if (name == "/reset")
    return chat.reset() ? failed() : Next::Again;
  if ((name == "/save" || name == "/load") && !file) {
    complain("%.*s needs the name of a file", static_cast<int>(name.size()),
             name.data());
  } else if (name == "/save") {
    if (!save(chat.messages(), file))
      return Next::Again;
  } else if (name == "/load") {
    if (!chat.messages().read(file))
      return Next::Again;
    complainLastError();
  } else {
    complain("%.*s is no command; /help lists them, // begins a turn with /",
             static_cast<int>(name.size()), name.data());
  }
  return isInteractive ? Next::Again : Next::Fail;
}

/// While the model answers, who presses ctrl-C once more means the program.
static volatile sig_atomic_t isAnswering = 0;

static void onInterrupt(int) {
  if (interrupted && isAnswering)
    _exit(130);
  interrupted = 1;
}

Terminal::Next Terminal::answer(std::string_view text) {
  isAnswering = 1;
  heddle_status status = chat.say(text);
  isAnswering = 0;
  return status ? failed() : Next::Again;
}

/// The lines up to the next `"""`.
Terminal::Next Terminal::readBlock() {
  while (true) {
    switch (editor.read(continued, line)) {
    case LineEditor::Result::End:
      complain("standard input ends within \"\"\"");
      return isInteractive ? Next::End : Next::Fail;
    case LineEditor::Result::Interrupted:
      return putchar('\n'), Next::Again;
    case LineEditor::Result::Line:
      break;
    }
    if (line.view() == "\"\"\"")
      return Next::Turn;
    if (!turn.empty())
      turn.push('\n');
    turn.append(line.view());
  }
}

Terminal::Next Terminal::readTurn() {
  turn.clear();
  while (true) {
    switch (editor.read(turn.empty() ? prompt : continued, line)) {
    case LineEditor::Result::End:
      return isInteractive ? putchar('\n'), Next::End : Next::End;
    case LineEditor::Result::Interrupted:
      return putchar('\n'), Next::Again;
    case LineEditor::Result::Line:
      break;
    }
    if (memchr(line.data(), '\0', line.size())) {
      complain("standard input is not text: it holds a zero byte");
      return isInteractive ? Next::Again : Next::Fail;
    }
    if (turn.empty() && line.view() == "\"\"\"")
      return readBlock();
    bool goesOn = !line.empty() && line.back() == '\\';
    if (goesOn)
      line.back() = '\n';
    turn.append(line.view());
    if (!goesOn)
      return Next::Turn;
  }
}

int Terminal::run() {
  if (isInteractive && !editor.useTerminal())
    fputs("note: libedit.so.2 is not installed: lines are read as the terminal "
          "gives them\n",
          stderr);
  if (isInteractive)
    fputs("/help lists the commands\n", stderr);
  while (true) {
    interrupted = 0;
    Next next = readTurn();
    if (complainOfMemory())
      return 1;
    if (next == Next::Turn && !turn.empty()) {
      turn.push('\0');
      turn.pop();
      if (isInteractive)
        editor.remember(turn.data());
      std::string_view text = turn.view();
      bool isEscaped = text.size() > 1 && text[0] == '/' && text[1] == '/';
      if (isEscaped)
        text = {text.data() + 1, text.size() - 1};
      if (!isEscaped && text[0] == '/')
        next = command(text);
      else
        next = answer(text);
      if (chat.hasNoReader())
        return outputExitCode();
    }
    if (next == Next::End || next == Next::Fail)
      return next == Next::Fail;
  }
}

static int converse(Chat &chat, const Arguments &arguments) {
  if (chat.open())
    return complainLastError();
  for (const char *text : arguments.texts) {
    if (chat.say(text))
      return complainLastError();
    if (chat.hasNoReader())
      return outputExitCode();
  }
  if (!arguments.texts.empty())
    return 0;
  bool isInteractive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  if (isInteractive) {
    // A call that waits is to notice.
    struct sigaction action = {};
    action.sa_handler = onInterrupt;
    sigaction(SIGINT, &action, nullptr);
  }
  return Terminal(chat, isInteractive).run();
}

} // namespace heddle::runtime

using namespace heddle::runtime;

int32_t heddle_run_chat(heddle_model *model, const void *options, void *) {
  const auto &arguments = *static_cast<const Arguments *>(options);
  Chat chat(*model, arguments);
  int code = converse(chat, arguments);
  if (!code && !chat.save())
    code = 1;
  if (arguments.profile)
    printTimes(chat.work());
  return code;
}
