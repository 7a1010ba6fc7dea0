//===- EmitProgram.cpp - Program as constant data -------------------------===//
//
// One function a struct of runtime/abi.h, listing the fields in their order
// there. The natural alignment of LLVM's structs is C's on every 64-bit target;
// the assertions hold the two together.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/EmitProgram.h"
#include "runtime/abi.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/Module.h"

using namespace heddle;
using namespace heddle::codegen;
using nn::SizeExpr;

namespace {

class Emitter {
public:
  Emitter(llvm::Module &module, const Program &program)
      : module(module), context(module.getContext()), model(program) {}

  EmittedProgram program(const ProgramCode &code, MainKind main);

private:
  llvm::Constant *size(const ProgramSize &size);
  llvm::Constant *term(const SizeExpr::Term &term);
  llvm::Constant *polynomial(const SizeExpr &expr);
  llvm::Constant *value(const ProgramValue &value);
  llvm::Constant *entry(const ProgramEntry &entry);
  llvm::Constant *cache(const ProgramCache &cache);
  llvm::Constant *site(const ProgramSite &site);
  llvm::Constant *ids(const heddle_ids &ids);
  llvm::Constant *generation(const heddle_generation &settings);
  llvm::Constant *namedIds(llvm::ArrayRef<heddle_named_id> names);
  llvm::Constant *specialTokens();
  llvm::Constant *sentences(const ProgramSentences &sentences);
  llvm::Constant *chat(const ProgramChat &chat, bool withMain);
  llvm::Constant *answer(const ProgramAnswer &answer, bool withMain);
  llvm::Constant *imageSteps(const heddle_image_steps &steps);
  llvm::Constant *audioSteps(const heddle_audio_steps &steps);
  llvm::Constant *reader(llvm::StringRef name);
  llvm::Constant *version(const ProgramVersion &version);
  llvm::Constant *draft();

  llvm::Constant *int32(int64_t value) {
    return llvm::ConstantInt::getSigned(llvm::Type::getInt32Ty(context), value);
  }
  llvm::Constant *int64(int64_t value) {
    return llvm::ConstantInt::getSigned(llvm::Type::getInt64Ty(context), value);
  }
  llvm::Constant *float32(float value) {
    return llvm::ConstantFP::get(context, llvm::APFloat(value));
  }
  llvm::Constant *float64(double value) {
    return llvm::ConstantFP::get(context, llvm::APFloat(value));
  }
  llvm::Constant *null() {
    return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0));
  }

  llvm::Constant *global(llvm::Constant *data) {
    auto *variable =
        new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true,
                                 llvm::GlobalValue::PrivateLinkage, data);
    variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return variable;
  }

  llvm::Constant *string(llvm::StringRef text) {
    return global(llvm::ConstantDataArray::getString(context, text));
  }

  template <typename CStruct>
  llvm::Constant *structOf(llvm::ArrayRef<llvm::Constant *> fields) {
    llvm::Constant *data = llvm::ConstantStruct::getAnon(fields);
    assert(module.getDataLayout().getTypeAllocSize(data->getType()) ==
               sizeof(CStruct) &&
           "the fields differ from runtime/abi.h");
    return data;
  }

  /// Address of an array with one element for each of `range`; null if there is
  /// none.
  template <typename Range, typename Element>
  llvm::Constant *arrayOf(const Range &range, Element element) {
    llvm::SmallVector<llvm::Constant *> elements;
    for (const auto &item : range)
      elements.push_back(element(item));
    if (elements.empty())
      return null();
    auto *type =
        llvm::ArrayType::get(elements.front()->getType(), elements.size());
    return global(llvm::ConstantArray::get(type, elements));
  }

  /// One bit a size, as heddle_entry has them.
  llvm::Constant *sizeSet(llvm::ArrayRef<std::string> names) {
    uint32_t bits = 0;
    for (llvm::StringRef name : names)
      bits |= 1u << sizeIndex(model, name);
    return int32(static_cast<int32_t>(bits));
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
  const Program &model;
};

} // namespace

llvm::Constant *Emitter::size(const ProgramSize &size) {
  return structOf<heddle_size>({string(size.name), int64(size.min),
                                int64(size.max), int64(size.step),
                                int32(sizeIndex(model, size.per)),
                                int32(sizeIndex(model, size.growsBy))});
}

