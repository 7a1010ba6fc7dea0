#!/usr/bin/env python3
"""sizes.py ROOT: no source file has more than 450 lines, no function more than 80.

A function's lines are those from its first word to its closing brace, with the lambdas and local classes in it; tables, classes
and namespaces are no functions. sizes.py --self-test shows that it counts so.
"""
import ast
import pathlib
import re
import sys

FILE_LINES, FUNCTION_LINES = 450, 80
ROOMS = ["compiler", "dialects", "runtime", "test", "examples", ".ci"]
SUFFIXES = {".cpp", ".h", ".c", ".in", ".inc", ".td", ".py", ".mlir", ".heddle", ".test", ".txt", ".cmake", ""}
# Not written by hand: the grid of Unicode, data of tests, the parser that tree-sitter generates.
DATA = {"golden", "seeds", "dictionaries", "tree-sitter", "__pycache__"}
# Yet to be shortened: struck from here as they are, and nothing may be added.
LONG_FILES = set()
LONG_FUNCTIONS = set()

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<end>[^(\s]*)\(.*?\)(?P=end)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
SCOPE = re.compile(r'\b(?:namespace|class|struct|union|enum)\b(?![^{]*\)\s*(?:const|noexcept|override|\s)*$)|\bextern\s+s+\s*$')


def blank(text):
    """The text with comments and literals blanked out, and lines of the preprocessor."""
    text = TOKEN.sub(lambda found: re.sub(r"[^\n]", " " if found[0][0] == "/" else "s", found[0]), text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda found: re.sub(r"[^\n]", " ", found[0]), text, flags=re.M)


def closing(text, start):
    """Where the brace that opens at `start` is closed."""
    depth = 0
    for brace in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return len(text) - 1


def is_function(head):
    """Whether what stands before a brace, outside of functions, is a function's head and not a table's."""
    depth, seen_call = 0, False
    for index, char in enumerate(head):
        depth += (char in "([") - (char in ")]")
        if char == "(":
            seen_call = True
        if char == "=" and depth == 0 and not re.search(r"operator\s*[=!<>+*/-]*$", head[:index]):
            return False
    return seen_call


def cpp_functions(text):
    """(name, first line, lines) of every function of a C or C++ file."""
    text = blank(text)
    position, head = 0, 0
    for mark in iter(lambda: re.compile(r"[{};]").search(text, position), None):
        position = mark.end()
        if mark[0] != "{":
            head = position
            continue
        before = text[head:mark.start()]
        if SCOPE.search(before) and not is_function(re.sub(r"(alignas|__attribute__)\s*\(.*?\)", "", before)):
            head = position
            continue
        end = closing(text, mark.start())
        position = end + 1
        # `Name(…) : member{…}, other(…) {`: braces of members come before the body.
        if re.search(r"\)\s*(?:noexcept\s*)?:[^:]", before) and re.search(r"[\w>]\s*$", before) and not before.rstrip().endswith(")"):
            continue
        if is_function(before):
            begin = head + len(before) - len(before.lstrip())
            name = re.search(r"([\w:~]+|operator\S+)\s*\(", before)
            lines = text.count("\n", begin, end) + 1
            yield (name[1] if name else before.strip(), text.count("\n", 0, begin) + 1, lines)
        head = position


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def functions(path, text):
    if path.suffix in {".cpp", ".h", ".c"}:
        return cpp_functions(text)
    if path.suffix == ".py" or text.startswith("#!/usr/bin/env python3"):
        return python_functions(text)
    return []


def sources(root):
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and not DATA & set(path.relative_to(root).parts):
                yield path


def check(root):
    problems, files, count = [], 0, 0
    long_files, long_functions = set(), set()
    for path in sources(root):
        name, text = str(path.relative_to(root)), path.read_text(encoding="utf-8")
        files += 1
        lines = text.count("\n")
        if lines > FILE_LINES:
            long_files.add(name)
            if name not in LONG_FILES:
                problems.append(f"{name}: found {lines} lines, needed at most {FILE_LINES}: split it by subject")
        for function, line, lines in functions(path, text):
            count += 1
            if lines > FUNCTION_LINES:
                long_functions.add((name, function))
                if (name, function) not in LONG_FUNCTIONS:
                    problems.append(f"{name}:{line}: {function} has {lines} lines, needed at most {FUNCTION_LINES}")
    for name in sorted(LONG_FILES - long_files) + sorted(" ".join(pair) for pair in LONG_FUNCTIONS - long_functions):
        print(f"note: {name} is short now; strike it from {sys.argv[0]}")
    for problem in problems:
        print(problem)
    print(f"{files} files and {count} functions, {'too long in places' if problems else 'none too long'}")
    return 1 if problems else 0


SAMPLE = r'''
#define MACRO(x) { \
  x }
namespace a {
extern "C" {
int c() { return 1; }
}
struct S : Base {
  S() : one{1}, two(2) {
    three();
  }
  bool operator==(const S &other) const {
    return true;
  }
  int x = 3;
};
static const int table[] = {
    1,
    2};
static const Flag flags[] = {
    {"-o", [](int v) {
       return "}" + v;
     }},
};
enum class E { A, B };
/// A comment with { in it.
template <typename T>
struct Pair f(struct stat *status,
              T b) {
  auto g = [&] {
    return '}';
  };
  const char *text = R"(
}
)";
}
TEST_F(Fixture, Name) { f(); }
}
'''


def self_test():
    found = [(name, lines) for name, _, lines in cpp_functions(SAMPLE)]
    needed = [("c", 1), ("S", 3), ("operator==", 3), ("f", 10), ("TEST_F", 1)]
    if found != needed:
        sys.exit(f"found {found}, needed {needed}")
    print("counts as it should")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        sys.exit(check(pathlib.Path(sys.argv[1]).resolve()))
