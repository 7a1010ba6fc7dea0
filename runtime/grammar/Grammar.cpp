#include "runtime/grammar/Grammar.h"
#include "runtime/Memory.h"
#include "runtime/grammar/Schema.h"

#include <cmath>
#include <csignal>
#include <sched.h>

namespace heddle::grammar {

/// Of terms and their rows: what a text of a hundred thousand tokens leaves
/// behind is forgotten in between.
static constexpr size_t mostBytes = size_t{32} << 20;
/// Of a walk, between which others may have the lock: some 20 µs.
static constexpr size_t stepsAlone = 4096;
/// Of masks: 19 KB each with 150,000 tokens.
static constexpr size_t mostKeptBytes = size_t{8} << 20;

struct Grammar::Locked {
  explicit Locked(Grammar &grammar) : mutex(grammar.lock) {
    grammar.wanted.fetch_add(1);
    pthread_mutex_lock(&mutex);
    grammar.wanted.fetch_sub(1);
  }
  Locked(const Locked &) = delete;
  Locked &operator=(const Locked &) = delete;
  ~Locked() { pthread_mutex_unlock(&mutex); }

  pthread_mutex_t &mutex;
};

const char *Grammar::compile(std::string_view schema) {
  text::TroubleWatch watch;
  const char *wrong = compileSchema(schema, terms, root, message);
  if (watch.found() == text::Trouble::Memory)
    return text::outOfMemory;
  if (watch.found() != text::Trouble::None ||
      (!wrong && terms.bytesHeld() > mostBytes / 2))
    return "the schema needs too many states";
  terms.keepAllSoFar();
  return wrong;
}

Grammar::~Grammar() {
  if (hasThread) {
    {
      Locked locked(*this);
      isStopping = true;
      pthread_cond_signal(&asked);
    }
    pthread_join(thread, nullptr);
  }
  pthread_mutex_destroy(&lock);
  pthread_cond_destroy(&asked);
  pthread_cond_destroy(&answered);
}

void Grammar::release(Grammar *grammar) {
  if (grammar && grammar->users.fetch_sub(1) == 1)
    runtime::destroy(grammar);
}

//===-- Masks ---===//

/// Others follow a text in between, which takes no time, or ask for a mask.
void Grammar::letOthers() {
  if (!wanted.load())
    return;
  pthread_mutex_unlock(&lock);
  while (wanted.load())
    sched_yield();
  pthread_mutex_lock(&lock);
}

/// Walks the tokens' texts and the automaton at once: what may not begin a text
/// is passed with all that begins with it.
void Grammar::walk(Term state, Words &mask) {
  mask.clear();
  const text::Buffer<Vocabulary::Node> &nodes = vocabulary.nodes();
  text::Buffer<uint32_t> rowStack; // by depth
  if (!mask.resize(static_cast<size_t>(vocabulary.size()) / 64 + 1) ||
      !rowStack.resize(Vocabulary::longestToken + 1))
    return;
  rowStack[0] = terms.rowOf(state);
  for (size_t i = 0, steps = 1; i < nodes.size(); ++steps) {
    if (steps % stepsAlone == 0)
      letOthers();
    const Vocabulary::Node &node = nodes[i];
    Term behind = terms.next(rowStack[node.depth - 1], node.byte);
    if (behind == nothing) {
      i = node.end;
      continue;
    }
    for (const int32_t *id = vocabulary.tokensBegin(i),
                       *end = vocabulary.tokensEnd(i);
         id != end; ++id)
      mask[static_cast<size_t>(*id) / 64] |= uint64_t{1} << *id % 64;
    if (++i < node.end)
      rowStack[node.depth] = terms.rowOf(behind);
  }
}

bool Grammar::takeKept(Follower &follower) {
  if (follower.state >= keptOf.size() || !keptOf[follower.state])
    return false;
  size_t words = static_cast<size_t>(vocabulary.size()) / 64 + 1;
  follower.mask.clear();
  follower.mask.append(kept.data() + (keptOf[follower.state] - 1) * words,
                       words);
  if (follower.mask.size() != words)
    return false;
  follower.trouble = text::Trouble::None;
  follower.status = Follower::Found;
  return true;
}

/// Without memory for it, it is found again another time.
void Grammar::keep(Term state, const Words &mask) {
  if ((kept.size() + mask.size()) * sizeof(uint64_t) > mostKeptBytes) {
    kept.clear();
    keptOf.clear();
  }
  size_t before = kept.size();
  text::TroubleWatch watch;
  kept.append(mask.data(), mask.size());
  if (kept.size() == before ||
      (state >= keptOf.size() && !keptOf.resize(state + size_t{1})))
    return kept.shrink(before);
  keptOf[state] = static_cast<uint32_t>(before / mask.size()) + 1;
}

void Grammar::forgetIfMuch() {
  if (terms.bytesHeld() < mostBytes || walks)
    return;
  text::Buffer<Term *> states;
  for (Follower *each = followers; each; each = each->behind)
    states.push(&each->state);
  if (text::trouble != text::Trouble::None)
    return;
  terms.sweep(states.data(), states.size());
  kept.clear();
  keptOf.clear();
}

/// With the lock held.
void Grammar::findMask(Follower &follower) {
  text::TroubleWatch watch;
  forgetIfMuch();
  follower.status = Follower::AtWork;
  ++walks;
  walk(follower.state, follower.mask);
  --walks;
  follower.trouble = watch.found();
  if (follower.trouble == text::Trouble::None)
    keep(follower.state, follower.mask);
  follower.status = Follower::Found;
}

//===-- The thread ---===//

bool Grammar::startThread() {
  if (hasThread)
    return true;
  // Signals of the host program are handled on the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  hasThread = !pthread_create(&thread, nullptr, threadMain, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (hasThread)
    pthread_setname_np(thread, "heddle-grammar");
  return hasThread;
}

void *Grammar::threadMain(void *grammar) {
  static_cast<Grammar *>(grammar)->serve();
  return nullptr;
}

Follower *Grammar::nextWaiting() {
  for (Follower *each = followers; each; each = each->behind)
    if (each->status == Follower::Waiting)
      return each;
  return nullptr;
}

void Grammar::serve() {
  Locked locked(*this);
  while (!isStopping) {
    Follower *next = nextWaiting();
    if (!next) {
      pthread_cond_wait(&asked, &lock);
      continue;
    }
    text::TroubleWatch watch;
    if (!takeKept(*next))
      findMask(*next);
    pthread_cond_broadcast(&answered);
  }
}

void Grammar::add(Follower &follower) {
  follower.behind = followers;
  if (followers)
    followers->before = &follower;
  followers = &follower;
}

void Grammar::remove(Follower &follower) {
  (follower.before ? follower.before->behind : followers) = follower.behind;
  if (follower.behind)
    follower.behind->before = follower.before;
}

//===-- One text ---===//

Follower::Follower(Grammar &grammar) : grammar(grammar), state(grammar.root) {
  grammar.use();
  Grammar::Locked locked(grammar);
  grammar.add(*this);
  look();
}

Follower::~Follower() {
  {
    Grammar::Locked locked(grammar);
    while (status == AtWork)
      pthread_cond_wait(&grammar.answered, &grammar.lock);
    grammar.remove(*this);
  }
  Grammar::release(&grammar);
}

void Follower::look() {
  complete = grammar.terms.hasEmpty(state);
  finished = state == empty;
}

void Follower::begin() {
  Grammar::Locked locked(grammar);
  text::TroubleWatch watch;
  if (status != Idle || finished || grammar.takeKept(*this) ||
      !grammar.startThread())
    return;
  status = Waiting;
  pthread_cond_signal(&grammar.asked);
}

const float *Follower::apply(const float *logits, int32_t count,
                             const int32_t *ends, int32_t endCount) {
  {
    Grammar::Locked locked(grammar);
    while (status == Waiting || status == AtWork)
      pthread_cond_wait(&grammar.answered, &grammar.lock);
    if (status == Idle && !grammar.takeKept(*this))
      grammar.findMask(*this);
  }
  if (trouble != text::Trouble::None)
    return text::noteTrouble(trouble), nullptr;
  auto tokens = static_cast<size_t>(count);
  if (!masked.resize(tokens))
    return nullptr;
  for (size_t id = 0; id < tokens; ++id) {
    uint64_t word = id / 64 < mask.size() ? mask[id / 64] : 0;
    masked[id] = word >> id % 64 & 1 ? logits[id] : -INFINITY;
  }
  for (int32_t i = 0; i < endCount; ++i)
    if (int32_t id = ends[i]; id >= 0 && id < count)
      masked[id] = complete ? logits[id] : -INFINITY;
  return masked.data();
}

void Follower::accept(int32_t token) {
  std::string_view text = grammar.vocabulary.textOf(token);
  if (text.empty())
    return;
  Grammar::Locked locked(grammar);
  while (status == AtWork)
    pthread_cond_wait(&grammar.answered, &grammar.lock);
  for (char byte : text)
    state = grammar.terms.after(state, static_cast<uint8_t>(byte));
  status = Idle;
  look();
}

} // namespace heddle::grammar
