//===- BuiltinsPositions.cpp - Positions and their embeddings -------------===//

#include "compiler/language/BuiltinFunctions.h"

#include "dialects/nn/NN.h"
#include "llvm/Support/JSON.h"
#include <cmath>
#include <numbers>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// The second argument of positions becomes what they index: a size that is
/// known when the model is compiled, and no smaller than the positions of one
/// call get. Those of a session are looked at when all caches are known.
static bool takeBound(CallSite &site, int64_t most, Shape &shape) {
  const Configuration &configuration = site.elaborator.configuration;
  const Constant *constant = std::get_if<Constant>(&site.argument(1));
  const SizeExpr *over = constant ? std::get_if<SizeExpr>(constant) : nullptr;
  std::optional<int64_t> room =
      over ? configuration.evaluate(*over) : std::nullopt;
  if (!room)
    return site.fail("found " + site.describe(site.argument(1)) +
                     ", needs a size known when the model is compiled"),
           false;
  if (most > *room)
    return site.fail("there are " + Twine(most) + " of " +
                     site.describe(shape.axes.back()) +
                     ", which is more than " + site.describe(*over)),
           false;
  shape.over = *over;
  return true;
}

/// positions(T): where each of the T tokens of this call stands, from 0;
/// positions(T, N): as indices into N.
Built buildPositions(CallSite &site) {
  const Constant *constant = std::get_if<Constant>(&site.argument(0));
  const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
  if (!size)
    return site.fail("found " + site.describe(site.argument(0)) +
                     ", needs a size");
  Shape shape{Element::Int, {*size}, *size};
  std::optional<StringRef> name = size->asName();
  const Configuration &configuration = site.elaborator.configuration;
  std::optional<int64_t> most = configuration.evaluate(*size);
  if (const DynSize *dyn = name ? configuration.findDyn(*name) : nullptr) {
    if (!dyn->same.empty())
      return site.fail("found " + *name + ", a second name of " + dyn->same +
                       "; positions are counted by " + dyn->same);
    most = dyn->max;
    shape.over = dyn->bound;
    if (!dyn->per.empty())
      shape.axes.insert(shape.axes.begin(), SizeExpr::name(dyn->per));
  } else if (!most) {
    return site.fail("found " + site.describe(*size) +
                     ", needs a size that is declared");
  }
  if (site.argumentCount() == 2 && !takeBound(site, *most, shape))
    return std::nullopt;
  return site.build<nn::PositionsOp>(
      shape, site.builder.getStringAttr(site.describe(*size)));
}

/// sinusoid(positions(T), D, order = adjacent, base = 10000)
Built buildSinusoid(CallSite &site) {
  std::optional<Tensor> positions = site.intTensor(0);
  const Constant *constant = std::get_if<Constant>(&site.argument(1));
  const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
  std::optional<std::string> order = site.word("order", {"adjacent", "halves"});
  std::optional<double> base = site.number("base", 10000);
  if (!positions || !order || !base)
    return std::nullopt;
  std::optional<int64_t> depth =
      size ? site.elaborator.configuration.evaluate(*size) : std::nullopt;
  if (!depth || *depth < 2 || *depth % 2 != 0)
    return site.fail("found " + site.describe(site.argument(1)) +
                     " as the depth, needs an even size");
  Shape shape{Element::Real, positions->axes(), {}};
  shape.axes.push_back(*size);
  nn::Pairs pairs =
      *order == "halves" ? nn::Pairs::Halves : nn::Pairs::Adjacent;
  return site.build<nn::SinusoidOp>(
      shape, positions->value,
      nn::PairsAttr::get(site.builder.getContext(), pairs),
      site.builder.getF64FloatAttr(*base));
}

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

