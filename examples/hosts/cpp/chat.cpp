// chat: a conversation; each line of standard input is a turn.
#include "talker.h"
#include <heddle.hpp>
#include <iostream>

int main() try {
  heddle::Model model(talker_interface());
  heddle::Session session = model.openSession({.rows = 1});
  std::vector<heddle::Message> messages;
  for (std::string line; std::getline(std::cin, line);) {
    messages.push_back({"user", line});
    // What the session has read of the conversation is not read again.
    std::string answer = session.chat(messages, {.max_tokens = 16, .temperature = -1},
                                      [](const heddle::Token &token) { std::cout << token.text << std::flush; });
    std::cout << '\n';
    messages.push_back({"assistant", answer});
  }
} catch (const heddle::Error &error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