llvm::Constant *Emitter::term(const SizeExpr::Term &term) {
  uint8_t powers[HEDDLE_MAX_SIZES] = {};
  for (const auto &[name, power] : term.factors) {
    int index = sizeIndex(model, name);
    assert(index >= 0 && index < HEDDLE_MAX_SIZES &&
           "a polynomial names a size that the program does not have");
    powers[index] = static_cast<uint8_t>(power);
  }
  return structOf<heddle_term>(
      {int64(term.numerator), int64(term.denominator),
       llvm::ConstantDataArray::get(context, llvm::ArrayRef<uint8_t>(powers))});
}

llvm::Constant *Emitter::polynomial(const SizeExpr &expr) {
  llvm::Constant *terms =
      arrayOf(expr.terms(), [&](const SizeExpr::Term &t) { return term(t); });
  return structOf<heddle_polynomial>({int32(expr.terms().size()), terms});
}

llvm::Constant *Emitter::value(const ProgramValue &value) {
  return structOf<heddle_value>(
      {string(value.name), string(value.axes),
       int32(static_cast<int>(value.type)), int32(value.dims.size()),
       arrayOf(value.dims,
               [&](const SizeExpr &dim) { return polynomial(dim); }),
       polynomial(value.elements), int32(value.defaultValue.has_value()),
       int32(value.indexBound), float64(value.defaultValue.value_or(0)),
       int32(static_cast<int>(value.content))});
}

llvm::Constant *Emitter::entry(const ProgramEntry &entry) {
  auto emitValue = [&](const ProgramValue &v) { return value(v); };
  llvm::Function *function = module.getFunction(entry.function);
  assert(function && "an entry's function is in the module");
  return structOf<heddle_entry>(
      {string(entry.name), int32(entry.inputs.size()),
       int32(entry.outputs.size()), arrayOf(entry.inputs, emitValue),
       arrayOf(entry.outputs, emitValue), function,
       polynomial(entry.arenaBytes), int32(static_cast<int>(entry.generates)),
       int32(entry.weightSlot), int32(entry.cacheSlot), sizeSet(entry.grows),
       sizeSet(entry.sets), sizeSet(entry.reads)});
}

llvm::Constant *Emitter::cache(const ProgramCache &cache) {
  return structOf<heddle_cache>({string(cache.path), int64(cache.positionBytes),
                                 int32(sizeIndex(model, cache.size)),
                                 int32(cache.isState), int32(cache.streams),
                                 int64(cache.window)});
}

llvm::Constant *Emitter::site(const ProgramSite &site) {
  return structOf<heddle_site>(
      {string(site.name), polynomial(site.flops), polynomial(site.bytes),
       int32(static_cast<int>(site.arithmetic)),
       site.place.empty() ? null() : string(site.place),
       site.layer.empty() ? null() : string(site.layer), int32(site.firstLayer),
       int32(site.countsLayers)});
}

llvm::Constant *Emitter::ids(const heddle_ids &ids) {
  llvm::ArrayRef<int32_t> numbers(ids.ids, ids.count);
  return structOf<heddle_ids>(
      {int32(ids.count),
       arrayOf(numbers, [&](int32_t id) { return int32(id); })});
}

llvm::Constant *Emitter::generation(const heddle_generation &settings) {
  auto lists = [&](const heddle_ids *all, int32_t count) {
    return arrayOf(llvm::ArrayRef(all, count),
                   [&](const heddle_ids &one) { return ids(one); });
  };
  return structOf<heddle_generation>(
      {int64(settings.max_tokens),
       int64(settings.max_length),
       int64(settings.min_tokens),
       int64(settings.min_length),
       float32(settings.temperature),
       float32(settings.top_p),
       float32(settings.min_p),
       float32(settings.repetition_penalty),
       int32(settings.top_k),
       int32(settings.no_repeat_ngram),
       int32(settings.begin),
       int32(settings.decoder_start),
       int32(settings.forced_begin),
       ids(settings.ends),
       ids(settings.forced_ends),
       ids(settings.suppressed),
       ids(settings.begin_suppressed),
       int32(settings.bad_word_count),
       lists(settings.bad_words, settings.bad_word_count),
       int32(settings.opening_count),
       lists(settings.opening, settings.opening_count),
       int32(settings.language_count),
       int32(settings.task_count),
       namedIds({settings.languages, size_t(settings.language_count)}),
       namedIds({settings.tasks, size_t(settings.task_count)}),
       int32(settings.beams),
       int32(settings.texts),
       float32(settings.length_penalty),
       int32(settings.early_stopping),
       int32(settings.renormalize),
       float32(settings.typical_p),
       int32(settings.no_timestamps),
       int32(settings.latest_begin),
       int32(settings.stop_count),
       arrayOf(llvm::ArrayRef(settings.stops, settings.stop_count),
               [&](const char *stop) { return string(stop); })});
}

