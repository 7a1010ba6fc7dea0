// The grammars of a model: schemas that came up lately are there, with the
// masks that have been found for them.
#ifndef HEDDLE_RUNTIME_GRAMMAR_GRAMMARS_H
#define HEDDLE_RUNTIME_GRAMMAR_GRAMMARS_H

#include "runtime/grammar/Grammar.h"

namespace heddle::grammar {

/// For any number of threads at once.
class Grammars {
public:
  Grammars() = default;
  Grammars(const Grammars &) = delete;
  Grammars &operator=(const Grammars &) = delete;
  ~Grammars();

  Vocabulary vocabulary;

  /// The grammar of a schema, with a use for the caller, or null.
  Grammar *find(std::string_view schema);
  /// Keeps a grammar as well, in place of the one that nobody has asked for the
  /// longest. Without memory it does not.
  void keep(std::string_view schema, Grammar &grammar);

private:
  static constexpr int most = 4;
  struct Recent {
    text::Text schema;
    Grammar *grammar = nullptr;
  };

  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  Recent recent[most]; // who was asked for last comes first
};

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_GRAMMARS_H
