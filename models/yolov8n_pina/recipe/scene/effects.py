"""What a camera and its encoder do to a picture: blur, vignette, noise, compression."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Lens:
    """The flaws of one camera; the same for all pictures of a clip."""

    vignette: float
    noise: float  # grey levels
    blur: float  # pixels
    contrast: float
    tint: np.ndarray
    jpeg_quality: int


def random_lens(random: np.random.Generator) -> Lens:
    return Lens(
        vignette=random.uniform(0.0, 0.28),
        noise=random.uniform(1.0, 5.5),
        blur=random.uniform(0.0, 0.75),
        contrast=random.uniform(0.9, 1.12),
        tint=random.normal(1.0, 0.025, 3),
        jpeg_quality=int(random.integers(45, 95)),
    )


def blur_moving(picture: np.ndarray, owned: np.ndarray, travel: np.ndarray) -> None:
    """Smears the pixels of one thing along the way it goes during the exposure."""
    length = int(np.ceil(np.abs(travel).max()))
    if length < 2:
        return
    rows, columns = np.nonzero(owned)
    if len(rows) == 0:
        return
    top, bottom = max(rows.min() - length, 0), rows.max() + length + 1
    left, right = max(columns.min() - length, 0), columns.max() + length + 1
    size = 2 * (length // 2) + 3
    kernel = np.zeros((size, size), dtype=np.float32)
    middle, half = size // 2, travel / 2
    start = tuple(int(round(value)) for value in middle - half)
    end = tuple(int(round(value)) for value in middle + half)
    cv2.line(kernel, start, end, 1.0)
    kernel /= kernel.sum()
    patch = picture[top:bottom, left:right].astype(np.float32)
    mask = owned[top:bottom, left:right].astype(np.float32)[..., None]
    smeared_mask = cv2.filter2D(mask, -1, kernel)[..., None]
    smeared = cv2.filter2D(patch * mask, -1, kernel)
    background = patch * (1 - mask) + cv2.blur(patch, (size, size)) * mask
    picture[top:bottom, left:right] = np.clip(smeared + background * (1 - smeared_mask), 0, 255).astype(np.uint8)


def apply_lens(picture: np.ndarray, lens: Lens, random: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    falloff = 1 - lens.vignette * (down * down + across * across)[..., None] / 2
    exposed = (picture * falloff - 110) * lens.contrast + 110
    exposed = exposed * lens.tint.astype(np.float32)
    if lens.blur > 0.25:
        exposed = cv2.GaussianBlur(exposed, (0, 0), lens.blur)
    grain = random.standard_normal((height, width, 1), dtype=np.float32)
    colour_grain = random.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32)
    colour_grain = cv2.resize(colour_grain, (width, height))
    return np.clip(exposed + lens.noise * (0.8 * grain + 0.5 * colour_grain), 0, 255).astype(np.uint8)


def compress(picture: np.ndarray, quality: int) -> np.ndarray:
    """Block artefacts, as from a camera's encoder."""
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)
