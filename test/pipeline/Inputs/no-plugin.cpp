// A library without passes; with PLUGIN one that MLIR would load, with BUILD
// one that says what it was compiled for.
#include <cstdint>
#include <cstdlib>

struct Info {
  uint32_t version;
  const char *name, *pluginVersion;
  void (*registerPasses)();
};

#ifdef PLUGIN
extern "C" Info mlirGetPassPluginInfo() {
  return {1, "other", "1", [] {}};
}

// Nobody loads it.
[[gnu::constructor]] static void goWrong() { std::abort(); }
#endif

#ifdef BUILD
extern "C" const char heddlePluginBuild[] = BUILD;
#endif
