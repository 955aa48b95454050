"""Goods left in a field: stacks of wooden or plastic crates, boxes, a loaded cart."""

from dataclasses import dataclass

import numpy as np

from .sketch import Sketch, local_frame

_WOODS = ((96, 146, 190), (80, 124, 164), (120, 166, 200))
_PLASTICS = ((50, 50, 190), (170, 90, 30), (60, 140, 40), (40, 170, 220), (140, 140, 140))
_CARDBOARDS = ((110, 150, 186), (96, 134, 168))
_CART_HEIGHT = 0.28
KINDS = ("wood", "plastic", "cardboard")


@dataclass(frozen=True)
class Crates:
    """One stack: each box is (x, y, z, half length, half width, height, turn)."""

    kind: str
    colour: tuple
    boxes: tuple
    on_cart: bool = False

    label = "object"

    def sketch(self, sketch: Sketch, place: np.ndarray, heading: float, walked: float, moving: float) -> None:
        camera = np.array([0, 0, sketch.camera.mast])
        ground, frame = np.array([*place, 0.0]), local_frame(heading)
        if self.on_cart:
            self._cart(sketch, ground, frame, walked)
            ground = ground + [0, 0, _CART_HEIGHT]
        placed = []
        for along, aside, height, half_length, half_width, tall, turn in self.boxes:
            base = ground + np.array([along, aside, height]) @ frame
            placed.append((height, -np.linalg.norm(camera - base), base, half_length, half_width, tall, turn))
        placed.sort(key=lambda box: box[:2])  # lower boxes first; on one level, the far ones first
        for order, (_, _, base, half_length, half_width, tall, turn) in enumerate(placed):
            sketch.layer = 10 + 3 * order
            self._box(sketch, base, local_frame(heading + turn), half_length, half_width, tall)

    def _cart(self, sketch: Sketch, ground, frame, walked: float) -> None:
        """A flat hand cart under the boxes, its handle to the rear."""
        towards_eye = frame @ (np.array([0, 0, sketch.camera.mast]) - ground)
        near_side = 1 if towards_eye[1] > 0 else -1
        length, width = 1.9 * self.boxes[0][3], 0.05 + self.boxes[0][4]
        middle = np.array([self.boxes[-1][0] / 2, 0, 0])

        def at(along, aside, height):
            return ground + (middle + [along, aside, height]) @ frame

        for layer, side in ((0, -near_side), (4, near_side)):
            for along in (-0.7 * length, 0.7 * length):
                sketch.layer = layer
                hub = at(along, side * width, 0.16)
                sketch.disc(hub, 0.16 * frame[0], 0.16 * frame[2], (36, 36, 36))
                sketch.layer += 1
                turned = np.cos(walked / 0.16) * frame[0] + np.sin(walked / 0.16) * frame[2]
                sketch.disc(hub, 0.11 * turned, 0.04 * frame[2], (150, 150, 150), shadow=False)
        sketch.layer = 2
        deck = [at(x * length, y * width, _CART_HEIGHT) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        sketch.solid([np.array(deck)], [(70, 82, 92)], ground)
        for side in (-0.7, 0.7):
            sketch.capsule(
                at(-length, side * width, _CART_HEIGHT),
                at(-length - 0.35, side * width, 0.95),
                0.025,
                0.025,
                (90, 92, 96),
            )

    def _box(self, sketch: Sketch, base, frame, half_length: float, half_width: float, tall: float) -> None:
        def corners(points):
            return base + np.asarray(points, dtype=float) * [half_length, half_width, tall] @ frame

        square = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        faces = [corners([(x, y, 1) for x, y in square])]
        details, shades = [], []
        for first, second in zip(square, square[1:] + square[:1]):
            faces.append(corners([(*first, 0), (*second, 0), (*second, 1), (*first, 1)]))
            for low, high in self._gaps():
                details.append(corners([(*first, low), (*second, low), (*second, high), (*first, high)]))
                shades.append(np.array(self.colour) * 0.42)
        centre = base + [0, 0, tall / 2]
        sketch.solid(faces, [self.colour] * len(faces), centre)
        sketch.layer += 1
        inset = 0.86
        if self.kind == "cardboard":
            tape = corners([(-1, -0.1, 1.0), (1, -0.1, 1.0), (1, 0.1, 1.0), (-1, 0.1, 1.0)])
            details.append(tape)
            shades.append(np.array(self.colour) * 1.15)
        else:
            details.append(corners([(inset * x, inset * y, 1.0) for x, y in square]))
            shades.append(np.array(self.colour) * 0.38)
        sketch.solid(details, shades, centre, shadow=False)

    def _gaps(self):
        if self.kind == "wood":
            return ((0.28, 0.36), (0.62, 0.70))
        if self.kind == "plastic":
            return ((0.35, 0.45), (0.58, 0.68), (0.80, 0.88))
        return ()


def random_crates(random: np.random.Generator, kind: str | None = None) -> Crates:
    """A single big crate, a column, or a pile of two columns."""
    kind = kind or KINDS[random.integers(3)]
    colours = {"wood": _WOODS, "plastic": _PLASTICS, "cardboard": _CARDBOARDS}[kind]
    half_length, half_width = random.uniform(0.38, 0.62), random.uniform(0.32, 0.5)
    tall = random.uniform(0.42, 0.65)
    boxes = []
    columns = int(random.integers(1, 4))
    for column in range(columns):
        levels = int(random.integers(2 if columns == 1 else 1, 4))
        for level in range(levels):
            boxes.append(
                (
                    column * 2.15 * half_length + random.normal(0, 0.03),
                    random.normal(0, 0.06),
                    level * tall,
                    half_length,
                    half_width,
                    tall,
                    random.normal(0, 0.06),
                )
            )
    return Crates(
        kind=kind,
        colour=tuple(np.array(colours[random.integers(len(colours))]) * random.uniform(0.85, 1.1)),
        boxes=tuple(boxes),
    )
