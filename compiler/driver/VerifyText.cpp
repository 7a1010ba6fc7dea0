//===- VerifyText.cpp - what of a model a text can judge ------------------===//

#include "compiler/driver/VerifyText.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/SharedFiles.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace heddle;
using namespace heddle::driver;
using codegen::ElementType;
using codegen::GenerateRole;
using codegen::Program;
using codegen::ProgramEntry;
using codegen::ProgramSize;
using codegen::ProgramValue;
using llvm::LogicalResult;

/// What texts are cut into: long enough to show what a text before does.
static constexpr int64_t longestWindow = 512;
/// Vectors are of sentences, and of paragraphs at most.
static constexpr int64_t longestOfVectors = 64;
/// Of so many tokens, one is masked: as training masks one of 6.7.
static constexpr int64_t maskedEvery = 7;

/// Bytes of a text or of a file of ids.
static constexpr uint64_t mostText = 64'000'000;

//===----------------------------------------------------------------------===//
// The task
//===----------------------------------------------------------------------===//

/// The input of token ids, where all others have a default; else null.
static const ProgramValue *soleIds(const ProgramEntry &entry) {
  const ProgramValue *ids = nullptr;
  for (const ProgramValue &input : entry.inputs) {
    if (input.defaultValue)
      continue;
    if (ids || input.type != ElementType::I32 || input.indexBound == 0)
      return nullptr;
    ids = &input;
  }
  return ids;
}

/// Whether the only answer is `rank` dimensions of f32, the last of `width`.
static bool gives(const ProgramEntry &entry, size_t rank, int64_t width) {
  if (entry.outputs.size() != 1)
    return false;
  const ProgramValue &output = entry.outputs.front();
  return output.type == ElementType::F32 && output.dims.size() == rank &&
         output.dims.back().asConstant() == width;
}

/// Of a model that writes text: by the step, or by an entry that answers for
/// all tokens at once.
static std::optional<TextTask> taskOfWriter(const Program &program,
                                            const ProgramEntry &step) {
  const ProgramValue *ids = soleIds(step);
  TextTask task;
  for (const ProgramEntry &entry : program.entries)
    if (entry.generates == GenerateRole::Before) {
      if (task.before || !soleIds(entry) || !entry.outputs.empty())
        return std::nullopt;
      task.kind = TextTask::Kind::Translated;
      task.before = &entry;
    }
  if (!ids)
    return std::nullopt;
  size_t rank = ids->dims.size();
  task.vocabulary = ids->indexBound;
  if (!task.before)
    for (const ProgramEntry &entry : program.entries)
      if (const ProgramValue *all = soleIds(entry);
          all && all->axes == ids->axes &&
          gives(entry, rank + 1, task.vocabulary)) {
        task.entries = {&entry};
        return task;
      }
  if (!gives(step, rank, task.vocabulary))
    return std::nullopt;
  task.lastOnly = true;
  task.entries = {&step};
  return task;
}

std::optional<TextTask> driver::textTaskOf(const Program &program) {
  for (const ProgramEntry &entry : program.entries)
    if (entry.generates == GenerateRole::Step)
      return taskOfWriter(program, entry);
  TextTask vectors;
  vectors.kind = TextTask::Kind::Vectors;
  for (const ProgramEntry &entry : program.entries) {
    const ProgramValue *ids = soleIds(entry);
    if (!ids || !entry.reads.empty())
      continue;
    if (gives(entry, ids->dims.size() + 1, ids->indexBound)) {
      TextTask masked;
      masked.kind = TextTask::Kind::Masked;
      masked.entries = {&entry};
      masked.vocabulary = ids->indexBound;
      return masked;
    }
    if (entry.outputs.size() == 1 &&
        entry.outputs.front().type == ElementType::F32 &&
        entry.outputs.front().dims.back().asConstant()) {
      vectors.vocabulary = ids->indexBound;
      vectors.entries.push_back(&entry);
    }
  }
  return vectors.entries.empty() ? std::nullopt : std::optional(vectors);
}

/// The greatest number of tokens that an entry takes in a row.
static int64_t mostTokens(const Program &program, const ProgramEntry &entry) {
  int64_t most = INT64_MAX;
  for (llvm::StringRef name : soleIds(entry)->dims.back().names())
    most = std::min(most, program.sizes[codegen::sizeIndex(program, name)].max);
  for (const ProgramSize &size : program.sizes)
    if (llvm::is_contained(entry.grows, size.name))
      most = std::min(most, size.max);
  return most;
}

