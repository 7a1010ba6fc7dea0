//===- EmitInterface.cpp - the functions of the C interface ---------------===//

#include "compiler/codegen/Interface.h"
#include "runtime/abi.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace heddle;
using namespace heddle::codegen;

//===----------------------------------------------------------------------===//
// The description
//===----------------------------------------------------------------------===//

namespace {

/// A function that passes its arguments on to one of the runtime's. Types: p
/// pointer, l int64_t, i int32_t, v void; the first letter is the result's.
struct Forward {
  llvm::StringLiteral name, runtimeName, types;
  enum { Always, WithTokenizer, WhenGenerating } when;
};

} // namespace

static constexpr Forward forwards[] = {
    {"last_error", "heddle_last_error", "p", Forward::Always},
    {"use_huge_pages", "heddle_use_huge_pages", "ip", Forward::Always},
    {"close", "heddle_close", "vp", Forward::Always},
    {"session_close", "heddle_session_close", "vp", Forward::Always},
    {"session_length", "heddle_session_length", "lpl", Forward::Always},
    {"session_rewind", "heddle_session_rewind", "ipll", Forward::Always},
    {"tokenize", "heddle_tokenize", "lpplipl", Forward::WithTokenizer},
    {"detokenize", "heddle_detokenize", "lpplpl", Forward::WithTokenizer},
    {"tokenize_pair", "heddle_tokenize_pair", "lpplplippl",
     Forward::WithTokenizer},
    {"detokenize_special", "heddle_detokenize_special", "lpplpl",
     Forward::WithTokenizer},
    {"generate", "heddle_generate", "ipppp", Forward::WhenGenerating},
};

bool codegen::isInterfaceName(llvm::StringRef entry) {
  auto isNamed = [&](const Forward &forward) { return forward.name == entry; };
  return entry == "open" || entry == "session_open" ||
         llvm::any_of(forwards, isNamed);
}

bool codegen::generatesText(const Program &program) {
  return program.hasTokenizer &&
         llvm::any_of(program.entries, [](const ProgramEntry &entry) {
           return entry.generates != GenerateRole::None;
         });
}

static bool isPresent(const Forward &forward, const Program &program) {
  switch (forward.when) {
  case Forward::Always:
    return true;
  case Forward::WithTokenizer:
    return program.hasTokenizer;
  case Forward::WhenGenerating:
    return generatesText(program);
  }
  llvm_unreachable("all kinds are listed");
}

std::vector<std::string> codegen::interfaceSymbols(const Program &program) {
  std::vector<std::string> symbols = {program.name + "_open",
                                      program.name + "_session_open"};
  for (const Forward &forward : forwards)
    if (isPresent(forward, program))
      symbols.push_back(program.name + "_" + forward.name.str());
  for (const ProgramEntry &entry : program.entries)
    symbols.push_back(program.name + "_" + entry.name);
  return symbols;
}

static llvm::StringRef cType(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "float";
  case ElementType::BF16:
  case ElementType::F16:
    return "uint16_t";
  case ElementType::I32:
    return "int32_t";
  case ElementType::I64:
    return "int64_t";
  case ElementType::I8:
    return "int8_t";
  case ElementType::Bool:
    return "uint8_t";
  }
  llvm_unreachable("all element types are listed");
}

/// heddle_call's rule: the sizes named in the inputs, other than the row size
/// and sizes that accumulate.
static std::vector<const ProgramSize *>
givenLengths(const Program &program, const ProgramEntry &entry) {
  std::vector<const ProgramSize *> lengths;
  for (const ProgramSize &size : program.sizes) {
    if (size.name == program.rowSize || !size.growsBy.empty())
      continue;
    auto namesIt = [&](const nn::SizeExpr &dim) {
      return llvm::is_contained(dim.names(), size.name);
    };
    if (llvm::any_of(entry.inputs, [&](const ProgramValue &input) {
          return llvm::any_of(input.dims, namesIt);
        }))
      lengths.push_back(&size);
  }
  return lengths;
}

