"""every_constraint.py DIALECT TESTS: compares the constraints numbered in the .td files of a dialect and in VerifyModule.h
with the comments `// nn.op Cn`, `// #nn.attribute Cn`, `// module Mn` of the tests."""
import pathlib
import re
import sys

dialect, *tests = map(pathlib.Path, sys.argv[1:])
prefix = dialect.name

# An op is `def NN_LinearOp : NN_Op<"linear", …>`; one of a class has the class's constraints.
stated, of_class = set(), {}
for source in sorted(dialect.glob("*.td")):
    for start in re.split(r"^(?=(?:def|class) )", source.read_text(), flags=re.M):
        head = re.match(r'(def|class) (\w+)(?:<string opMnemonic.*?>)?\s+: (\w+)<(?:"(\w+)")?', start)
        if not head:
            continue
        kind, name, base, mnemonic = head.groups()
        numbers = re.findall(r"^ *(C\d+)\.", start, flags=re.M)
        if kind == "class":
            of_class[name] = numbers
        elif mnemonic:
            spelled = f"#{prefix}.{mnemonic.lower()}" if base.endswith("_Attr") else f"{prefix}.{mnemonic}"
            stated |= {(spelled, number) for number in numbers + of_class.get(base, [])}

for header in dialect.glob("VerifyModule.h"):
    stated |= {("module", number) for number in re.findall(r"^/// (M\d+)\.", header.read_text(), flags=re.M)}

tested = {match for test in tests
          for match in re.findall(rf"^// (#?{prefix}\.\w+|module) ([CM]\d+)", test.read_text(), flags=re.M)}

for op, number in sorted(stated ^ tested):
    print(f"{op} {number} {'is not stated' if (op, number) in tested else 'has no test'}")
if stated != tested or len(stated) < 10:
    sys.exit(1)
print(f"{len(stated)} constraints, each with a test")
