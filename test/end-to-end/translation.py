"""From one language into another, as transformers has it (golden/make_translation.py).

    python3 translation.py HEDDLE TEST FOLDER
"""
import json
import pathlib
import sys

from speech import checkpoint, run


def main():
    heddle, test, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    golden = json.loads((test / "golden/translation.json").read_text())
    tokenizer = json.loads((test / "text/golden/xlmr.tokenizer.json").read_text())
    wrong = 0
    for case in golden["cases"]:
        model = folder / case["config"]["model_type"]
        checkpoint.write(model, case["config"], case["tensors"], {name: f"{name} {case['seed']}" for name in case["tensors"]})
        tokenizer |= {name: case[name] for name in ("added_tokens", "post_processor")}
        for name, content in (("tokenizer", tokenizer), ("tokenizer_config", case["tokenizer_config"]), ("generation_config", case["generation"])):
            (model / f"{name}.json").write_text(json.dumps(content))
        program = model.with_suffix(".program")
        run(heddle, "build", "--cpu=native", model, "-o", program)
        for asked in case["asked"]:
            source = [f"--source-language={asked['from']}"] if asked["from"] else []
            lines = run(program, *source, f"--language={asked['into']}", "--format", "json", *golden["texts"]).splitlines()
            found = [json.loads(line)["text"] for line in lines]
            if [text.strip() for text in found] != [text.strip() for text in asked["texts"]]:
                print(f"{model.name} {asked['from']} to {asked['into']}\n  found  {found}\n  needed {asked['texts']}")
                wrong += 1
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
