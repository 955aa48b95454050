"""Numbers and paths that the steps of this recipe share."""

import hashlib
import os
from pathlib import Path

RECIPE = Path(__file__).resolve().parent
MODEL_FOLDER = RECIPE.parent
SHIPPED = MODEL_FOLDER / "1"
DEMO = MODEL_FOLDER / "demo"

WIDTH, HEIGHT = 416, 234  # pictures in the data set, 16:9
INPUT_HEIGHT, INPUT_WIDTH = 256, 416  # what the model takes: the picture with 11 grey rows above and below
RENDER_SIZES = ((640, 360), (640, 360), (832, 468), (960, 540))  # cameras to imitate, scaled down afterwards

# A thing is labelled when this share of it is visible and its box has these sides in picture pixels.
SMALLEST_SHARE = {"pina": 0.15, "worker": 0.35, "object": 0.35}
SMALLEST_SIDE = 6

# How many pictures each split has, and the first of its seeds. The ranges never meet.
SPLITS = {
    "train": (1200, 1_000_000),
    "val": (120, 2_000_000),
    "heldout": (200, 3_000_000),
}


def default_work() -> Path:
    """Where pictures and training runs go unless --work says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return Path(cache) / "agave" / "yolov8n_pina"


def renderer_digest() -> str:
    """sha256 over what decides the pictures: the scene package and these settings."""
    return _digest([*sorted((RECIPE / "scene").glob("*.py")), RECIPE / "settings.py", RECIPE / "make_dataset.py"])


def recipe_digest() -> str:
    """sha256 over all sources of the recipe."""
    return _digest([*sorted(RECIPE.rglob("*.py")), RECIPE / "requirements.txt"])


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(RECIPE).as_posix().encode() + b"\0")
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()