int64_t driver::windowLength(const Program &program, const TextTask &task) {
  int64_t length =
      task.kind == TextTask::Kind::Vectors ? longestOfVectors : longestWindow;
  for (const ProgramEntry *entry : task.entries)
    length = std::min(length, mostTokens(program, *entry));
  if (task.before)
    length = std::min(length, mostTokens(program, *task.before));
  return length;
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// What the tokenizer puts around a text.
struct Frame {
  std::vector<int32_t> before, behind;
};

/// Numbers between blanks, commas or ends of lines.
static LogicalResult readIds(llvm::StringRef path, int64_t vocabulary,
                             std::vector<int32_t> &ids) {
  auto buffer = files::readFile(path, mostText);
  if (!buffer)
    return fail(buffer.takeError());
  llvm::StringRef rest = (*buffer)->getBuffer();
  int64_t line = 1;
  for (;;) {
    llvm::StringRef blanks =
        rest.take_while([](char c) { return llvm::isSpace(c) || c == ','; });
    line += blanks.count('\n');
    rest = rest.drop_front(blanks.size());
    if (rest.empty())
      return llvm::success();
    llvm::StringRef word =
        rest.take_until([](char c) { return llvm::isSpace(c) || c == ','; });
    rest = rest.drop_front(word.size());
    int32_t id;
    if (word.getAsInteger(10, id) || id < 0 || id >= vocabulary)
      return fail(path + ":" + llvm::Twine(line) + ": found " +
                  word.take_front(40) + ", needed a token id, 0 to " +
                  llvm::Twine(vocabulary - 1));
    ids.push_back(id);
  }
}

static LogicalResult tokenizeFile(llvm::StringRef path, const TextTask &task,
                                  ProgramSession &session, TokenText &text,
                                  Frame &frame) {
  auto buffer = files::readFile(path, mostText);
  if (!buffer)
    return fail(buffer.takeError());
  llvm::StringRef content = (*buffer)->getBuffer();
  auto plain = session.tokenize(content, /*plain=*/true);
  if (failed(plain))
    return llvm::failure();
  auto framed = session.tokenize(content, /*plain=*/false);
  if (failed(framed))
    return llvm::failure();
  text.tokens = std::move(*plain);
  auto begin = llvm::search(*framed, text.tokens);
  if (begin != framed->end() && !text.tokens.empty()) {
    frame.before.assign(framed->begin(), begin);
    frame.behind.assign(begin + text.tokens.size(), framed->end());
  }
  for (int32_t id : *framed)
    if (id >= task.vocabulary)
      return fail(path + ": has the token " + llvm::Twine(id) +
                  ", the model takes ids below " +
                  llvm::Twine(task.vocabulary));
  return llvm::success();
}

static std::optional<int32_t> specialToken(const Program &program,
                                           llvm::StringRef name) {
  for (const auto &[known, id] : program.specialTokens)
    if (known == name)
      return id;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

namespace {

/// Makes windows of stretches of the text.
class Cutter {
public:
  Cutter(const TextTask &task, const Program &program, const Frame &frame)
      : task(task), frame(frame), mask(specialToken(program, "mask")) {
    if (program.generation && program.generation->decoder_start >= 0)
      decoderStart = program.generation->decoder_start;
    else
      decoderStart = specialToken(program, "decoder_start");
  }

  LogicalResult check() const {
    if (task.kind == TextTask::Kind::Translated && !decoderStart)
      return fail("found no decoder_start_token_id in the checkpoint, needed "
                  "one to begin a decoder's text");
    return llvm::success();
  }

  /// Tokens of a window that are not the text's.
  int64_t extra() const {
    switch (task.kind) {
    case TextTask::Kind::NextToken:
      return frame.before.size();
    case TextTask::Kind::Translated:
      return std::max<size_t>(frame.before.size() + frame.behind.size(), 1);
    case TextTask::Kind::Masked:
    case TextTask::Kind::Vectors:
      return frame.before.size() + frame.behind.size();
    }
    llvm_unreachable("all kinds are listed");
  }

  TextWindow cut(llvm::ArrayRef<int32_t> text, int64_t first) const {
    TextWindow window;
    window.ids = framed(text);
    switch (task.kind) {
    case TextTask::Kind::NextToken:
      window.ids.resize(frame.before.size() + text.size());
      follow(window, frame.before.size(), first);
      break;
    case TextTask::Kind::Translated:
      window.source = std::move(window.ids);
      window.ids = {*decoderStart};
      llvm::append_range(window.ids, text);
      follow(window, 1, first);
      break;
    case TextTask::Kind::Masked:
      maskSome(window, text.size(), first);
      break;
    case TextTask::Kind::Vectors:
      window.targets.assign(window.ids.size(), TextWindow::none);
      break;
    }
    return window;
  }

private:
  std::vector<int32_t> framed(llvm::ArrayRef<int32_t> text) const {
    std::vector<int32_t> ids = frame.before;
    llvm::append_range(ids, text);
    llvm::append_range(ids, frame.behind);
    return ids;
  }

  /// The target of each place is the token behind it, where that is one of the
  /// text, which begins at place `before` with its token `first`.
  static void follow(TextWindow &window, int64_t before, int64_t first) {
    int64_t length = window.ids.size();
    for (int64_t next = 1; next <= length; ++next) {
      bool isText = before <= next && next < length;
      window.targets.push_back(isText ? window.ids[next] : TextWindow::none);
      window.places.push_back(first + next - before);
    }
  }

  /// Without a token for it, all are judged as they are.
  void maskSome(TextWindow &window, int64_t length, int64_t first) const {
    int64_t before = frame.before.size();
    for (int64_t i = 0; i < static_cast<int64_t>(window.ids.size()); ++i) {
      int64_t at = i - before;
      bool isJudged = at >= 0 && at < length &&
                      (!mask || at % maskedEvery == maskedEvery / 2);
      window.targets.push_back(isJudged ? window.ids[i] : TextWindow::none);
      window.places.push_back(first + at);
      if (isJudged && mask)
        window.ids[i] = *mask;
    }
  }

  const TextTask &task;
  const Frame &frame;
  std::optional<int32_t> mask, decoderStart;
};

} // namespace

/// Where windows of `length` begin, `most` tokens in all.
static std::vector<int64_t> startsOf(int64_t tokens, int64_t length,
                                     int64_t most) {
  bool takesAll = most >= tokens;
  int64_t count = takesAll ? llvm::divideCeil(tokens, length)
                           : std::max<int64_t>(most / length, 1);
  std::vector<int64_t> starts;
  for (int64_t window = 0; window < count; ++window)
    starts.push_back(takesAll ? window * length : window * (tokens / count));
  return starts;
}

llvm::FailureOr<TokenText> driver::readText(const Arguments &arguments,
                                            const TextTask &task,
                                            ProgramSession &session,
                                            int64_t most, int64_t longest) {
  TokenText text;
  Frame frame;
  if (!arguments.verify.ids.empty()) {
    text.name = arguments.verify.ids;
    if (failed(readIds(text.name, task.vocabulary, text.tokens)))
      return llvm::failure();
  } else {
    llvm::SmallString<128> sample(files::modelsDirectory());
    llvm::sys::path::append(sample, "..", "sample.txt");
    bool isGiven = !arguments.verify.text.empty();
    text.name = isGiven ? arguments.verify.text : "the sample text";
    llvm::StringRef path = isGiven ? arguments.verify.text : sample.str();
    if (failed(tokenizeFile(path, task, session, text, frame)))
      return llvm::failure();
  }
  Cutter cutter(task, session.program(), frame);
  int64_t total = text.tokens.size(),
          length = windowLength(session.program(), task) - cutter.extra();
  if (failed(cutter.check()))
    return llvm::failure();
  if (length < 1)
    return fail("the model takes too few tokens in a row to be judged on text");
  length = std::min({length, most, longest});
  for (int64_t start : startsOf(total, length, most)) {
    TextWindow window =
        cutter.cut(llvm::ArrayRef(text.tokens)
                       .slice(start, std::min(length, total - start)),
                   start);
    bool isJudged = llvm::any_of(
        window.targets, [](int32_t id) { return id != TextWindow::none; });
    if (isJudged || !task.givesLogits())
      text.windows.push_back(std::move(window));
  }
  if (text.windows.empty())
    return fail(text.name + ": found " + llvm::Twine(total) +
                " tokens, needed more to judge the model on");
  return text;
}
