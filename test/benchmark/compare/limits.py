"""What the machine can do at this moment: multiply-adds from registers, by type, and reads from DRAM (probe.c)."""
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
    """FLOP/s by arithmetic, and bytes/s, of one thread on each of these cores. Where the machine has no instruction for a
    narrow type, it computes in f32."""
    answer = subprocess.run([build(store), *map(str, cpus)], check=True, capture_output=True, text=True).stdout
    f32, bf16, int8, memory = (float(word) * 1e9 for word in answer.split())
    return {"f32": f32, "bf16": bf16 or f32, "int8": int8 or f32, "memory": memory}


def cache(cpu):
    """Bytes of the last-level cache of this core; 0 where the system does not say."""
    levels = sorted(pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/cache").glob("index*/size"))
    return int(levels[-1].read_text().strip().removesuffix("K")) * 1024 if levels else 0
