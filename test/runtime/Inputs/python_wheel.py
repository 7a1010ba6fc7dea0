"""python_wheel.py WHEEL FOLDER: what a wheel has is what its RECORD says; unpacks it, as pip does."""
import base64
import csv
import hashlib
import sys
import zipfile

path, folder = sys.argv[1:]
with zipfile.ZipFile(path) as wheel:
    info = next(name.split("/")[0] for name in wheel.namelist() if name.endswith(".dist-info/RECORD"))
    listed = {name: (digest, size) for name, digest, size in csv.reader(wheel.read(f"{info}/RECORD").decode().splitlines())}
    assert set(listed) == set(wheel.namelist()), set(listed) ^ set(wheel.namelist())
    for name, (digest, size) in listed.items():
        data = wheel.read(name)
        if not name.endswith("/RECORD"):
            assert digest == "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode(), name
            assert int(size) == len(data), name
    assert any(name.endswith(".weights") for name in listed), "the weights lie beside the library"
    wheel.extractall(folder)
