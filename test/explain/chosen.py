"""chosen.py PAGE NOTE: the weights of the page have the types that `--quant auto` says it has chosen, in as many bits."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "Inputs"))
from page_file import Page

page, note = Page(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]).read_text()
said = re.search(r"--quant auto: ([\d.]+) bits a weight, .*?: (--quant .*)", note)
types = {rule.split("=")[-1].strip("'") for rule in re.findall(r"--quant (\S+)", said[2])}
narrow = [tensor for tensor in page.facts["weights"] if tensor["type"] not in ("f32", "bf16", "f16", "i32")]
found = {tensor["type"] for tensor in narrow}
if found != types:
    sys.exit(f"found the types {found}, needed {types}: {note}")
print(f"types as chosen: {' '.join(sorted(found))}")
