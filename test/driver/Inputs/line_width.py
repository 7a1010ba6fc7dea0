"""line_width.py HEDDLE MODEL…: at least 95 of 100 lines of each model's nn and nn-fused fit in 120 columns."""
import subprocess
import sys

WIDTH, PERCENT = 120, 95

heddle, *models = sys.argv[1:]
for model in models:
    for stage in ["nn", "nn-fused"]:
        text = subprocess.run([heddle, "build", model, "--dtype=f32", f"--emit={stage}", "-o", "-"], check=True, capture_output=True,
                              encoding="utf-8").stdout
        lines = [line for line in text.split("\n") if line]
        wide = [line for line in lines if len(line) > WIDTH]
        if not lines or 100 * len(wide) > (100 - PERCENT) * len(lines):
            sys.exit("\n".join([f"{model} {stage}: {len(wide)} of {len(lines)} lines are wider than {WIDTH} columns", *wide]))
print(f"{len(models)} models fit")
