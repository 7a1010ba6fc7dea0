"""same_options.py HEADER NAME STRUCT…: the generated header of the model NAME declares NAME_STRUCT as the runtime does heddle_STRUCT."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
from golden import fields_of

header, name, *structs = sys.argv[1:]
for struct in structs:
    found, needed = fields_of(f"{name}_{struct}", pathlib.Path(header)), fields_of(f"heddle_{struct}")
    print(f"{struct}: {len(found)} fields")
    if found != needed:
        sys.exit(f"error: {struct}: found {found}, needed {needed}")
