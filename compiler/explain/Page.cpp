//===- Page.cpp - one file that a browser shows ---------------------------===//

#include "compiler/explain/Page.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/Compression.h"
#include "llvm/Support/raw_ostream.h"
#include <cassert>

using namespace heddle;
using llvm::StringRef;

// What the build has made of the folder page/.
static constexpr char pageHtml[] =
#include "compiler/explain/page.html.inc"
    ;
static constexpr char pageStyle[] =
#include "compiler/explain/page.css.inc"
    ;
static constexpr char pageScript[] =
#include "compiler/explain/page.js.inc"
    ;

static std::string packed(StringRef text) {
  assert(llvm::compression::zlib::isAvailable() && "LLVM is built with zlib");
  llvm::SmallVector<uint8_t, 0> bytes;
  llvm::compression::zlib::compress(
      llvm::arrayRefFromStringRef(text), bytes,
      llvm::compression::zlib::DefaultCompression);
  return llvm::encodeBase64(bytes);
}

/// Writes the page up to `<!-- NAME -->`, and leaves what is behind it.
static void writeUntil(StringRef name, StringRef &html, llvm::raw_ostream &os) {
  std::string mark = ("<!-- " + name + " -->").str();
  auto [before, after] = html.split(mark);
  assert(before.size() < html.size() && "the page has all its marks");
  os << before;
  html = after;
}

std::string explain::writePage(StringRef title, const Chunks &chunks) {
  std::string page;
  llvm::raw_string_ostream os(page);
  StringRef html(pageHtml, sizeof pageHtml - 1);
  writeUntil("title", html, os);
  llvm::printHTMLEscaped(title, os);
  writeUntil("style", html, os);
  os << "<style>\n" << pageStyle << "</style>";
  writeUntil("data", html, os);
  for (auto &[name, text] : chunks)
    os << "<script type=\"text/plain\" id=\"data-" << name << "\">"
       << packed(text) << "</script>\n";
  writeUntil("script", html, os);
  os << "<script>\n" << pageScript << "</script>" << html;
  return page;
}
