// Heddle's C interface as C++20: models and sessions that close themselves,
// errors as exceptions, a lambda a token.
//
//   heddle::Model model(scripture_interface());       // the library of one
//   model, whose header is scripture.h; or heddle::Model model =
//   heddle::Model::load(path);  // any shared library of `heddle build
//   --emit=so` heddle::Session session = model.openSession();
//   session.generate("And God said", {.max_tokens = 40}, [](const heddle::Token
//   &token) { std::cout << token.text; });
//
// Options are heddle.h's structs, whose zero fields are as the model's
// checkpoint has them. A model may be used by any number of threads, each with
// a session of its own; sessions may outlive it.
#ifndef HEDDLE_RUNTIME_HEDDLE_HPP
#define HEDDLE_RUNTIME_HEDDLE_HPP

#include "heddle.h"

#include <dlfcn.h>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle {

/// What heddle_last_error() said.
class Error : public std::runtime_error {
public:
  Error(heddle_status status, const std::string &what)
      : std::runtime_error(what), status(status) {}
  heddle_status status;
};

struct Token {
  int64_t row;           ///< of the prompt
  int32_t id;            ///< -1: the text has ended
  std::string_view text; ///< that the token completes, possibly nothing
};

struct Message {
  std::string role, content;
};

/// One vector a text.
struct Vectors {
  int64_t width = 0;
  std::vector<float> numbers;
  int64_t size() const {
    return width ? static_cast<int64_t>(numbers.size()) / width : 0;
  }
  std::span<const float> operator[](int64_t text) const {
    return {numbers.data() + text * width, static_cast<size_t>(width)};
  }
};

/// Messages as JSON, as chats take them.
inline std::string toJson(std::span<const Message> messages) {
  auto quote = [](std::string_view text) {
    std::string quoted = "\"";
    for (char c : text) {
      if (c == '"' || c == '\\') {
        quoted += '\\';
        quoted += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        constexpr char digits[] = "0123456789abcdef";
        quoted += "\\u00";
        quoted += digits[c >> 4];
        quoted += digits[c & 15];
      } else {
        quoted += c;
      }
    }
    return quoted + '"';
  };
  std::string json = "[";
  for (const Message &message : messages)
    json += (json.size() > 1 ? ", " : "") +
            ("{\"role\": " + quote(message.role)) +
            ", \"content\": " + quote(message.content) + "}";
  return json + "]";
}

namespace detail {

[[noreturn]] inline void raise(const heddle_interface &functions,
                               heddle_status status) {
  throw Error(status, functions.last_error());
}

inline void check(const heddle_interface &functions, heddle_status status) {
  if (status)
    raise(functions, status);
}

/// A function that the model has a use for.
template <typename Function>
Function *needed(Function *function, const char *what) {
  if (!function)
    throw Error(HEDDLE_NOT_SUPPORTED,
                std::string("the model does not ") + what);
  return function;
}

/// A text of which first the length is asked for: `write` is given a place and
/// its size, and returns how much there is.
template <typename T, typename Write>
auto read(const heddle_interface &functions, T room, Write write) {
  int64_t count = write(room.data(), static_cast<int64_t>(room.size()));
  if (count > static_cast<int64_t>(room.size())) {
    room.resize(static_cast<size_t>(count));
    count = write(room.data(), count);
  }
  if (count < 0)
    raise(functions, HEDDLE_BAD_ARGUMENT);
  room.resize(static_cast<size_t>(count));
  return room;
}

/// What is done with each token: what the caller gave, and the texts as they
/// grow. An exception ends the texts, and is thrown again where nothing of C is
/// in between.
template <typename OnToken> struct Listener {
  OnToken &onToken;
  std::vector<std::string> texts;
  std::exception_ptr thrown = nullptr;

  static int32_t take(void *user, int64_t row, int32_t id, const char *text,
                      int64_t bytes) {
    auto &self = *static_cast<Listener *>(user);
    try {
      Token token = {row, id, {text, static_cast<size_t>(bytes)}};
      if (self.thrown)
        return 1;
      self.texts[static_cast<size_t>(row)].append(token.text);
      if constexpr (std::is_same_v<
                        std::invoke_result_t<OnToken &, const Token &>, bool>)
        return !self.onToken(token);
      else
        self.onToken(token);
      return 0;
    } catch (...) {
      self.thrown = std::current_exception();
      return 1;
    }
  }
};

struct Silent {
  void operator()(const Token &) const {}
};

} // namespace detail

