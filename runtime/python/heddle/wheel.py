"""python -m heddle.wheel LIBRARY [--name NAME] [--version V] [-o FOLDER]: a wheel that carries a compiled model.

Installed, `import NAME; model = NAME.load()` is all there is to it: the wheel has the library, the weights that lie beside it, and
this package; it needs numpy.
"""
from __future__ import annotations

import argparse
import base64
import hashlib
import pathlib
import re
import struct
import sys
import zipfile

from . import Error, __version__

MACHINES = {62: "x86_64", 183: "aarch64"}  # e_machine of ELF

INIT = '''"""{name}: a model compiled by Heddle."""
import pathlib

from . import _heddle
from ._heddle import Error, Model, Session, Token

__all__ = ["Error", "Model", "Session", "Token", "load"]


def load(*, threads: int = 0) -> Model:
    """Opens the model that this package carries."""
    return _heddle.load(pathlib.Path(__file__).with_name("{library}"), threads=threads)
'''
METADATA = """Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: A model compiled by Heddle
Requires-Python: >=3.9
Requires-Dist: numpy
"""
WHEEL = """Wheel-Version: 1.0
Generator: heddle {heddle}
Root-Is-Purelib: false
Tag: py3-none-linux_{machine}
"""


def machine_of(library: pathlib.Path) -> str:
    with open(library, "rb") as file:
        head = file.read(20)
    if head[:4] != b"\x7fELF" or len(head) < 20:
        raise Error(f"{library}: found no ELF file, needed a library of heddle build --emit=so")
    machine = struct.unpack_from("<H", head, 18)[0]
    if machine not in MACHINES:
        raise Error(f"{library}: found a library for machine {machine}, needed {' or '.join(MACHINES.values())}")
    return MACHINES[machine]


class Wheel:
    """A zip file that lists what it has."""

    def __init__(self, path: pathlib.Path, info: str):
        self.zip, self.info, self.record = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED), info, []

    def _note(self, name: str, digest: bytes, size: int) -> None:
        text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self.record.append(f"{name},sha256={text},{size}")

    def text(self, name: str, text: str) -> None:
        data = text.encode()
        self.zip.writestr(name, data)
        self._note(name, hashlib.sha256(data).digest(), len(data))

    def file(self, name: str, path: pathlib.Path) -> None:
        """Weights are random bits: they are stored as they are, and read piece by piece."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo.from_file(path, name)
        with open(path, "rb") as source, self.zip.open(info, "w", force_zip64=True) as target:
            while piece := source.read(1 << 20):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        self._note(name, digest.digest(), size)

    def close(self) -> None:
        name = f"{self.info}/RECORD"
        self.zip.writestr(name, "\n".join([*self.record, f"{name},,", ""]))
        self.zip.close()


def make(library: pathlib.Path, name: str | None, version: str, folder: pathlib.Path) -> pathlib.Path:
    machine = machine_of(library)
    name = name or re.sub(r"\W", "_", re.sub(r"^lib", "", library.name.split(".")[0]))
    if not name.isidentifier():
        raise Error(f"--name: found {name}, needed a name of Python's")
    if not re.fullmatch(r"\d+(\.\d+)*", version):
        raise Error(f"--version: found {version}, needed numbers, as in 1.0")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-linux_{machine}.whl"
    partial = path.with_suffix(".partial")
    info = f"{name}-{version}.dist-info"
    try:
        wheel = Wheel(partial, info)
        for source in sorted(pathlib.Path(__file__).parent.glob("*.py")):
            wheel.file(f"{name}/_heddle/{source.name}", source)
        wheel.text(f"{name}/__init__.py", INIT.format(name=name, library=library.name))
        wheel.text(f"{name}/py.typed", "")
        for part in [library, *sorted(library.parent.glob("*.weights"))]:
            if part == library or part.name in weights_names(library):
                wheel.file(f"{name}/{part.name}", part)
        wheel.text(f"{info}/METADATA", METADATA.format(name=name, version=version))
        wheel.text(f"{info}/WHEEL", WHEEL.format(heddle=__version__, machine=machine))
        wheel.close()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def weights_names(library: pathlib.Path) -> set[str]:
    """As heddle_open looks for them, beside the library."""
    return {f"{library.name}.weights", f"{library.stem}.weights"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m heddle.wheel", description="makes a wheel that carries a compiled model")
    parser.add_argument("library", type=pathlib.Path, help="of heddle build --emit=so")
    parser.add_argument("--name", help="of the package; without it, the library's")
    parser.add_argument("--version", default="0.1")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("."), metavar="FOLDER")
    arguments = parser.parse_args()
    try:
        print(make(arguments.library.resolve(strict=True), arguments.name, arguments.version, arguments.output))
    except (Error, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
