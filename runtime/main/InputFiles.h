// The files of one input of an entry: an array, or pictures, or sounds.
#ifndef HEDDLE_RUNTIME_MAIN_INPUTFILES_H
#define HEDDLE_RUNTIME_MAIN_INPUTFILES_H

#include "runtime/abi.h"
#include "runtime/main/Npy.h"
#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// What `--in` names, once or several times: one .npy file, or where the input
/// takes pictures or sound, as many as it has rows.
class InputFiles {
public:
  InputFiles() = default;
  InputFiles(const InputFiles &) = delete;
  InputFiles &operator=(const InputFiles &) = delete;
  ~InputFiles();

  bool empty() const { return paths.empty(); }
  const text::Buffer<const char *> &all() const { return paths; }
  /// A file, or a folder, which stands for what it holds of them, by their
  /// names.
  heddle_status add(const char *path);

  // Notes the reason of a failure.
  heddle_status read(const heddle_program &program, const heddle_value &input,
                     int64_t mostElements, NpyArray &array) const;

private:
  heddle_status addFolder(const char *path);
  heddle_status readEach(heddle_reader reader, const void *steps,
                         const heddle_value &input, int64_t mostElements,
                         NpyArray &array) const;

  text::Buffer<const char *> paths;
  text::Buffer<char *> owned; // those of folders
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_INPUTFILES_H
