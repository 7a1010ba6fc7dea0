"""python_structs.py ROOT CC FOLDER: the structs of runtime/python lie in memory as runtime/heddle.h has them, field by field."""
import ctypes
import pathlib
import re
import subprocess
import sys

root, compiler, folder = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
sys.path.insert(0, str(root / "runtime/python"))
from heddle import _interface  # noqa: E402

header = re.sub(r"/\*.*?\*/", "", (root / "runtime/heddle.h").read_text(encoding="utf-8"), flags=re.S)
declared = set(re.findall(r"^} (heddle_\w+);", header, flags=re.M))
enums = set(re.findall(r"typedef enum (\w+)", header))
assert declared - enums == set(_interface.STRUCTS), declared - enums ^ set(_interface.STRUCTS)
version = re.search(r"#define HEDDLE_INTERFACE_VERSION (\d+)", header)[1]
assert int(version) == _interface.VERSION, version

lines = []
for name, struct in _interface.STRUCTS.items():
    lines += [f'printf("{name} %zu\\n", sizeof({name}));']
    lines += [f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));'
              for field, _ in struct._fields_]
program = folder / "structs.c"
program.write_text('#include "runtime/heddle.h"\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n'
                   + "\n".join(lines) + "\nreturn 0;\n}\n")
subprocess.run([compiler, f"-I{root}", program, "-o", folder / "structs"], check=True)
needed = subprocess.run([folder / "structs"], check=True, capture_output=True, text=True).stdout.splitlines()

found = []
for name, struct in _interface.STRUCTS.items():
    found.append(f"{name} {ctypes.sizeof(struct)}")
    found += [f"{name}.{field} {getattr(struct, field).offset} {getattr(struct, field).size}" for field, _ in struct._fields_]
for one, other in zip(found, needed, strict=True):
    assert one == other, f"found {one}, needed {other}"

# Of a struct that has room at its end, the header might have a field more; and names of a function are not in its offset.
for name, struct in _interface.STRUCTS.items():
    body = re.search(rf"typedef struct {name} {{(.*?)^}} {name};", header, flags=re.S | re.M)[1]
    fields = []
    for declaration in body.split(";")[:-1]:
        if function := re.search(r"\(\*(\w+)\)\(", declaration):
            fields.append(function[1])
        else:
            fields += re.findall(r"(\w+)(?:\[\w+\])?(?=,|$)", declaration.strip())
    assert fields == [field for field, _ in struct._fields_], (name, fields)
functions = set(re.findall(r"HEDDLE_API [\w ]+?[ *]+heddle_(\w+)\(", header))
table = {field for field, _ in _interface.Interface._fields_} - {"version", "bytes", "program"}
assert table == functions, table ^ functions
print(f"{len(_interface.STRUCTS)} structs and {len(functions)} functions, as in the header")
