//===- LayerMix.cpp - types of weights that differ by layer ---------------===//

#include "compiler/driver/LayerMix.h"
#include "llvm/ADT/STLExtras.h"

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedType;
using llvm::ArrayRef;

/// A piece more is code of a layer more: worth this share of the loss.
static constexpr double worthOfPiece = 0.03;
/// Places that a stack may be cut at, evenly spread over more layers.
static constexpr size_t mostPlaces = 32;

namespace {

/// Numbers of the layers that pieces but the first begin with.
using Cuts = llvm::SmallVector<int64_t, 2>;

size_t pieceOf(int64_t layer, const Cuts &cuts) {
  return llvm::count_if(cuts, [&](int64_t first) { return first <= layer; });
}

class Mixer {
public:
  Mixer(ArrayRef<LayeredGroup> groups, double mostBits)
      : groups(groups), mostBits(mostBits) {
    for (const LayeredGroup &group : groups)
      if (group.stack != LayeredGroup::none)
        for (const auto &[number, layer] : group.layers)
          layersOf[group.stack].insert(number);
  }

  /// One stack after the other.
  LayerMix run(unsigned mostPieces);

private:
  const Cuts &cutsOf(const LayeredGroup &group) {
    return group.stack == LayeredGroup::none ? noCuts : cuts[group.stack];
  }
  TypeMix balanced();
  LayerMix spread(const TypeMix &mix);
  void cutStack(int stack, unsigned mostPieces);
  double lossWith(int stack, Cuts these) {
    cuts[stack] = std::move(these);
    return balanced().estimatedLoss();
  }

  ArrayRef<LayeredGroup> groups;
  double mostBits;
  std::map<int, std::set<int64_t>> layersOf; ///< by stack
  std::map<int, Cuts> cuts;
  const Cuts noCuts;
};

} // namespace

/// Of each piece of each group, the best type. Where a piece has none of a
/// group's layers, it is of no weight.
TypeMix Mixer::balanced() {
  std::vector<TypeMix::Group> pieces;
  size_t types = kernel::packedFormats().size();
  for (const LayeredGroup &group : groups) {
    const Cuts &at = cutsOf(group);
    size_t first = pieces.size();
    pieces.resize(first + at.size() + 1,
                  {0, std::vector<double>(types), PackedType::F32});
    for (const auto &[number, layer] : group.layers) {
      TypeMix::Group &piece = pieces[first + pieceOf(number, at)];
      piece.elements += layer.elements;
      for (size_t type = 0; type < types; ++type)
        piece.losses[type] += layer.losses[type];
    }
  }
  TypeMix mix(std::move(pieces));
  [[maybe_unused]] bool fits = mix.balance(mostBits);
  assert(fits && "the narrowest type is within the budget");
  return mix;
}

LayerMix Mixer::spread(const TypeMix &mix) {
  LayerMix result;
  size_t first = 0;
  for (const LayeredGroup &group : groups) {
    const Cuts &at = cutsOf(group);
    std::vector<PackedType> &types = result.types.emplace_back();
    for (const auto &[number, layer] : group.layers)
      types.push_back(mix.groups()[first + pieceOf(number, at)].type);
    first += at.size() + 1;
  }
  result.bits = mix.bits();
  result.loss = mix.estimatedLoss();
  return result;
}

/// Tries every place, and every two places, to cut at.
void Mixer::cutStack(int stack, unsigned mostPieces) {
  std::vector<int64_t> places(std::next(layersOf[stack].begin()),
                              layersOf[stack].end());
  if (places.size() > mostPlaces) {
    size_t step = llvm::divideCeil(places.size(), mostPlaces);
    std::vector<int64_t> some;
    for (size_t at = 0; at < places.size(); at += step)
      some.push_back(places[at]);
    places = std::move(some);
  }
  Cuts best;
  double least = lossWith(stack, {});
  auto attempt = [&](Cuts these) {
    double worth = 1 - worthOfPiece * (these.size() - best.size());
    double loss = lossWith(stack, these);
    if (loss < least * std::min(worth, 1.0)) {
      least = loss;
      best = std::move(these);
    }
  };
  for (size_t a = 0; mostPieces > 1 && a < places.size(); ++a)
    attempt({places[a]});
  for (size_t a = 0; mostPieces > 2 && a < places.size(); ++a)
    for (size_t b = a + 1; b < places.size(); ++b)
      attempt({places[a], places[b]});
  cuts[stack] = best;
}

LayerMix Mixer::run(unsigned mostPieces) {
  for (const auto &[stack, layers] : layersOf)
    cutStack(stack, mostPieces);
  return spread(balanced());
}

LayerMix driver::mixLayers(ArrayRef<LayeredGroup> groups, double mostBits,
                           unsigned mostPieces) {
  return Mixer(groups, mostBits).run(mostPieces);
}