llvm::Constant *Emitter::namedIds(llvm::ArrayRef<heddle_named_id> names) {
  return arrayOf(names, [&](const heddle_named_id &named) {
    return structOf<heddle_named_id>({string(named.name), int32(named.id)});
  });
}

llvm::Constant *Emitter::specialTokens() {
  return arrayOf(model.specialTokens, [&](const auto &token) {
    return structOf<heddle_named_id>(
        {string(token.first), int32(token.second)});
  });
}

llvm::Constant *Emitter::sentences(const ProgramSentences &sentences) {
  llvm::Constant *prompts = arrayOf(sentences.prompts, [&](const auto &prompt) {
    return structOf<heddle_prompt>(
        {string(prompt.first), string(prompt.second)});
  });
  return structOf<heddle_sentences>({int32(sentences.similarity),
                                     int32(sentences.prompts.size()),
                                     int32(sentences.defaultPrompt), prompts});
}

llvm::Constant *Emitter::chat(const ProgramChat &chat, bool withMain) {
  auto named = [&](const auto &pair) {
    return structOf<heddle_prompt>({string(pair.first), string(pair.second)});
  };
  return structOf<heddle_chat>(
      {int32(chat.templates.size()), int32(chat.tokens.size()),
       arrayOf(chat.templates, named), arrayOf(chat.tokens, named),
       withMain ? reader("heddle_run_chat") : null()});
}

llvm::Constant *Emitter::answer(const ProgramAnswer &answer, bool withMain) {
  // By kind; only the one that the program has is linked.
  constexpr llvm::StringLiteral functions[] = {
      "heddle_answer_labels", "heddle_answer_token_labels",
      "heddle_answer_masks", "heddle_answer_spans", "heddle_answer_likeness"};
  return structOf<heddle_answer>(
      {int32(answer.kind), int32(answer.entry), int32(answer.score),
       int32(answer.labels.size()),
       arrayOf(answer.labels,
               [&](const std::string &label) { return string(label); }),
       int32(answer.mask), int32(answer.pad), int64(answer.paddedLength),
       int64(answer.mostTokens), int32(answer.trimsSpans),
       withMain ? reader(functions[answer.kind - 1]) : null()});
}

llvm::Constant *Emitter::imageSteps(const heddle_image_steps &steps) {
  return structOf<heddle_image_steps>(
      {int32(steps.resize), int32(steps.width), int32(steps.height),
       int32(steps.filter), int32(steps.crop_width), int32(steps.crop_height),
       llvm::ConstantDataArray::get(context, llvm::ArrayRef(steps.mean)),
       llvm::ConstantDataArray::get(context, llvm::ArrayRef(steps.deviation)),
       float64(steps.scale)});
}

llvm::Constant *Emitter::audioSteps(const heddle_audio_steps &steps) {
  return structOf<heddle_audio_steps>(
      {int32(steps.sampling_rate), int32(steps.fft), int32(steps.hop),
       int32(steps.mels), int64(steps.samples), float32(steps.padding),
       int64(steps.most)});
}

/// A function of the runtime which is linked because it is named here.
llvm::Constant *Emitter::reader(llvm::StringRef name) {
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  auto *type = llvm::FunctionType::get(llvm::Type::getInt32Ty(context),
                                       {pointer, pointer, pointer}, false);
  return llvm::cast<llvm::Constant>(
      module.getOrInsertFunction(name, type).getCallee());
}

