"""Renders the pictures to learn from, with labels in YOLO's text format.

Every picture follows from its seed alone; the three splits use separate seeds.
"""

import argparse
import hashlib
import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # one process a core is faster than threads here

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from scene import CLASSES, Label, random_scene  # noqa: E402
from scene.effects import compress  # noqa: E402
from settings import (  # noqa: E402
    HEIGHT,
    RENDER_SIZES,
    SMALLEST_SHARE,
    SMALLEST_SIDE,
    SPLITS,
    WIDTH,
    default_work,
    renderer_digest,
)


def worth_labelling(label: Label, picture_width: int) -> bool:
    """Large and visible enough that a model can be asked to find it."""
    scale = WIDTH / picture_width
    sides = (label.seen.right - label.seen.left, label.seen.bottom - label.seen.top)
    return label.seen.share >= SMALLEST_SHARE[label.name] and min(sides) * scale >= SMALLEST_SIDE


def label_line(label: Label, width: int, height: int) -> str:
    seen = label.seen
    box = (
        (seen.left + seen.right) / 2 / width,
        (seen.top + seen.bottom) / 2 / height,
        (seen.right - seen.left) / width,
        (seen.bottom - seen.top) / height,
    )
    return " ".join([str(CLASSES.index(label.name)), *(f"{value:.5f}" for value in box)])


def make_picture(seed: int, folder: Path, split: str) -> Counter:
    """Renders one picture and its labels; answers how many of each class it holds."""
    cv2.setNumThreads(1)
    random = np.random.default_rng([seed, 1])
    width, height = RENDER_SIZES[random.integers(len(RENDER_SIZES))]
    scene = random_scene(seed, width, height)
    picture, labels = scene.render(random.uniform(0, 1))
    labels = [label for label in labels if worth_labelling(label, width)]
    picture = compress(picture, scene.lens.jpeg_quality)
    how = cv2.INTER_LINEAR if random.random() < 0.6 else cv2.INTER_AREA
    picture = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=how)
    name = f"{seed:07d}"
    cv2.imwrite(str(folder / "images" / split / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    lines = [label_line(label, width, height) for label in labels]
    (folder / "labels" / split / f"{name}.txt").write_text("\n".join(lines) + "\n" if lines else "")
    return Counter(label.name for label in labels)


def files_digest(folder: Path, split: str) -> str:
    """sha256 over a split's pictures and labels, to tell whether two renderings are the same."""
    digest = hashlib.sha256()
    for file in sorted([*(folder / "images" / split).iterdir(), *(folder / "labels" / split).glob("*.txt")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def make_split(folder: Path, split: str, processes: int) -> dict:
    count, first_seed = SPLITS[split]
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True, exist_ok=True)
    seeds = range(first_seed, first_seed + count)
    total: Counter = Counter()
    with ProcessPoolExecutor(processes) as pool:
        for counted in pool.map(partial(make_picture, folder=folder, split=split), seeds, chunksize=8):
            total.update(counted)
    return {
        "pictures": count,
        "first_seed": first_seed,
        "last_seed": first_seed + count - 1,
        "labels": {name: total[name] for name in CLASSES},
        "files_sha256": files_digest(folder, split),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=default_work(), help="folder for pictures (default: %(default)s)")
    parser.add_argument("--split", choices=tuple(SPLITS), action="append", help="only this split (repeatable)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()

    folder = options.work / "dataset"
    splits = {split: make_split(folder, split, options.processes) for split in options.split or SPLITS}
    description = {
        "classes": list(CLASSES),
        "picture_size": [WIDTH, HEIGHT],
        "render_sizes": [list(size) for size in RENDER_SIZES],
        "labelled_when": {"visible_share_at_least": SMALLEST_SHARE, "box_sides_at_least_pixels": SMALLEST_SIDE},
        "renderer_sha256": renderer_digest(),
        "splits": splits,
    }
    metadata = folder / "dataset.json"
    if options.split and metadata.exists():
        description["splits"] = json.loads(metadata.read_text())["splits"] | splits
    metadata.write_text(json.dumps(description, indent=2) + "\n")
    names = "".join(f"  {index}: {name}\n" for index, name in enumerate(CLASSES))
    # Ultralytics wants an absolute folder here; this file stays in the work folder.
    (folder / "data.yaml").write_text(
        f"path: {folder.resolve()}\ntrain: images/train\nval: images/val\ntest: images/heldout\nnames:\n{names}"
    )
    print(json.dumps(splits, indent=2))


if __name__ == "__main__":
    main()
