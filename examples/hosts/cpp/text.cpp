// text PROMPT: writes on from a prompt, token by token.
#include "writer.h"
#include <heddle.hpp>
#include <iostream>

int main(int argc, char **argv) try {
  std::string prompt = argc > 1 ? argv[1] : "And God said";
  heddle::Model model(writer_interface());
  heddle::Session session = model.openSession({.rows = 1});
  std::cout << prompt;
  session.generate(prompt, {.max_tokens = 24, .temperature = -1},
                   [](const heddle::Token &token) { std::cout << token.text << std::flush; });
  std::cout << '\n';
} catch (const heddle::Error &error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
