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

/// What a model has to have for a function to be of use.
enum class Need { Nothing, Tokenizer, Generating, Vectors, Template, Chat };

/// A function that passes its arguments on to one of the runtime's. Types: p
/// pointer, l int64_t, i int32_t, d double, v void; the first letter is the
/// result's.
struct Forward {
  llvm::StringLiteral name, types;
  Need need;
};

/// A function of the runtime in heddle_interface.
struct InterfaceMember {
  llvm::StringLiteral runtimeName;
  size_t offset;
  Need need;
};

} // namespace

static constexpr Forward forwards[] = {
    {"last_error", "p", Need::Nothing},
    {"use_huge_pages", "ip", Need::Nothing},
    {"profile_start", "ip", Need::Nothing},
    {"profile_write", "ipp", Need::Nothing},
    {"close", "vp", Need::Nothing},
    {"describe", "ipp", Need::Nothing},
    {"session_close", "vp", Need::Nothing},
    {"session_length", "lpl", Need::Nothing},
    {"session_rewind", "ipll", Need::Nothing},
    {"tokenize", "lpplipl", Need::Tokenizer},
    {"detokenize", "lpplpl", Need::Tokenizer},
    {"tokenize_pair", "lpplplippl", Need::Tokenizer},
    {"detokenize_special", "lpplpl", Need::Tokenizer},
    {"generate", "ipppp", Need::Generating},
    {"describe_generation", "ipp", Need::Generating},
    {"embed", "iplppp", Need::Vectors},
    {"similarity", "dpppl", Need::Vectors},
    {"chat_render", "lppppl", Need::Template},
    {"chat_answer", "ipppppp", Need::Chat},
};

