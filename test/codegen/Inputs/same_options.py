"""same_options.py HEADER NAME: the generated header of the model NAME declares the options of `generate` as the runtime does."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
from golden import fields_of

found, needed = fields_of(f"{sys.argv[2]}_generate_options", pathlib.Path(sys.argv[1])), fields_of("heddle_generate_options")
print(f"{len(found)} fields")
sys.exit(found != needed and f"error: found {found}, needed {needed}")
