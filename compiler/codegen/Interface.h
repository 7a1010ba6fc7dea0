//===- Interface.h - the C interface of one compiled model ----------------===//
//
// A compiled model exports plain C functions under its own name: gpt2_open,
// gpt2_session_open, gpt2_<entry>, … They are thin over runtime/heddle.h, whose
// own symbols stay hidden, so that two models can live in one process.
// emitInterface makes the functions, writeHeader the header that declares and
// documents them; both walk the same description, so they cannot disagree.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_INTERFACE_H
#define HEDDLE_COMPILER_CODEGEN_INTERFACE_H

#include "compiler/codegen/EmitProgram.h"
#include "compiler/codegen/Program.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace heddle::codegen {

/// One parameter of a function of the interface.
struct InterfaceParameter {
  /// C declaration without the name: "const int32_t *".
  std::string type;
  std::string name;
};

/// How the arguments of an entry's function become those of heddle_call.
struct EntrySignature {
  std::vector<InterfaceParameter> parameters;
  /// Sizes that the caller gives, in order of declaration; ragged ones as an
  /// array, others by value.
  std::vector<const ProgramSize *> lengths;
  bool hasRows = false, hasSessionRows = false;
};

EntrySignature entrySignature(const Program &program,
                              const ProgramEntry &entry);

/// What a shared library calls NAME_interface besides, for hosts that know its
/// path alone.
inline constexpr llvm::StringLiteral libraryInterface =
    "heddle_model_interface";

/// Every symbol that a library of this model exports.
std::vector<std::string> interfaceSymbols(const Program &program);

/// Whether the interface has a function of this name besides the entries.
bool isInterfaceName(llvm::StringRef entry);

/// Whether the interface has NAME_generate.
bool generatesText(const Program &program);

/// Whether the interface has NAME_chat_render, and NAME_chat_answer.
bool writesConversations(const Program &program);
bool answersConversations(const Program &program);

/// Whether the interface has NAME_embed, and an entry makes its vectors.
bool embedsTexts(const Program &program);
bool givesVectors(const ProgramEntry &entry);

void emitInterface(llvm::Module &module, const Program &program,
                   const EmittedProgram &emitted);

/// `int main(int argc, char **argv)`: the compiled program's command line.
void emitMain(llvm::Module &module, const EmittedProgram &emitted);

void writeHeader(const Program &program, llvm::raw_ostream &os);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_INTERFACE_H
