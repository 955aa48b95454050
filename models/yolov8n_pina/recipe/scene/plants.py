"""Agaves: rosettes of stiff, channelled, spine-tipped leaves, plus weeds and stones."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from .sketch import Sketch

_STATIONS = np.array([0.0, 0.25, 0.5, 0.78, 1.0])  # along a leaf
_WIDTHS = np.array([0.055, 0.072, 0.070, 0.042, 0.004])  # half widths for a leaf of 1 m
_GOLDEN = np.pi * (3 - 5**0.5)


@cache
def _rosette(variant: int) -> tuple[np.ndarray, np.ndarray]:
    """Leaf halves of a plant about 1 m tall: corners (count, 10, 3), tints (count,)."""
    random = np.random.default_rng(1000 + variant)
    leaves = int(random.integers(26, 40))
    halves, tints = [], []
    for index in range(leaves):
        age = 1 - index / (leaves - 1)  # 1 is the oldest, lowest leaf
        azimuth = index * _GOLDEN + random.normal(0, 0.12)
        rise = np.radians(84 - 72 * age**0.85 + random.normal(0, 4))
        length = (0.80 + 0.34 * np.sin(np.pi * min(1, 0.25 + 0.75 * age))) * random.uniform(0.92, 1.08)
        bend = random.uniform(-0.05, 0.22) * age
        outward = np.array([np.cos(azimuth), np.sin(azimuth), 0])
        sideways = np.array([-outward[1], outward[0], 0])
        upward = np.array([0, 0, 1.0])
        angles = rise - bend * _STATIONS
        steps = length * np.diff(_STATIONS, prepend=0)[:, None]
        line = np.cumsum(steps * (np.cos(angles)[:, None] * outward + np.sin(angles)[:, None] * upward), axis=0)
        line = line + 0.06 * outward + (0.10 + 0.10 * (1 - age)) * upward
        face = -np.sin(rise) * outward + np.cos(rise) * upward  # the upper side of the leaf
        width = _WIDTHS[:, None] * length * 1.25
        for side in (1, -1):
            edge = line + side * width * sideways + 0.35 * width * face  # edges curl up: a channel
            halves.append(np.concatenate([line, edge[::-1]]))
            tints.append(1.0 + 0.10 * (0.5 - age) + random.normal(0, 0.035))
    return np.array(halves), np.array(tints)


VARIANTS = 12


@dataclass(frozen=True)
class Plant:
    """One agave standing at `place` on the ground."""

    place: np.ndarray
    size: float  # height in metres, roughly
    turn: float
    variant: int
    colour: np.ndarray

    def sketch(self, sketch: Sketch) -> None:
        halves, tints = _rosette(self.variant)
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        rotation = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1.0]])
        points = self.size * (halves @ rotation) + [*self.place, 0]
        normals = np.cross(points[:, 2] - points[:, 1], points[:, 7] - points[:, 2])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
        normals *= np.sign(normals[:, 2:3] + 1e-9)
        colours = self.colour * tints[:, None]
        # Light is lost deep inside the rosette.
        inner = np.clip(points[..., 2].mean(axis=1) / (0.55 * self.size), 0.58, 1.0)
        shaded = sketch.light.shade(colours, normals, through=0.30) * inner[:, None]
        self._heart(sketch)
        sketch.layer = 1
        sketch.polygons(points, shaded)
        spines = points[:, [3, 4, 6]]
        near = sketch.camera.pixels_per_metre(sketch.camera.depth(np.array([*self.place, 0.5]))) * self.size > 45
        if near:
            thorn = spines + 0.25 * (spines[:, 1:2] - spines)
            dark = sketch.light.flat(np.tile((40, 52, 70), (len(thorn), 1)), 0.5)
            sketch.polygons(thorn[::2], dark[::2], shadow=False)

    def _heart(self, sketch: Sketch) -> None:
        """The piña between the leaves, mostly hidden."""
        low, high = np.array([*self.place, 0.05]), np.array([*self.place, 0.30 * self.size])
        sketch.capsule(low, high, 0.20 * self.size, 0.13 * self.size, self.colour * (0.55, 0.62, 0.72))


@dataclass(frozen=True)
class Clutter:
    """Things nobody labels: tufts of grass, stones and posts."""

    place: np.ndarray
    kind: str
    size: float
    seed: int

    def sketch(self, sketch: Sketch) -> None:
        random = np.random.default_rng(self.seed)
        ground = np.array([*self.place, 0.0])
        if self.kind == "stone":
            for _ in range(3):
                aside = ground + [*random.normal(0, 0.12 * self.size, 2), 0.02]
                radius = self.size * random.uniform(0.10, 0.2)
                sketch.capsule(aside, aside + [radius, 0, 0.05], radius, 0.8 * radius, (118, 122, 126))
        elif self.kind == "post":
            top = ground + [0, 0, 1.05]
            sketch.capsule(ground, top, 0.045, 0.04, (104, 126, 146))
            sketch.layer = 1
            sketch.capsule(ground + [0, 0, 0.82], top, 0.05, 0.045, (60, 60, 205))
        else:
            count = 34
            roots = ground + np.c_[random.normal(0, 0.16 * self.size, (count, 2)), np.zeros(count)]
            tips = roots + np.c_[random.normal(0, 0.16, (count, 2)), random.uniform(0.2, 0.5, count)] * self.size
            blades = np.stack([roots - [0.02, 0, 0], roots + [0.02, 0, 0], tips], axis=1)
            green = np.array([62, 118, 112]) * random.uniform(0.8, 1.25, (count, 1))
            sketch.polygons(blades, sketch.light.flat(green, 0.5))


def leaf_colour(random: np.random.Generator) -> np.ndarray:
    """Blue agave: from grey-blue over blue-green to a yellower green."""
    blue, green = np.array([170, 176, 132.0]), np.array([122, 162, 122.0])
    share = random.uniform(0, 1)
    return (blue * (1 - share) + green * share) * random.uniform(0.86, 1.12)
