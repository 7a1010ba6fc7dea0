//===- Bench.cpp - heddle bench -------------------------------------------===//

#include "compiler/driver/Bench.h"
#include "compiler/files/Message.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace heddle;

int driver::bench(const Arguments &arguments) {
  std::string command = "bench";
  std::vector<char *> words = {const_cast<char *>(arguments.model.c_str()),
                               command.data()};
  for (const std::string &argument : arguments.programArguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  execv(arguments.model.c_str(), words.data());
  files::printMessage(llvm::errs(), files::Severity::Error,
                      arguments.model + ": " + std::strerror(errno) +
                          "; needed a program, as heddle build makes it");
  return 1;
}
