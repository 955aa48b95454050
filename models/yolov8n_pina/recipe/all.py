"""Runs every step of the recipe in order; the README says what each one gives."""

import argparse
import subprocess
import sys
from pathlib import Path

from settings import RECIPE, default_work

# After the first run the model still got better, so two shorter ones go on from it.
LONGER = ["--learning-rate", "0.001", "--epochs", "10"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=default_work(), help="folder for pictures and training runs")
    work = ["--work", str(parser.parse_args().work)]
    for step in (
        ["make_dataset.py", *work],
        ["train.py", *work],
        ["train.py", *work, "--name", "train-on", "--go-on-from", "train", *LONGER],
        ["train.py", *work, "--name", "train-on-2", "--go-on-from", "train-on", *LONGER],
        ["export.py", *work],
        ["evaluate.py", *work, "--write"],
        ["make_clip.py"],
        ["check_clip.py", "--write"],
    ):
        print("==", *step, flush=True)
        subprocess.run([sys.executable, str(RECIPE / step[0]), *step[1:]], check=True)


if __name__ == "__main__":
    main()