namespace {
/// Angles a position turns each pair by, and what the result is multiplied
/// with.
struct Rotation {
  SmallVector<double> frequencies;
  double magnitude = 1;
};

/// `rope_scaling` of config.json, as published with each kind. What it does not
/// ask for stays unread, which stops the build (ConfigKeys.h).
class RopeScaling {
public:
  /// `most`: how many positions there may be.
  RopeScaling(CallSite &site, const Json &json, int64_t dims, double base,
              std::optional<int64_t> most)
      : site(site), options(*json.value->getAsObject()),
        key(StringRef(json.key).drop_front()), dims(dims), base(base),
        most(most) {}

  bool apply(Rotation &rotation) {
    std::string kind = "default";
    for (StringRef name : {"type", "rope_type"})
      if (const json::Value *value = find(name))
        kind = value->getAsString().value_or("").str();
    if (kind == "default" || kind == "mrope")
      return checkSections();
    if (kind == "linear")
      return applyLinear(rotation);
    if (kind == "llama3")
      return applyLlama3(rotation);
    if (kind == "yarn")
      return applyYarn(rotation);
    if (kind == "dynamic")
      return applyDynamic();
    if (kind == "longrope" || kind == "su")
      return applyLongrope(rotation);
    site.fail(subject() + " is of type \"" + kind +
              "\", needs default, linear, dynamic, llama3, yarn or longrope");
    return false;
  }

private:
  std::string subject() const {
    return ("scaling (." + key + " of config.json)").str();
  }
  /// Null where there is none, or JSON's null.
  const json::Value *find(StringRef name) {
    site.elaborator.configuration.keys.markRead((key + "." + name).str());
    const json::Value *value = options.get(name);
    return value && value->kind() != json::Value::Null ? value : nullptr;
  }
  std::optional<double> positive(StringRef name, std::optional<double> value) {
    if (!value || !(*value > 0)) {
      site.fail(subject() + " has no positive number " + name);
      return std::nullopt;
    }
    return value;
  }
  std::optional<double> required(StringRef name) {
    const json::Value *value = find(name);
    return positive(name, value ? value->getAsNumber() : std::nullopt);
  }
  /// Nullopt after an error: what is there has to be a number.
  std::optional<double> optional(StringRef name, double otherwise) {
    const json::Value *value = find(name);
    std::optional<double> number = value ? value->getAsNumber() : otherwise;
    if (!number)
      site.fail(subject() + " has no number " + name);
    return number;
  }
  /// How many positions the model was trained on before it was scaled: as the
  /// call says, else the object.
  std::optional<double> originalLength() {
    StringRef name = "original_max_position_embeddings";
    bool says = find(name);
    if (site.option("original"))
      return positive(name, site.number("original", 0));
    return says ? required(name) : trainedLength();
  }
  std::optional<double> trainedLength() {
    return positive("original_max_position_embeddings",
                    site.number("length", 0));
  }

  /// Chen et al. 2023: positions divided by the factor.
  bool applyLinear(Rotation &rotation) {
    std::optional<double> factor = required("factor");
    if (!factor)
      return false;
    for (double &frequency : rotation.frequencies)
      frequency /= *factor;
    return true;
  }

  /// Texts longer than the model was trained on would turn more slowly;
  /// positions stay below that length, and so every frequency is as it was.
  bool applyDynamic() {
    std::optional<double> length = trainedLength();
    return length && required("factor") && staysWithin(*length);
  }

  /// Frequencies that change with the length of a text change with how it is
  /// cut: there have to be no more positions than those that keep them.
  bool staysWithin(double length) {
    if (most && *most <= length)
      return true;
    site.fail(subject() + " turns texts of more than " +
              Twine(int64_t(length)) +
              " positions by other frequencies; there are " +
              (most ? std::to_string(*most) : "any number") +
              ", needs at most so many: --set of the size that bounds them, or "
              "--dim");
    return false;
  }

