"""What a model of speech writes of sounds is what transformers writes (golden/make_speech.py): ids, and their text.

    python3 speech.py HEDDLE TEST FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "configurations"))
import checkpoint


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def main():
    heddle, test, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    golden = json.loads((test / "golden/speech.json").read_text())
    names = {name: f"{name} {golden['seed']}" for name in golden["tensors"]}
    sounds = [test / "media/Inputs/sounds" / name for name in golden["sounds"]]
    wrong = 0
    for number, case in enumerate(golden["cases"]):
        model = folder / f"model{number}"
        checkpoint.write(model, golden["config"], golden["tensors"], names)
        (model / "preprocessor_config.json").write_text(json.dumps(golden["preprocessor"]))
        (model / "generation_config.json").write_text(json.dumps(case["settings"]))
        answers = [",".join(map(str, ids)) for ids in case["ids"]]
        if number:  # the first case is of ids
            shutil.copy(test / "golden/speech-tokenizer.json", model / "tokenizer.json")
            answers = [text.strip("\n") for text in case["texts"]]
        program = model.with_suffix(".program")
        run(heddle, "build", "--cpu=native", model, "-o", program)
        asked = [f"--{option}={value}" for option, value in case["asked"].items()]
        batch = [line for line in run(program, *asked, *(f"--audio={sound}" for sound in sounds)).splitlines() if line]
        for sound, found, needed in zip(sounds, batch, answers, strict=True):
            alone = run(program, *asked, sound).strip("\n")
            if (found, alone) != (needed, needed):
                print(f"case {number} {sound.name}\n  in a batch {found!r}\n  alone      {alone!r}\n  needed     {needed!r}")
                wrong += 1
    print(f"{len(golden['cases'])} cases, {len(sounds)} sounds each")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