/// A model's names are free to be C's or C++'s words, or the interface's own.
static std::string cName(llvm::StringRef name) {
  static const llvm::StringSet<> taken = {
      "session", "session_rows",
      // What a model file can call an input, of the words of C and C++.
      "alignas", "alignof", "and", "asm", "auto", "bool", "break", "case",
      "catch", "char", "class", "const", "constexpr", "continue", "default",
      "delete", "do", "double", "else", "enum", "explicit", "export", "extern",
      "false", "float", "for", "friend", "goto", "if", "inline", "int", "long",
      "mutable", "namespace", "new", "not", "nullptr", "operator", "or",
      "private", "protected", "public", "register", "requires", "restrict",
      "return", "short", "signed", "sizeof", "static", "struct", "switch",
      "template", "this", "throw", "true", "try", "typedef", "typename",
      "union", "unsigned", "using", "virtual", "void", "volatile", "while",
      "xor"};
  return taken.contains(name) ? (name + "_").str() : name.str();
}

EntrySignature codegen::entrySignature(const Program &program,
                                       const ProgramEntry &entry) {
  EntrySignature signature;
  auto add = [&](llvm::StringRef type, llvm::StringRef name) {
    signature.parameters.push_back({type.str(), name.str()});
  };
  add(program.name + "_session *", "session");
  signature.hasRows = !program.rowSize.empty();
  if (signature.hasRows)
    add("int64_t ", program.rowSize);
  signature.lengths = givenLengths(program, entry);
  for (const ProgramSize *size : signature.lengths)
    add(size->per.empty() ? "int64_t " : "const int64_t *", size->name);
  signature.hasSessionRows = signature.hasRows && !program.caches.empty();
  if (signature.hasSessionRows)
    add("const int64_t *", "session_rows");
  for (const ProgramValue &input : entry.inputs)
    add(("const " + cType(input.type) + " *").str(), cName(input.name));
  for (const ProgramValue &output : entry.outputs)
    add((cType(output.type) + " *").str(), cName(output.name));
  return signature;
}

//===----------------------------------------------------------------------===//
// The functions
//===----------------------------------------------------------------------===//

namespace {

class InterfaceEmitter {
public:
  InterfaceEmitter(llvm::Module &module, const Program &program,
                   const EmittedProgram &emitted)
      : module(module), program(program), emitted(emitted),
        builder(module.getContext()) {}

  void forward(const Forward &forward);
  void open();
  void sessionOpen();
  void entry(const ProgramEntry &entry, llvm::Constant *descriptor);

private:
  llvm::FunctionType *signature(llvm::StringRef types);
  llvm::Function *begin(llvm::StringRef name, llvm::FunctionType *type);
  void tailCall(llvm::StringRef runtimeName, llvm::StringRef types,
                llvm::ArrayRef<llvm::Value *> arguments);
  llvm::Value *structOf(llvm::ArrayRef<llvm::Value *> fields);
  llvm::Value *null() {
    return llvm::ConstantPointerNull::get(builder.getPtrTy());
  }

  llvm::Module &module;
  const Program &program;
  const EmittedProgram &emitted;
  llvm::IRBuilder<> builder;
};

} // namespace

llvm::FunctionType *InterfaceEmitter::signature(llvm::StringRef types) {
  auto toType = [&](char letter) -> llvm::Type * {
    switch (letter) {
    case 'p':
      return builder.getPtrTy();
    case 'l':
      return builder.getInt64Ty();
    case 'i':
      return builder.getInt32Ty();
    default:
      return builder.getVoidTy();
    }
  };
  return llvm::FunctionType::get(
      toType(types.front()), llvm::map_to_vector(types.drop_front(), toType),
      /*isVarArg=*/false);
}

llvm::Function *InterfaceEmitter::begin(llvm::StringRef name,
                                        llvm::FunctionType *type) {
  auto *function =
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                             program.name + "_" + name, &module);
  builder.SetInsertPoint(
      llvm::BasicBlock::Create(module.getContext(), "", function));
  return function;
}

