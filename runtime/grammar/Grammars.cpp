#include "runtime/grammar/Grammars.h"

#include <algorithm>

namespace heddle::grammar {

Grammars::~Grammars() {
  for (Recent &each : recent)
    Grammar::release(each.grammar);
  pthread_mutex_destroy(&lock);
}

Grammar *Grammars::find(std::string_view schema) {
  Grammar *found = nullptr;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < most && !found; ++i)
    if (recent[i].grammar && recent[i].schema.view() == schema) {
      found = recent[i].grammar;
      found->use();
      std::rotate(recent, recent + i, recent + i + 1);
    }
  pthread_mutex_unlock(&lock);
  return found;
}

void Grammars::keep(std::string_view schema, Grammar &grammar) {
  text::TroubleWatch watch;
  Recent added;
  added.schema.append(schema);
  if (watch.found() != text::Trouble::None)
    return;
  grammar.use();
  added.grammar = &grammar;
  pthread_mutex_lock(&lock);
  std::swap(added, recent[most - 1]);
  std::rotate(recent, recent + most - 1, recent + most);
  pthread_mutex_unlock(&lock);
  Grammar::release(added.grammar);
}

} // namespace heddle::grammar
