#!/usr/bin/env python3
"""rxnmapper_compare.py HEDDLE DIRECTORY: a published ALBERT whose weights are a pytorch_model.bin of PyTorch before 1.6 (the PyPI package
`rxnmapper`, fetched into DIRECTORY), compiled, against transformers on reactions. Needs torch, transformers and numpy.

Hidden states and the logits of masked tokens may differ by 1e-4 of the largest. Exit code 1 on a difference."""
import argparse
import pathlib
import re
import subprocess
import sys

import numpy as np
import torch
from transformers import AlbertForMaskedLM

from packages import fetch

TOKENS = re.compile(r"\[[^\]]+]|Br?|Cl?|N|O|S|P|F|I|b|c|n|o|s|p|\(|\)|\.|=|#|-|\+|\\|/|:|~|@|\?|>>?|\*|\$|%\d\d|\d")
REACTIONS = [
    "CC(C)S.CN(C)C=O.Fc1cccnc1F.O=C([O-])[O-].[K+].[K+]>>CC(C)Sc1ncccc1F",
    "C1COCCO1.CC(C)(C)OC(=O)CONC(=O)NCc1cccc2ccccc12.Cl>>O=C(O)CONC(=O)NCc1cccc2ccccc12",
    "BrCc1ccccc1.OB(O)c1ccccc1>>c1ccc(Cc2ccccc2)cc1",
    "CC(=O)O.CCO>>CC(=O)OCC",
    "O=[N+]([O-])c1ccccc1.[H][H]>>Nc1ccccc1",
    "C", "",
    "CS(=O)(=O)Cl.OCCCBr>CCN(CC)CC.CCOCC>CS(=O)(=O)OCCCBr",
]


def fetched(folder):
    """The folder of the checkpoint."""
    return next(fetch(folder, "rxnmapper").glob("rxnmapper/models/transformers/*/pytorch_model.bin")).parent


def main():
    options = argparse.ArgumentParser()
    options.add_argument("heddle", type=pathlib.Path)
    options.add_argument("directory", type=pathlib.Path)
    o = options.parse_args()
    o.directory.mkdir(parents=True, exist_ok=True)
    folder, program = fetched(o.directory), o.directory / "rxnmapper"
    subprocess.run([o.heddle, "build", folder, "-o", program], check=True)
    vocabulary = {token: i for i, token in enumerate((folder / "vocab.txt").read_text().splitlines())}
    rows = [[vocabulary.get(t, vocabulary["[UNK]"]) for t in ["[CLS]", *TOKENS.findall(r), "[SEP]"]] for r in REACTIONS]
    np.save(o.directory / "ids.npy", np.concatenate(rows).astype(np.int32))
    model = AlbertForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    failed = False
    for entry, answer in {"encode": lambda ids: model.albert(ids).last_hidden_state, "fill_mask": lambda ids: model(ids).logits}.items():
        out = o.directory / f"{entry}.npy"
        subprocess.run([program, entry, "--in", f"ids={o.directory / 'ids.npy'}", "--lengths", ",".join(str(len(r)) for r in rows),
                        "--out", out], check=True)
        with torch.no_grad():
            wanted = np.concatenate([answer(torch.tensor([row]))[0].numpy() for row in rows])
        found = np.load(out).reshape(wanted.shape)
        difference, largest = np.abs(found - wanted).max(), np.abs(wanted).max()
        good = difference <= 1e-4 * largest
        failed |= not good
        print(f"{entry}: {len(rows)} reactions, {len(found)} tokens, largest difference {difference:.2g} of {largest:.3g}"
              f"{'' if good else ': too large'}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