llvm::Constant *Emitter::version(const ProgramVersion &version) {
  auto *type =
      llvm::FunctionType::get(llvm::Type::getInt32Ty(context),
                              {llvm::PointerType::get(context, 0)}, false);
  auto function = [&](llvm::StringRef name) {
    auto *declared = llvm::cast<llvm::Function>(
        module.getOrInsertFunction(name, type).getCallee());
    declared->setVisibility(llvm::GlobalValue::HiddenVisibility);
    return static_cast<llvm::Constant *>(declared);
  };
  return structOf<heddle_version>(
      {int32(version.cpuLevel),
       version.cpuFeatures.empty() ? null() : string(version.cpuFeatures),
       arrayOf(version.functions, function)});
}

/// The descriptor of another object.
llvm::Constant *Emitter::draft() {
  auto *declared = new llvm::GlobalVariable(
      module, llvm::PointerType::get(context, 0), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, nullptr,
      "heddle_program_" + model.draft);
  declared->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return declared;
}

EmittedProgram Emitter::program(const ProgramCode &code, MainKind main) {
  bool withMain = main != MainKind::None;
  auto emitMonomial = [&](const SizeExpr &monomial) {
    assert(monomial.terms().size() == 1 && "a monomial is one product");
    return term(monomial.terms().front());
  };
  llvm::Constant *entries =
      arrayOf(model.entries, [&](const ProgramEntry &e) { return entry(e); });
  uint32_t flags = model.prefillInChunks ? HEDDLE_PREFILL_IN_CHUNKS : 0;
  llvm::Constant *data = structOf<heddle_program>(
      {int32(HEDDLE_ABI_VERSION),
       int32(code.base.cpuLevel),
       int64(static_cast<int64_t>(model.fingerprint)),
       string(model.name),
       int32(model.sizes.size()),
       int32(model.monomials.size()),
       int32(model.entries.size()),
       int32(model.caches.size()),
       int32(model.weightBytes.size()),
       int32(model.cacheSlots.size()),
       arrayOf(model.sizes, [&](const ProgramSize &s) { return size(s); }),
       arrayOf(model.monomials, emitMonomial),
       entries,
       arrayOf(model.caches, [&](const ProgramCache &c) { return cache(c); }),
       arrayOf(model.cacheSlots, [&](int64_t slot) { return int32(slot); }),
       int32(sizeIndex(model, model.rowSize)),
       int32(flags),
       code.base.cpuFeatures.empty() ? null() : string(code.base.cpuFeatures),
       arrayOf(model.sites, [&](const ProgramSite &s) { return site(s); }),
       int32(model.sites.size()),
       string(weightsFileName(model)),
       model.generation ? global(generation(*model.generation)) : null(),
       model.sentences ? global(sentences(*model.sentences)) : null(),
       arrayOf(model.weightBytes, [&](int64_t bytes) { return int64(bytes); }),
       int64(code.stackBytes),
       model.imageSteps ? global(imageSteps(*model.imageSteps)) : null(),
       model.audioSteps ? global(audioSteps(*model.audioSteps)) : null(),
       model.imageSteps && withMain ? reader("heddle_read_image") : null(),
       model.audioSteps && withMain ? reader("heddle_read_audio") : null(),
       model.chat ? global(chat(*model.chat, withMain)) : null(),
       specialTokens(),
       int32(model.specialTokens.size()),
       main == MainKind::Server ? reader("heddle_serve") : null(),
       model.answer ? global(answer(*model.answer, withMain)) : null(),
       int32(code.versions.size()),
       arrayOf(code.versions,
               [&](const ProgramVersion &v) { return version(v); }),
       model.draft.empty() ? null() : draft()});
  auto *descriptor = new llvm::GlobalVariable(
      module, data->getType(), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, data, "heddle_program_" + model.name);
  descriptor->setVisibility(llvm::GlobalValue::HiddenVisibility);

  EmittedProgram emitted{descriptor, {}};
  for (size_t i = 0; i < model.entries.size(); ++i)
    emitted.entries.push_back(llvm::ConstantExpr::getInBoundsGetElementPtr(
        llvm::Type::getInt8Ty(context), entries,
        int64(i * sizeof(heddle_entry))));
  return emitted;
}

EmittedProgram codegen::emitProgram(llvm::Module &module,
                                    const Program &program,
                                    const ProgramCode &code, MainKind main) {
  return Emitter(module, program).program(code, main);
}