/// The memory of a conversation, or of several texts side by side. One call at
/// a time.
class Session {
public:
  /// Writes on from each prompt. `onToken` is called with every token; where it
  /// returns a bool, false ends that text. The texts: `options.texts` of every
  /// prompt, where beams are searched.
  template <typename OnToken = detail::Silent>
  std::vector<std::string> generate(std::span<const std::string> prompts,
                                    heddle_generate_options options = {},
                                    OnToken &&onToken = {}) {
    std::vector<const char *> pointers;
    for (const std::string &prompt : prompts)
      pointers.push_back(prompt.c_str());
    options.rows = static_cast<int64_t>(prompts.size());
    options.prompts = pointers.data();
    return run(options, onToken, [&](auto callback, void *user) {
      return detail::needed(functions->generate, "generate")(
          session.get(), &options, callback, user);
    });
  }
  template <typename OnToken = detail::Silent>
  std::string generate(const std::string &prompt,
                       heddle_generate_options options = {},
                       OnToken &&onToken = {}) {
    return generate(std::span(&prompt, 1), options, onToken)[0];
  }

  /// The answer to a conversation, which is not changed. What row 0 of the
  /// session has read of it is not read again.
  template <typename OnToken = detail::Silent>
  std::string chat(std::span<const Message> messages,
                   heddle_generate_options options = {}, OnToken &&onToken = {},
                   const heddle_chat_options &chat = {}) {
    std::string json = toJson(messages);
    options.rows = 1;
    return run(options, onToken, [&](auto callback, void *user) {
      return detail::needed(functions->chat_answer, "chat")(
          session.get(), json.c_str(), &chat, &options, callback, user);
    })[0];
  }

  /// A vector of each text.
  Vectors embed(std::span<const std::string> texts,
                const heddle_embed_options &options = {}) {
    auto *embed = detail::needed(functions->embed, "make vectors of texts");
    std::vector<const char *> pointers;
    for (const std::string &text : texts)
      pointers.push_back(text.c_str());
    Vectors vectors;
    vectors.width = widthOf(options.entry);
    vectors.numbers.resize(texts.size() * static_cast<size_t>(vectors.width));
    detail::check(*functions,
                  embed(session.get(), static_cast<int64_t>(texts.size()),
                        pointers.data(), &options, vectors.numbers.data()));
    return vectors;
  }

  /// heddle_call(): an entry by its name, over rows that continue rows 0, 1, …
  /// of the session.
  void call(const char *entry, int64_t rows,
            std::span<const int64_t *const> lengths,
            std::span<const void *const> inputs, std::span<void *const> outputs,
            const int64_t *sessionRows = nullptr) {
    detail::check(*functions, functions->call(session.get(), entryNamed(entry),
                                              rows, lengths.data(), sessionRows,
                                              inputs.data(), outputs.data()));
  }
  int64_t outputElements(const char *entry, int64_t rows,
                         std::span<const int64_t *const> lengths,
                         int32_t output = 0,
                         const int64_t *sessionRows = nullptr) {
    int64_t count =
        functions->output_elements(session.get(), entryNamed(entry), rows,
                                   lengths.data(), sessionRows, output);
    if (count < 0)
      detail::raise(*functions, HEDDLE_BAD_ARGUMENT);
    return count;
  }

  /// Positions held by a row, and forgetting those from `length` on.
  int64_t length(int64_t row = 0) const {
    return functions->session_length(session.get(), row);
  }
  void rewind(int64_t row, int64_t length) {
    detail::check(*functions,
                  functions->session_rewind(session.get(), row, length));
  }

  heddle_session *get() const { return session.get(); }

private:
  friend class Model;
  Session(const heddle_interface *functions,
          std::shared_ptr<heddle_model> model, heddle_session *opened)
      : functions(functions), model(std::move(model)),
        session(opened, functions->session_close) {}

  const heddle_entry *entryNamed(const char *name) const {
    const heddle_entry *entry = functions->entry_named(model.get(), name);
    if (!entry)
      detail::raise(*functions, HEDDLE_BAD_ARGUMENT);
    return entry;
  }

  int64_t widthOf(const char *entry) const {
    if (!entry)
      return functions->embedding_width(model.get());
    heddle_value_info output;
    detail::check(*functions, functions->describe_output(
                                  model.get(), entryNamed(entry), 0, &output));
    return output.rank == 2 && output.dims[1] > 0 ? output.dims[1] : 0;
  }

  template <typename OnToken, typename Call>
  std::vector<std::string> run(const heddle_generate_options &options,
                               OnToken &onToken, Call call) {
    detail::Listener<OnToken> listener{onToken, {}};
    listener.texts.resize(static_cast<size_t>(options.rows * textsOf(options)));
    heddle_status status =
        call(&detail::Listener<OnToken>::take, static_cast<void *>(&listener));
    if (listener.thrown)
      std::rethrow_exception(listener.thrown);
    detail::check(*functions, status);
    return std::move(listener.texts);
  }