#define MEMBER(NAME, NEED)                                                     \
  {"heddle_" #NAME, offsetof(heddle_interface, NAME), Need::NEED}
static constexpr InterfaceMember members[] = {
    MEMBER(last_error, Nothing),      MEMBER(open, Nothing),
    MEMBER(use_huge_pages, Nothing),  MEMBER(profile_start, Nothing),
    MEMBER(profile_write, Nothing),   MEMBER(close, Nothing),
    MEMBER(describe, Nothing),        MEMBER(describe_size, Nothing),
    MEMBER(describe_entry, Nothing),  MEMBER(describe_input, Nothing),
    MEMBER(describe_output, Nothing), MEMBER(session_open, Nothing),
    MEMBER(session_close, Nothing),   MEMBER(session_length, Nothing),
    MEMBER(session_rewind, Nothing),  MEMBER(entry_named, Nothing),
    MEMBER(entry_at, Nothing),        MEMBER(call, Nothing),
    MEMBER(output_elements, Nothing), MEMBER(output_shape, Nothing),
    MEMBER(tokenize, Tokenizer),      MEMBER(tokenize_pair, Tokenizer),
    MEMBER(detokenize, Tokenizer),    MEMBER(detokenize_special, Tokenizer),
    MEMBER(generate, Generating),     MEMBER(describe_generation, Generating),
    MEMBER(embed, Vectors),           MEMBER(embedding_width, Vectors),
    MEMBER(similarity, Vectors),      MEMBER(chat_render, Template),
    MEMBER(chat_answer, Chat),
};
#undef MEMBER
static_assert(offsetof(heddle_interface, last_error) +
                      std::size(members) * sizeof(void *) ==
                  sizeof(heddle_interface),
              "every function of heddle_interface is listed");

bool codegen::isInterfaceName(llvm::StringRef entry) {
  auto isNamed = [&](const Forward &forward) { return forward.name == entry; };
  return entry == "open" || entry == "session_open" || entry == "interface" ||
         llvm::any_of(forwards, isNamed);
}

bool codegen::generatesText(const Program &program) {
  return program.hasTokenizer &&
         llvm::any_of(program.entries, [](const ProgramEntry &entry) {
           return entry.generates != GenerateRole::None;
         });
}

bool codegen::writesConversations(const Program &program) {
  return program.hasTokenizer && program.chat;
}

bool codegen::answersConversations(const Program &program) {
  // A model that reads each prompt as a whole does not go on with one.
  auto readsPrompts = [](const ProgramEntry &entry) {
    return entry.generates == GenerateRole::Before;
  };
  return writesConversations(program) && generatesText(program) &&
         llvm::none_of(program.entries, readsPrompts);
}

/// Token ids, one row a text, in and one vector a row out, as
/// runtime/TextUse.cpp has it.
bool codegen::givesVectors(const ProgramEntry &entry) {
  if (entry.generates != GenerateRole::None || entry.inputs.empty() ||
      entry.outputs.size() != 1)
    return false;
  const ProgramValue &ids = entry.inputs[0], &vectors = entry.outputs[0];
  auto hasDefault = [](const ProgramValue &input) {
    return input.defaultValue.has_value();
  };
  return ids.type == ElementType::I32 && ids.dims.size() == 2 &&
         ids.indexBound &&
         llvm::all_of(llvm::drop_begin(entry.inputs), hasDefault) &&
         vectors.type == ElementType::F32 && vectors.dims.size() == 2 &&
         vectors.dims[1].asConstant();
}

bool codegen::embedsTexts(const Program &program) {
  return program.hasTokenizer && llvm::any_of(program.entries, givesVectors);
}

static bool isMet(Need need, const Program &program) {
  switch (need) {
  case Need::Nothing:
    return true;
  case Need::Tokenizer:
    return program.hasTokenizer;
  case Need::Generating:
    return generatesText(program);
  case Need::Vectors:
    return embedsTexts(program);
  case Need::Template:
    return writesConversations(program);
  case Need::Chat:
    return answersConversations(program);
  }
  llvm_unreachable("all needs are listed");
}

std::vector<std::string> codegen::interfaceSymbols(const Program &program) {
  std::vector<std::string> symbols = {program.name + "_open",
                                      program.name + "_session_open",
                                      program.name + "_interface"};
  for (const Forward &forward : forwards)
    if (isMet(forward.need, program))
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
  void interface();
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
    case 'd':
      return builder.getDoubleTy();
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
  tailCall(("heddle_" + forward.name).str(), forward.types,
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

/// A constant heddle_interface, and the function that returns it.
void InterfaceEmitter::interface() {
  llvm::SmallVector<llvm::Constant *> fields(
      sizeof(heddle_interface) / sizeof(void *) - 1,
      llvm::ConstantPointerNull::get(builder.getPtrTy()));
  static_assert(offsetof(heddle_interface, program) == sizeof(void *));
  // Behind version and bytes.
  fields[0] = emitted.descriptor;
  auto *anyType = llvm::FunctionType::get(builder.getVoidTy(), false);
  for (const InterfaceMember &member : members)
    if (isMet(member.need, program))
      fields[member.offset / sizeof(void *) - 1] = llvm::cast<llvm::Constant>(
          module.getOrInsertFunction(member.runtimeName, anyType).getCallee());
  fields.insert(fields.begin(), {builder.getInt32(HEDDLE_INTERFACE_VERSION),
                                 builder.getInt32(sizeof(heddle_interface))});
  llvm::Constant *data = llvm::ConstantStruct::getAnon(fields);
  auto *table =
      new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true,
                               llvm::GlobalValue::PrivateLinkage, data);
  llvm::Function *function = begin("interface", signature("p"));
  builder.CreateRet(table);
  // Of an object file that is linked with those of other models it is not one
  // name too many.
  llvm::GlobalAlias::create(function->getValueType(), 0,
                            llvm::GlobalValue::WeakAnyLinkage, libraryInterface,
                            function, &module);
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
    if (isMet(forward.need, program))
      emitter.forward(forward);
  emitter.interface();
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
