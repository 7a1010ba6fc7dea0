// A JSON schema as an automaton, and one text that keeps to it.
//
// A Grammar is compiled once and shared by any number of texts; a Follower is
// where one of them is. Which tokens may come next is known before the model is
// asked: begin() has it found out on a thread while the model runs, and apply()
// waits for it. What is found is kept by state, so that texts which come to
// where another one was have it at once; the masks are the same either way.
#ifndef HEDDLE_RUNTIME_GRAMMAR_GRAMMAR_H
#define HEDDLE_RUNTIME_GRAMMAR_GRAMMAR_H

#include "runtime/grammar/Terms.h"
#include "runtime/grammar/Vocabulary.h"

#include <atomic>
#include <pthread.h>

namespace heddle::grammar {

class Follower;

class Grammar {
public:
  /// To be made with create(). The vocabulary must outlive the grammar.
  explicit Grammar(const Vocabulary &vocabulary) : vocabulary(vocabulary) {}
  Grammar(const Grammar &) = delete;
  Grammar &operator=(const Grammar &) = delete;
  ~Grammar();

  /// Who has made it uses it, who says so, and its followers; the last one of
  /// them frees it. Null is allowed.
  void use() { users.fetch_add(1); }
  static void release(Grammar *grammar);

  /// Reads a schema; to be called once, before there are followers. nullptr, or
  /// in words what is wrong with it (`#/properties/a: found …`), which lives as
  /// long as the grammar.
  const char *compile(std::string_view schema);

private:
  friend class Follower;

  using Words = text::Buffer<uint64_t>;
  bool takeKept(Follower &follower);
  void findMask(Follower &follower);
  void walk(Term state, Words &mask);
  void letOthers();
  void keep(Term state, const Words &mask);
  void forgetIfMuch();
  bool startThread();
  static void *threadMain(void *grammar);
  void serve();
  void add(Follower &follower);
  void remove(Follower &follower);
  Follower *nextWaiting();

  std::atomic<int> users{1};
  const Vocabulary &vocabulary;
  Terms terms;
  Term root = nothing;
  text::Text message;

  // All below is held by the lock, and so are `terms` once there are followers.
  // Who finds a mask lets others have it in between.
  struct Locked;
  std::atomic<int> wanted{0}; // threads that wait for the lock
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
  pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
  pthread_t thread = {};
  bool hasThread = false, isStopping = false;
  int walks = 0;                 // that have begun and not ended
  Follower *followers = nullptr; // a list
  text::Buffer<uint32_t> keptOf; // by term: a kept mask's number + 1, or 0
  Words kept;
};

/// One text. For one host thread at a time.
class Follower {
public:
  explicit Follower(Grammar &grammar);
  Follower(const Follower &) = delete;
  Follower &operator=(const Follower &) = delete;
  ~Follower();

  /// Has the tokens found that may come next, while the caller does something
  /// else. Without it, apply() does.
  void begin();

  /// `logits[0..count)` with −∞ for every token that may not come next. One of
  /// the `ends` may exactly if the value is complete. Null, and noted as
  /// trouble, where there is no memory or the schema needs too many states.
  /// Valid until the next call.
  const float *apply(const float *logits, int32_t count, const int32_t *ends,
                     int32_t endCount);

  /// The token that comes next. One that writes nothing changes nothing.
  void accept(int32_t token);

  /// Whether the text is a value that keeps to the schema,
  bool isComplete() const { return complete; }
  /// and nothing may come behind it.
  bool isFinished() const { return finished; }

private:
  friend class Grammar;

  void look();

  Grammar &grammar;
  Follower *before = nullptr, *behind = nullptr; // of the grammar's list
  enum { Idle, Waiting, AtWork, Found } status = Idle;
  Term state = nothing;
  bool complete = false, finished = false;
  text::Trouble trouble = text::Trouble::None; // in finding the mask
  text::Buffer<uint64_t> mask;                 // a bit a token
  text::Buffer<float> masked;
};

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_GRAMMAR_H
