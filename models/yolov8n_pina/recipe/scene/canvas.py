"""Fills outlines far to near, and remembers which thing every pixel belongs to."""

from dataclasses import dataclass

import cv2
import numpy as np

from .light import Light
from .sketch import Sketch

_SHIFT = 4  # outlines keep 1/16 pixel


def _fixed(outline: np.ndarray) -> np.ndarray:
    return ((outline - 0.5) * (1 << _SHIFT)).astype(np.int32)


@dataclass(frozen=True)
class Seen:
    """What is visible of a thing: tight box in pixels and visible share of its area."""

    left: int
    top: int
    right: int
    bottom: int
    share: float


class Canvas:
    """A picture being painted, with an owner number for every pixel (0 is background)."""

    def __init__(self, background: np.ndarray):
        self.height, self.width = background.shape[:2]
        self.picture = np.clip(background, 0, 255).astype(np.uint8)
        self.owner = np.zeros((self.height, self.width), dtype=np.int32)

    def draw(self, sketch: Sketch, identity: int) -> None:
        for outline, colour in sketch.ordered():
            points = _fixed(outline)
            cv2.fillPoly(self.picture, [points], colour, cv2.LINE_AA, _SHIFT)
            cv2.fillPoly(self.owner, [points], identity, cv2.LINE_8, _SHIFT)

    def visible(self, sketch: Sketch, identity: int) -> Seen | None:
        """The box of the pixels that `identity` still owns, None when there are none."""
        outlines = [outline for outline, _ in sketch.ordered()]
        corners = np.concatenate(outlines)
        low = np.floor(np.clip(corners.min(axis=0), -600, 3000)).astype(int)
        high = np.ceil(np.clip(corners.max(axis=0), -600, 3000)).astype(int) + 1
        left, top = np.maximum(low, 0)
        right, bottom = np.minimum(high, [self.width, self.height])
        if right <= left or bottom <= top:
            return None
        owned = self.owner[top:bottom, left:right] == identity
        count = int(np.count_nonzero(owned))
        if count == 0:
            return None
        whole = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), dtype=np.uint8)
        for outline in outlines:
            cv2.fillPoly(whole, [_fixed(outline - low)], 1, cv2.LINE_8, _SHIFT)
        columns = np.flatnonzero(owned.any(axis=0))
        rows = np.flatnonzero(owned.any(axis=1))
        return Seen(
            left=int(left + columns[0]),
            top=int(top + rows[0]),
            right=int(left + columns[-1] + 1),
            bottom=int(top + rows[-1] + 1),
            share=count / max(int(np.count_nonzero(whole)), 1),
        )


def shadow_mask(width: int, height: int, sketches: list[Sketch]) -> np.ndarray:
    """Where the sun does not reach the ground, 0 or 255."""
    mask = np.zeros((height, width), dtype=np.uint8)
    for sketch in sketches:
        for outline in sketch.shadows:
            cv2.fillPoly(mask, [_fixed(outline)], 255, cv2.LINE_AA, _SHIFT)
    return mask


def darken(background: np.ndarray, mask: np.ndarray, light: Light, pixels_per_metre: float) -> np.ndarray:
    """The background with soft shadows in it."""
    sigma = max(0.6, light.shadow_softness * pixels_per_metre)
    soft = cv2.GaussianBlur(mask, (0, 0), sigma).astype(np.float32) / 255
    loss = (1 - light.ground_shadow).astype(np.float32)
    return background * (1 - soft[..., None] * np.maximum(loss, 0.28))
