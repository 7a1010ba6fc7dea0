// The packed weights file of a program: found, mapped, and checked before any
// of its bytes is believed.
#ifndef HEDDLE_RUNTIME_WEIGHTS_H
#define HEDDLE_RUNTIME_WEIGHTS_H

#include "runtime/Memory.h"
#include "runtime/Threads.h"
#include "runtime/abi.h"

namespace heddle::runtime {

class Weights {
public:
  /// Maps the weights of `program` from `path`, or if that is null from where
  /// heddle_open_options.weights says. Checks the header, every bound, the
  /// program's fingerprint, and the checksums of all but the tensors.
  heddle_status open(const heddle_program &program, const char *path);
  /// The same of a draft's, which lie behind those of its model. They stay
  /// open as long as those do.
  heddle_status openBehind(const Weights &model, const heddle_program &program);

  /// Reads every byte of the tensors and compares the checksum.
  heddle_status checkTensors() const;

  /// Reads a byte of every page, so that no later call waits for the disk.
  void touchPages() const;

  /// Copies the tensors into huge pages of this process, on all threads. No
  /// call may run.
  heddle_status useHugePages(ThreadPool &threads);

  /// The weight slot table of heddle_frame.
  const void *const *slots() const { return pointers.data(); }

  /// The tables of runtime/text; null if the model has no tokenizer.
  const void *tokenizer() const;
  int64_t tokenizerBytes() const;

  /// The checksum of the file's header, which has those of all its sections: no
  /// other weights have it. 0 if the program needs none.
  uint64_t identity() const { return header ? header->header_checksum : 0; }

  /// The file that was opened; empty if the program needs none.
  const char *path() const { return fileName; }
  int64_t bytes() const { return packedBytes; }
  int64_t tensorBytes() const { return tensors ? tensors->bytes : 0; }

private:
  heddle_status mapFile(const char *path, bool needed);
  heddle_status take(const uint8_t *bytes, int64_t count);
  heddle_status checkHeader();
  heddle_status checkSections();
  heddle_status readSlots();
  const heddle_section *find(const char *name) const;
  heddle_status checkChecksum(const heddle_section &section) const;

  const heddle_program *program = nullptr;
  FileMapping mapping;             // empty: it lies in another one's
  const uint8_t *packed = nullptr; // where the header begins,
  int64_t packedBytes = 0;         // and what is there from it on
  Region copy; // of the tensors, if they were to lie in huge pages
  const heddle_file_header *header = nullptr;
  const heddle_section *sections = nullptr;
  const heddle_section *tensors = nullptr, *tokenizerTables = nullptr;
  Array<const void *> pointers;
  char fileName[4096] = "";
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_WEIGHTS_H
