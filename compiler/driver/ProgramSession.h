//===- ProgramSession.h - calling a program that is loaded ------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_DRIVER_PROGRAMSESSION_H
#define HEDDLE_COMPILER_DRIVER_PROGRAMSESSION_H

#include "compiler/driver/LoadedProgram.h"
#include "runtime/observe.h"

namespace heddle::driver {

/// An open model and a session of it, as a host has them (runtime/heddle.h).
/// Every step fails after it has said why.
class ProgramSession {
public:
  /// `rows` rows of up to `context` positions each, `tokens` of them in one
  /// call. The program must outlive this.
  static llvm::FailureOr<ProgramSession> open(const LoadedProgram &program,
                                              int64_t rows, int64_t tokens,
                                              int64_t context);
  ProgramSession(ProgramSession &&other);
  ~ProgramSession();

  const codegen::Program &program() const { return loaded->program(); }

  /// Calls an entry that reads token ids and else only what has a default:
  /// `ids` of all rows, of which row b has lengths[b]. `outputs` have room.
  llvm::LogicalResult call(const codegen::ProgramEntry &entry,
                           llvm::ArrayRef<int64_t> lengths,
                           llvm::ArrayRef<int32_t> ids,
                           llvm::ArrayRef<float *> outputs);

  /// Who is told what the products of a call are given; the program observes
  /// them (pipeline::Options::observesInputs).
  void observeInputs(heddle_observer *observer, void *context);

  /// All rows begin anew.
  llvm::LogicalResult rewind();

  /// The tokens of a text, with special ones around it unless it is `plain`.
  /// Fails where the program has no tokenizer, too.
  llvm::FailureOr<std::vector<int32_t>> tokenize(llvm::StringRef text,
                                                 bool plain);
  /// What the ids stand for; empty where the program has no tokenizer.
  std::string textOf(llvm::ArrayRef<int32_t> ids);

private:
  ProgramSession(const LoadedProgram &loaded, int64_t rows)
      : loaded(&loaded), rows(rows) {}
  /// A function of the model's interface, `NAME_open` say; null if it has none.
  template <typename Function> Function *function(llvm::StringRef name) const;
  llvm::LogicalResult failWithReason(llvm::StringRef doing) const;

  const LoadedProgram *loaded;
  int64_t rows;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_PROGRAMSESSION_H