  /// Positions of texts are the same in every section (Qwen2-VL).
  bool checkSections() {
    const json::Value *sections = find("mrope_section");
    if (!sections)
      return true;
    int64_t pairs = 0;
    bool areCounts = sections->kind() == json::Value::Array;
    if (areCounts)
      for (const json::Value &section : *sections->getAsArray()) {
        std::optional<int64_t> count = section.getAsInteger();
        areCounts &= count && *count >= 0 && *count <= dims;
        pairs += areCounts ? *count : 0;
      }
    if (areCounts && pairs == dims / 2)
      return true;
    site.fail(subject() + " has sections of " + Twine(pairs) +
              " pairs, needs " + Twine(dims / 2));
    return false;
  }

  /// LongRoPE (Ding et al. 2024), as Phi-3 has it: every pair has a divisor of
  /// its own, and others where the text is longer than the original length.
  bool applyLongrope(Rotation &rotation) {
    std::optional<double> original = originalLength(), length = trainedLength();
    if (!original || !length)
      return false;
    std::optional<double> factor = optional("factor", *length / *original);
    if (!factor || !staysWithin(*original))
      return false;
    for (StringRef name : {"long_factor", "long_mscale"})
      find(name);
    const json::Value *value = find("short_factor");
    const json::Array *divisors = value ? value->getAsArray() : nullptr;
    if (!divisors || divisors->size() != rotation.frequencies.size()) {
      site.fail(subject() + " has " + Twine(divisors ? divisors->size() : 0) +
                " numbers in short_factor, needs " +
                Twine(rotation.frequencies.size()));
      return false;
    }
    for (auto [divisor, frequency] : zip(*divisors, rotation.frequencies)) {
      std::optional<double> number =
          positive("in short_factor", divisor.getAsNumber());
      if (!number)
        return false;
      frequency /= *number;
    }
    double otherwise =
        *factor <= 1 ? 1
                     : std::sqrt(1 + std::log(*factor) / std::log(*original));
    std::optional<double> magnitude = optional("attention_factor", otherwise);
    if (magnitude)
      magnitude = optional("short_mscale", *magnitude);
    if (!magnitude)
      return false;
    rotation.magnitude = *magnitude;
    return true;
  }

  /// Llama 3.1: long wavelengths are divided by the factor, short ones stay,
  /// those between blend.
  bool applyLlama3(Rotation &rotation) {
    std::optional<double> factor = required("factor");
    std::optional<double> low = required("low_freq_factor");
    std::optional<double> high = required("high_freq_factor");
    std::optional<double> length = originalLength();
    if (!factor || !low || !high || !length)
      return false;
    for (double &frequency : rotation.frequencies) {
      double wavelength = 2 * std::numbers::pi / frequency;
      if (wavelength < *length / *high)
        continue;
      double smooth = wavelength > *length / *low
                          ? 0
                          : (*length / wavelength - *low) / (*high - *low);
      frequency = (1 - smooth) * frequency / *factor + smooth * frequency;
    }
    return true;
  }

  /// YaRN (Peng et al. 2023, section 3.2): dimension i blends by how often its
  /// pair turns within the original length.
  bool applyYarn(Rotation &rotation) {
    std::optional<double> factor = required("factor");
    std::optional<double> length = originalLength();
    if (!factor || !length)
      return false;
    auto dimensionTurning = [&](double times) {
      return dims * std::log(*length / (times * 2 * std::numbers::pi)) /
             (2 * std::log(base));
    };
    std::optional<double> fast = optional("beta_fast", 32),
                          slow = optional("beta_slow", 1),
                          mscale = optional("mscale", 0),
                          all = optional("mscale_all_dim", 0);
    if (!fast || !slow || !mscale || !all)
      return false;
    // Zero stands for what is usual, as in transformers.
    double low = dimensionTurning(*fast != 0 ? *fast : 32);
    double high = dimensionTurning(*slow != 0 ? *slow : 1);
    const json::Value *truncate = find("truncate");
    if (truncate && !truncate->getAsBoolean()) {
      site.fail(subject() + " has no yes or no for truncate");
      return false;
    }
    if (!truncate || *truncate->getAsBoolean()) {
      low = std::floor(low);
      high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, double(dims - 1));
    if (low == high)
      high += 0.001;
    for (auto [i, frequency] : enumerate(rotation.frequencies)) {
      double ramp = std::clamp((double(i) - low) / (high - low), 0.0, 1.0);
      frequency = ramp * frequency / *factor + (1 - ramp) * frequency;
    }
    auto scaleOf = [&](double mscale) {
      return *factor <= 1 ? 1.0 : 0.1 * mscale * std::log(*factor) + 1;
    };
    double otherwise = *mscale != 0 && *all != 0
                           ? scaleOf(*mscale) / scaleOf(*all)
                           : scaleOf(1);
    std::optional<double> magnitude = optional("attention_factor", otherwise);
    if (!magnitude)
      return false;
    rotation.magnitude = *magnitude;
    return true;
  }

