// A library without passes; with VERSION one for another version of MLIR.
#include <cstdint>

struct Info {
  uint32_t version;
  const char *name, *pluginVersion;
  void (*registerPasses)();
};

#ifdef VERSION
extern "C" Info mlirGetPassPluginInfo() {
  return {VERSION, "other", "1", [] {}};
}
#endif
