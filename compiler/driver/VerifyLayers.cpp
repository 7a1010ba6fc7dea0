//===- VerifyLayers.cpp - how far layers drift from those in f32 ----------===//

#include "compiler/driver/VerifyLayers.h"
#include <cmath>

using namespace heddle;
using namespace heddle::driver;
using codegen::Program;
using codegen::ProgramEntry;
using codegen::ProgramValue;
using llvm::ArrayRef;

/// Answers of all layers are in memory at a time.
static constexpr size_t mostTokensOfLayers = 256;

std::optional<size_t> LayerProfile::firstDrifted() const {
  auto first = llvm::find_if(errors, [](double error) {
    return !(error <= drifted); // nor is what is no number near
  });
  if (first == errors.end())
    return std::nullopt;
  return first - errors.begin();
}

std::vector<std::string> driver::observedEntries(const TextTask &task) {
  std::vector<std::string> names;
  if (task.before)
    names.push_back(task.before->name);
  names.push_back(task.entry().name);
  return names;
}

namespace {

using Answers = std::vector<std::vector<float>>;

} // namespace

/// The entry that nn-observe-layers has made beside `entry`, or null.
static const ProgramEntry *observedOf(const Program &program,
                                      const ProgramEntry &entry) {
  auto named = llvm::find_if(program.entries, [&](const ProgramEntry &other) {
    return other.name == entry.name + "__layers";
  });
  return named == program.entries.end() ? nullptr : &*named;
}

static llvm::FailureOr<Answers> callObserved(const ProgramEntry &entry,
                                             ArrayRef<int32_t> ids,
                                             ProgramSession &session) {
  Answers answers;
  llvm::SmallVector<float *> outputs;
  int64_t length = ids.size();
  for (const ProgramValue &output : entry.outputs) {
    auto sizeOf = [&](llvm::StringRef size) {
      return std::optional<int64_t>(size == session.program().rowSize ? 1
                                                                      : length);
    };
    int64_t elements = 1;
    for (const nn::SizeExpr &dim : output.dims)
      elements *= dim.evaluate(sizeOf).value_or(0);
    outputs.push_back(answers.emplace_back(elements).data());
  }
  if (failed(session.call(entry, length, ids, outputs)))
    return llvm::failure();
  return answers;
}

/// Answers are [token, layer, element].
static LayerProfile compare(const ProgramValue &output, ArrayRef<float> exact,
                            ArrayRef<float> built) {
  LayerProfile profile;
  profile.name = output.name;
  size_t rank = output.dims.size();
  int64_t layers = *output.dims[rank - 2].asConstant(),
          width = *output.dims[rank - 1].asConstant(),
          tokens = exact.size() / (layers * width);
  profile.errors.resize(layers);
  for (int64_t token = 0; token < tokens; ++token)
    for (int64_t layer = 0; layer < layers; ++layer) {
      int64_t at = (token * layers + layer) * width;
      double errors = 0, squares = 0;
      for (int64_t i = at; i < at + width; ++i) {
        errors += double(exact[i] - built[i]) * (exact[i] - built[i]);
        squares += double(exact[i]) * exact[i];
      }
      profile.errors[layer] +=
          (errors > 0 ? std::sqrt(errors / squares) : errors) / tokens;
    }
  return profile;
}

/// Layers of several kinds are several loops, one after the other, under one
/// path: their outputs are called `layers`, `layers_`, and so on.
static void add(LayerProfile profile, std::vector<LayerProfile> &profiles) {
  bool goesOn =
      !profiles.empty() && profile.name != profiles.back().name &&
      llvm::StringRef(profile.name).rtrim('_') == profiles.back().name;
  if (goesOn)
    llvm::append_range(profiles.back().errors, profile.errors);
  else
    profiles.push_back(std::move(profile));
}

llvm::FailureOr<std::vector<LayerProfile>>
driver::profileLayers(const TextTask &task, const TextWindow &window,
                      ProgramSession &exact, ProgramSession &built) {
  std::vector<LayerProfile> profiles;
  auto profile = [&](const ProgramEntry &entry, ArrayRef<int32_t> ids) {
    const ProgramEntry *observed = observedOf(exact.program(), entry);
    ids = ids.take_front(mostTokensOfLayers);
    if (!observed)
      return llvm::success();
    auto expected = callObserved(*observed, ids, exact),
         found = callObserved(*observed, ids, built);
    if (failed(expected) || failed(found))
      return llvm::failure();
    for (auto [number, output] : llvm::enumerate(observed->outputs))
      add(compare(output, (*expected)[number], (*found)[number]), profiles);
    return llvm::success();
  };
  if (failed(exact.rewind()) || failed(built.rewind()))
    return llvm::failure();
  // An encoder whose layers are no loop has to run all the same.
  if (task.before && !observedOf(exact.program(), *task.before)) {
    int64_t length = std::min(window.source.size(), mostTokensOfLayers);
    ArrayRef<int32_t> ids = ArrayRef(window.source).take_front(length);
    if (failed(exact.call(*task.before, length, ids, {})) ||
        failed(built.call(*task.before, length, ids, {})))
      return llvm::failure();
  } else if (task.before && failed(profile(*task.before, window.source))) {
    return llvm::failure();
  }
  if (failed(profile(task.entry(), window.ids)))
    return llvm::failure();
  return profiles;
}