  CallSite &site;
  const json::Object &options;
  StringRef key;
  int64_t dims;
  double base;
  std::optional<int64_t> most;
};
} // namespace

static std::optional<Rotation> rotationOf(CallSite &site, int64_t dims,
                                          double base,
                                          std::optional<int64_t> most) {
  Rotation rotation;
  for (int64_t i = 0; i < dims; i += 2)
    rotation.frequencies.push_back(std::pow(base, -double(i) / double(dims)));
  std::optional<Constant> scaling = site.constantOption("scaling", None());
  if (!scaling)
    return std::nullopt;
  if (holds<None>(*scaling))
    return rotation;
  const Json *json = std::get_if<Json>(&*scaling);
  if (!json || !json->value->getAsObject())
    return site.fail("scaling is " + language::describe(*scaling) +
                     ", needs none or an object of config.json");
  if (!RopeScaling(site, *json, dims, base, most).apply(rotation))
    return std::nullopt;
  return rotation;
}

/// rope(x, pos, base = 10000, dims = K, pairs = halves, scaling = none,
/// length = …, original = length)
Built buildRope(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  std::optional<Tensor> positions = site.intTensor(1);
  if (!x || !positions)
    return std::nullopt;
  ArrayRef<SizeExpr> axes = x->axes(), leading = positions->axes();
  if (axes.size() <= leading.size() ||
      axes.take_front(leading.size()) != leading)
    return site.fail("the positions are " + site.describe(positions->shape) +
                     ", their axes need to be the first of " +
                     site.describe(x->shape));
  std::optional<int64_t> depth =
      site.elaborator.configuration.evaluate(axes.back());
  if (!depth)
    return site.fail("the last axis of " + site.describe(x->shape) +
                     " is known only at run time");
  std::optional<double> base = site.number("base", 10000);
  std::optional<int64_t> dims = site.whole("dims", *depth);
  std::optional<std::string> pairs = site.word("pairs", {"halves", "adjacent"});
  if (!base || !dims || !pairs)
    return std::nullopt;
  if (*dims < 2 || *dims % 2 != 0 || *dims > *depth)
    return site.fail("dims is " + Twine(*dims) +
                     ", needs an even number from 2 to " + Twine(*depth));
  if (!(*base > 1))
    return site.fail("base is " + language::describe(Constant(*base)) +
                     ", needs more than 1");
  std::optional<int64_t> most;
  if (const std::optional<SizeExpr> &over = positions->shape.over)
    most = site.elaborator.configuration.evaluate(*over);
  std::optional<Rotation> rotation = rotationOf(site, *dims, *base, most);
  if (!rotation)
    return std::nullopt;
  nn::Pairs kind = *pairs == "halves" ? nn::Pairs::Halves : nn::Pairs::Adjacent;
  return site.build<nn::RopeOp>(
      x->shape, x->value, positions->value,
      nn::NumbersAttr::get(
          site.builder.getContext(),
          site.builder.getDenseF64ArrayAttr(rotation->frequencies)),
      nn::PairsAttr::get(site.builder.getContext(), kind),
      site.builder.getF64FloatAttr(rotation->magnitude));
}

} // namespace heddle::language