void InterfaceEmitter::tailCall(llvm::StringRef runtimeName,
                                llvm::StringRef types,
                                llvm::ArrayRef<llvm::Value *> arguments) {
  llvm::CallInst *call = builder.CreateCall(
      module.getOrInsertFunction(runtimeName, signature(types)), arguments);
  if (call->getType()->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
}

/// The address of a struct (or array) on the stack with these fields; null if
/// there are none.
llvm::Value *InterfaceEmitter::structOf(llvm::ArrayRef<llvm::Value *> fields) {
  if (fields.empty())
    return null();
  auto *type = llvm::StructType::get(
      module.getContext(), llvm::map_to_vector(fields, [](llvm::Value *field) {
        return field->getType();
      }));
  llvm::Value *address = builder.CreateAlloca(type);
  for (auto [index, field] : llvm::enumerate(fields))
    builder.CreateStore(field, builder.CreateStructGEP(type, address, index));
  return address;
}

void InterfaceEmitter::forward(const Forward &forward) {
  llvm::Function *function = begin(forward.name, signature(forward.types));
  tailCall(forward.runtimeName, forward.types,
           llvm::map_to_vector(function->args(),
                               [](llvm::Argument &argument) -> llvm::Value * {
                                 return &argument;
                               }));
}

void InterfaceEmitter::open() {
  llvm::Function *function = begin("open", signature("ppi"));
  static_assert(sizeof(heddle_open_options) == 16, "open() fills every field");
  llvm::Value *options =
      structOf({function->getArg(0), function->getArg(1), builder.getInt32(0)});
  tailCall("heddle_open", "ppp", {emitted.descriptor, options});
}

void InterfaceEmitter::sessionOpen() {
  llvm::Function *function = begin("session_open", signature("pplll"));
  static_assert(sizeof(heddle_session_options) == 24,
                "sessionOpen() fills every field");
  llvm::Value *options =
      structOf({function->getArg(1), function->getArg(2), function->getArg(3)});
  tailCall("heddle_session_open", "ppp", {function->getArg(0), options});
}

void InterfaceEmitter::entry(const ProgramEntry &entry,
                             llvm::Constant *descriptor) {
  EntrySignature entryTypes = entrySignature(program, entry);
  std::string types = "i";
  for (const InterfaceParameter &parameter : entryTypes.parameters)
    types += parameter.type.back() == '*' ? 'p' : 'l';
  llvm::Function *function = begin(entry.name, signature(types));
  auto *argument = function->arg_begin();
  for (const InterfaceParameter &parameter : entryTypes.parameters)
    (argument++)->setName(parameter.name);

  argument = function->arg_begin();
  llvm::Value *session = argument++;
  llvm::Value *rows = entryTypes.hasRows
                          ? argument++
                          : static_cast<llvm::Value *>(builder.getInt64(1));
  llvm::SmallVector<llvm::Value *> lengths, inputs, outputs;
  for (const ProgramSize *size : entryTypes.lengths) {
    llvm::Value *length = argument++;
    lengths.push_back(size->per.empty() ? structOf(length) : length);
  }
  llvm::Value *sessionRows = entryTypes.hasSessionRows ? argument++ : null();
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    inputs.push_back(argument++);
  for (size_t i = 0; i < entry.outputs.size(); ++i)
    outputs.push_back(argument++);
  tailCall("heddle_call", "ipplpppp",
           {session, descriptor, rows, structOf(lengths), sessionRows,
            structOf(inputs), structOf(outputs)});
}

void codegen::emitInterface(llvm::Module &module, const Program &program,
                            const EmittedProgram &emitted) {
  InterfaceEmitter emitter(module, program, emitted);
  emitter.open();
  emitter.sessionOpen();
  for (const Forward &forward : forwards)
    if (isPresent(forward, program))
      emitter.forward(forward);
  for (auto [entry, descriptor] :
       llvm::zip_equal(program.entries, emitted.entries))
    emitter.entry(entry, descriptor);
}

void codegen::emitMain(llvm::Module &module, const EmittedProgram &emitted) {
  llvm::IRBuilder<> builder(module.getContext());
  auto *type = llvm::FunctionType::get(
      builder.getInt32Ty(), {builder.getInt32Ty(), builder.getPtrTy()}, false);
  auto *main = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                      "main", &module);
  builder.SetInsertPoint(
      llvm::BasicBlock::Create(module.getContext(), "", main));
  auto *runtimeType = llvm::FunctionType::get(
      builder.getInt32Ty(),
      {builder.getPtrTy(), builder.getInt32Ty(), builder.getPtrTy()}, false);
  builder.CreateRet(builder.CreateCall(
      module.getOrInsertFunction("heddle_main", runtimeType),
      {emitted.descriptor, main->getArg(0), main->getArg(1)}));
}
