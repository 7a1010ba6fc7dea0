"""What is said in sounds, and when, is what transformers writes (golden/make_times.py); also in a sound longer than the model reads at once.

    python3 times.py HEDDLE TEST FOLDER
"""
import array
import json
import pathlib
import shutil
import sys
import wave

from speech import checkpoint, run

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "Inputs"))
from long_sound import long_sound


def main():
    heddle, test, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    golden = json.loads((test / "golden/times.json").read_text())
    names = {name: f"{name} {golden['seed']}" for name in golden["tensors"]}
    with wave.open(str(folder / "long.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(array.array("h", long_sound()).tobytes())
    sounds = [folder / "long.wav" if name == "long" else test / "media/Inputs/sounds" / name for name in golden["sounds"]]
    wrong = 0
    for number, case in enumerate(golden["cases"]):
        model = folder / f"model{number}"
        checkpoint.write(model, golden["config"], golden["tensors"], names)
        (model / "preprocessor_config.json").write_text(json.dumps(golden["preprocessor"]))
        (model / "generation_config.json").write_text(json.dumps(case["settings"]))
        shutil.copy(test / "golden/times-tokenizer.json", model / "tokenizer.json")
        program = model.with_suffix(".program")
        run(heddle, "build", "--cpu=native", model, "-o", program)
        asked = [f"--{option}={value}" for option, value in case["asked"].items()]
        lines = run(program, *asked, "--timestamps", "--format", "json", *sounds).splitlines()
        for sound, line, needed in zip(sounds, lines, case["segments"], strict=True):
            found = json.loads(line)
            if found["segments"] != needed or found["text"] != "".join(s["text"] for s in needed) or found["prompt"] != str(sound):
                print(f"case {number} {sound.name}\n  found  {found}\n  needed {needed}")
                wrong += 1
        # A sound that is too long to be read at once has its text without times, too.
        plain = run(program, *asked, folder / "long.wav")
        if plain != "".join(s["text"] for s in case["segments"][-1]) + "\n":
            print(f"case {number}: found {plain!r} of the long sound")
            wrong += 1
    print(f"{len(golden['cases'])} cases, {len(sounds)} sounds each")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
