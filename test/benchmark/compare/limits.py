"""What the machine can do at this moment: fused multiply-adds from registers and reads from DRAM (probe.c)."""
import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).parent / "probe.c"


def build(store):
    program = store / "probe"
    if not program.exists() or program.stat().st_mtime < SOURCE.stat().st_mtime:
        store.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-march=native", "-pthread", SOURCE, "-o", program], check=True)
    return program


def probe(store, cpus):
    """(FLOP/s, bytes/s) of one thread on each of these cores."""
    answer = subprocess.run([build(store), *map(str, cpus)], check=True, capture_output=True, text=True).stdout
    flops, traffic = map(float, answer.split())
    return flops * 1e9, traffic * 1e9
