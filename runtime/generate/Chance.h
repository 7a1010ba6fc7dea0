// How often something of two outcomes happens, as far as it has been seen.
#ifndef HEDDLE_RUNTIME_GENERATE_CHANCE_H
#define HEDDLE_RUNTIME_GENERATE_CHANCE_H

namespace heddle::runtime {

/// What was long ago counts less.
class Chance {
public:
  /// With what is expected before anything has been seen.
  float of(float expected) const {
    constexpr float weight = 2; // of the expectation, in trials
    return (happened + weight * expected) / (tried + weight);
  }

  void tell(bool happens) {
    constexpr float mostKept = 64;
    if (tried >= mostKept)
      forget();
    tried += 1;
    happened += happens ? 1.f : 0.f;
  }

  void forget() { tried /= 2, happened /= 2; }

private:
  float tried = 0, happened = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_CHANCE_H