  /// How many texts each prompt gets.
  int64_t textsOf(const heddle_generate_options &options) const {
    heddle_generate_options defaults = {};
    if (functions->describe_generation)
      functions->describe_generation(model.get(), &defaults);
    int32_t beams = options.beams ? options.beams : defaults.beams;
    int32_t texts = options.texts ? options.texts : defaults.texts;
    return beams > 1 && texts > 1 ? texts : 1;
  }

  const heddle_interface *functions;
  std::shared_ptr<heddle_model> model;
  std::unique_ptr<heddle_session, void (*)(heddle_session *)> session;
};

/// A program with its weights. Copies are the same model.
class Model {
public:
  explicit Model(const heddle_interface *functions,
                 const heddle_open_options &options = {})
      : functions(functions) {
    if (functions->version != HEDDLE_INTERFACE_VERSION)
      throw Error(HEDDLE_NOT_SUPPORTED,
                  "the model has interface " +
                      std::to_string(functions->version) +
                      ", this host was compiled for " +
                      std::to_string(HEDDLE_INTERFACE_VERSION));
    heddle_model *opened = functions->open(functions->program, &options);
    if (!opened)
      throw Error(HEDDLE_BAD_FILE, functions->last_error());
    model.reset(opened, functions->close);
    detail::check(*functions, functions->describe(opened, &about));
  }

  /// A shared library of `heddle build --emit=so`, which stays loaded.
  static Model load(const std::string &path,
                    const heddle_open_options &options = {}) {
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "heddle_model_interface") : nullptr;
    if (!symbol)
      throw Error(
          HEDDLE_BAD_FILE,
          library ? path + ": found no heddle_model_interface, needed a model"
                  : std::string(dlerror()));
    return Model(reinterpret_cast<const heddle_interface *(*)()>(symbol)(),
                 options);
  }

  const heddle_model_info &info() const { return about; }

  /// From now on calls are timed, op by op, until the profile is written.
  void startProfile() const {
    detail::check(*functions, functions->profile_start(model.get()));
  }
  /// As --profile=FILE of a program does: a trace for Perfetto, with totals.
  void writeProfile(const std::string &path) const {
    detail::check(*functions,
                  functions->profile_write(model.get(), path.c_str()));
  }

  Session openSession(const heddle_session_options &options = {}) const {
    heddle_session *opened = functions->session_open(model.get(), &options);
    if (!opened)
      throw Error(HEDDLE_BAD_ARGUMENT, functions->last_error());
    return Session(functions, model, opened);
  }

  std::vector<int32_t> tokenize(std::string_view text,
                                int32_t flags = 0) const {
    auto *tokenize = detail::needed(functions->tokenize, "read text");
    return detail::read(*functions, std::vector<int32_t>(text.size() + 8),
                        [&](int32_t *ids, int64_t room) {
                          return tokenize(model.get(), text.data(),
                                          static_cast<int64_t>(text.size()),
                                          flags, ids, room);
                        });
  }
  std::string detokenize(std::span<const int32_t> ids,
                         bool withSpecialTokens = false) const {
    auto *detokenize =
        detail::needed(withSpecialTokens ? functions->detokenize_special
                                         : functions->detokenize,
                       "write text");
    return detail::read(*functions, std::string(8 * ids.size() + 8, '\0'),
                        [&](char *text, int64_t room) {
                          return detokenize(model.get(), ids.data(),
                                            static_cast<int64_t>(ids.size()),
                                            text, room);
                        });
  }

  /// What the checkpoint's template makes of a conversation.
  std::string renderChat(std::span<const Message> messages,
                         const heddle_chat_options &options = {}) const {
    auto *render = detail::needed(functions->chat_render, "chat");
    std::string json = toJson(messages);
    return detail::read(*functions, std::string(json.size() + 256, '\0'),
                        [&](char *text, int64_t room) {
                          return render(model.get(), json.c_str(), &options,
                                        text, room);
                        });
  }

  /// How alike two vectors are: more alike is more.
  double similarity(std::span<const float> a, std::span<const float> b) const {
    auto *similarity = detail::needed(functions->similarity, "compare vectors");
    if (a.size() != b.size())
      throw Error(HEDDLE_BAD_ARGUMENT,
                  "similarity: found vectors of " + std::to_string(a.size()) +
                      " and " + std::to_string(b.size()) + " numbers");
    return similarity(model.get(), a.data(), b.data(),
                      static_cast<int64_t>(a.size()));
  }

  heddle_model *get() const { return model.get(); }

private:
  const heddle_interface *functions;
  std::shared_ptr<heddle_model> model;
  heddle_model_info about = {};
};

} // namespace heddle

#endif // HEDDLE_RUNTIME_HEDDLE_HPP
