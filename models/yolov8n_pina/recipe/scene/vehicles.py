"""Vehicles: pickups, cars, vans and a small tractor, built of extruded outlines."""

from dataclasses import dataclass

import numpy as np

from .sketch import Sketch, local_frame

_PAINTS = (
    (228, 230, 230),
    (60, 58, 56),
    (150, 150, 152),
    (40, 40, 170),
    (130, 70, 36),
    (180, 200, 212),
    (40, 120, 190),
    (72, 92, 60),
    (30, 30, 110),
    (190, 140, 70),
)
_GLASS = (92, 74, 58)
_RUBBER = (34, 34, 34)

# Side outlines as (x, z) in metres: the lower body, then the cabin on top of it.
_OUTLINES = {
    "pickup": (
        ((-2.55, 0.42), (-2.55, 1.02), (1.35, 1.08), (2.40, 0.98), (2.55, 0.70), (2.52, 0.40)),
        ((-0.65, 1.04), (-0.50, 1.72), (0.72, 1.74), (1.40, 1.06)),
        0.90,
        (1.62, -1.55),
        0.38,
    ),
    "car": (
        ((-2.10, 0.36), (-2.15, 0.92), (1.05, 0.96), (1.98, 0.84), (2.12, 0.58), (2.08, 0.34)),
        ((-1.95, 0.92), (-1.45, 1.44), (0.25, 1.46), (1.12, 0.94)),
        0.84,
        (1.32, -1.32),
        0.33,
    ),
    "van": (
        ((-2.40, 0.40), (-2.42, 1.10), (1.70, 1.12), (2.35, 1.02), (2.45, 0.70), (2.40, 0.38)),
        ((-2.38, 1.08), (-2.28, 2.05), (1.10, 2.08), (1.78, 1.10)),
        0.92,
        (1.55, -1.50),
        0.36,
    ),
    "tractor": (
        ((-1.20, 0.62), (-1.20, 1.12), (0.10, 1.14), (1.62, 1.10), (1.70, 0.70), (1.60, 0.55)),
        ((-1.05, 1.10), (-0.95, 2.20), (0.18, 2.22), (0.32, 1.12)),
        0.50,
        (1.25, -0.75),
        0.42,
    ),
}
KINDS = tuple(_OUTLINES)


@dataclass(frozen=True)
class Vehicle:
    """Looks of one vehicle; where and how is given to `sketch`."""

    kind: str
    paint: tuple
    scale: float
    stretch: float
    load: tuple | None  # colour of what lies on a pickup's bed

    label = "object"

    def sketch(self, sketch: Sketch, place: np.ndarray, heading: float, walked: float, moving: float) -> None:
        lower, cabin, half, axles, wheel = _OUTLINES[self.kind]
        builder = _Builder(self, sketch, place, heading)
        builder.wheels(axles, half, wheel, near=False, walked=walked)
        sketch.layer = 1
        builder.extrude(lower, half, half * 0.97, self.paint)
        sketch.layer = 2
        builder.wheels(axles, half, wheel, near=True, walked=walked)
        builder.trim(lower, half)
        if self.kind == "pickup":
            builder.bed(half, self.load)
        sketch.layer = 4
        builder.extrude(cabin, half * 0.93, half * 0.78, self.paint)
        sketch.layer = 5
        builder.windows(cabin, half)


class _Builder:
    """Places the parts of one vehicle: x forward, y left, z up, metres."""

    def __init__(self, vehicle: Vehicle, sketch: Sketch, place: np.ndarray, heading: float):
        self.vehicle, self.sketch = vehicle, sketch
        self.frame = local_frame(heading)
        self.place = np.array([*place, 0.0])
        towards_eye = self.frame @ (np.array([0, 0, sketch.camera.mast]) - self.place)
        self.near_side = 1 if towards_eye[1] > 0 else -1
        self.sees_front = towards_eye[0] > 0

    def world(self, points) -> np.ndarray:
        points = np.asarray(points, dtype=float) * [self.vehicle.stretch, 1, 1] * self.vehicle.scale
        return self.place + points @ self.frame

    def extrude(self, outline, half_low: float, half_high: float, colour) -> None:
        """A convex side outline drawn out sideways, narrower at the top."""
        outline = np.array(outline, dtype=float)
        low, high = outline[:, 1].min(), outline[:, 1].max()
        half = half_low + (half_high - half_low) * (outline[:, 1] - low) / (high - low)
        left = self.world(np.c_[outline[:, 0], half, outline[:, 1]])
        right = self.world(np.c_[outline[:, 0], -half, outline[:, 1]])
        faces = [left, right]
        for index in range(len(outline)):
            following = (index + 1) % len(outline)
            faces.append(np.array([left[index], left[following], right[following], right[index]]))
        self.sketch.solid(faces, [colour] * len(faces), np.concatenate([left, right]).mean(axis=0))

    def face(self, corners, colour) -> None:
        """A part of the surface that is known to face the camera."""
        corners = self.world(corners)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        normal /= np.linalg.norm(normal) + 1e-9
        if normal @ (np.array([0, 0, self.sketch.camera.mast]) - corners.mean(axis=0)) < 0:
            normal = -normal
        shaded = self.sketch.light.shade(np.array([colour], dtype=float), normal[None])
        self.sketch.polygons(corners[None], shaded, shadow=False)

    def wheels(self, axles, half: float, radius: float, near: bool, walked: float) -> None:
        side = self.near_side if near else -self.near_side
        forward, up = self.frame[0] * self.vehicle.scale, self.frame[2] * self.vehicle.scale
        for index, axle in enumerate(axles):
            big = 1.75 if self.vehicle.kind == "tractor" and index == 1 else 1.0
            size = radius * big
            hub = self.world([axle, side * (half + (0.22 if big > 1 else 0.02)), size])
            self.sketch.disc(hub, size * forward, size * up, _RUBBER)
            self.sketch.layer += 1
            self.sketch.disc(hub, 0.55 * size * forward, 0.55 * size * up, (150, 152, 154), shadow=False)
            turn = walked / size
            spoke = np.cos(turn) * forward + np.sin(turn) * up
            across = -np.sin(turn) * forward + np.cos(turn) * up
            self.sketch.layer += 1
            self.sketch.disc(hub, 0.42 * size * spoke, 0.12 * size * across, (70, 70, 72), shadow=False)
            self.sketch.layer -= 2

    def trim(self, outline, half: float) -> None:
        """Lights, bumper and door lines."""
        self.sketch.layer = 3
        side = self.near_side * (half + 0.005)
        back, front = outline[0][0], outline[-2][0]
        end, height = (front, outline[-2][1]) if self.sees_front else (back, 0.80)
        colour = (215, 235, 240) if self.sees_front else (40, 40, 190)
        out = 0.02 if self.sees_front else -0.02
        for lateral in (0.72 * half, -0.72 * half):
            low, high = lateral - 0.2 * half, lateral + 0.2 * half
            self.face(
                [
                    (end + out, low, height),
                    (end + out, high, height),
                    (end - 0.1 * out, high, height + 0.16),
                    (end - 0.1 * out, low, height + 0.16),
                ],
                colour,
            )
        self.face(
            [
                (end + 2 * out, -half, 0.42),
                (end + 2 * out, half, 0.42),
                (end + 2 * out, half, 0.58),
                (end + 2 * out, -half, 0.58),
            ],
            (84, 84, 84),
        )
        for door in (-0.45, 0.55):
            self.face(
                [(door, side, 0.50), (door + 0.03, side, 0.50), (door + 0.03, side, 0.98), (door, side, 0.98)],
                (50, 50, 50),
            )

    def bed(self, half: float, load) -> None:
        self.sketch.layer = 3
        inner = half - 0.10
        self.face(
            [(-2.45, -inner, 1.05), (-0.70, -inner, 1.06), (-0.70, inner, 1.06), (-2.45, inner, 1.05)], (52, 52, 54)
        )
        if load is None:
            return
        random = np.random.default_rng(int(sum(load)))
        for along in (-2.1, -1.55, -1.05):
            for lateral in (-0.45, 0.0, 0.45):
                ball = self.world([along + random.normal(0, 0.05), lateral, 1.12 + random.uniform(0, 0.12)])
                self.sketch.capsule(ball, ball + 0.01, 0.24, 0.24, load)

    def windows(self, cabin, half: float) -> None:
        (rear_x, low), (rear_top, high), (front_top, _), (front_x, _) = cabin
        bottom, top = low + 0.14 * (high - low), low + 0.88 * (high - low)

        def at(share: float) -> tuple[float, float, float]:
            rear = rear_x + share * (rear_top - rear_x)
            front = front_x + share * (front_top - front_x)
            return rear, front, half * (0.93 - 0.15 * share) + 0.01

        (rear_low, front_low, side_low), (rear_high, front_high, side_high) = at(0.14), at(0.88)
        side_low, side_high = side_low * self.near_side, side_high * self.near_side
        middle = 0.45 * (rear_low + front_low)
        for start, end, start_top, end_top in (
            (rear_low + 0.10, middle - 0.05, rear_high + 0.10, middle - 0.05),
            (middle + 0.05, front_low - 0.12, middle + 0.05, front_high - 0.10),
        ):
            self.face(
                [
                    (start, side_low, bottom),
                    (end, side_low, bottom),
                    (end_top, side_high, top),
                    (start_top, side_high, top),
                ],
                _GLASS,
            )
        end_low, end_high = (front_low, front_high) if self.sees_front else (rear_low, rear_high)
        out = 0.02 if self.sees_front else -0.02
        wide_low, wide_high = 0.88 * abs(side_low), 0.88 * abs(side_high)
        self.face(
            [
                (end_low + out, -wide_low, bottom),
                (end_low + out, wide_low, bottom),
                (end_high + out, wide_high, top),
                (end_high + out, -wide_high, top),
            ],
            (120, 100, 82),
        )


def random_vehicle(random: np.random.Generator, kind: str | None = None) -> Vehicle:
    kind = kind or KINDS[random.choice(4, p=[0.45, 0.22, 0.18, 0.15])]
    load = ((120, 150, 150), (70, 110, 150), (90, 130, 96))[random.integers(3)] if random.random() < 0.4 else None
    return Vehicle(
        kind=kind,
        paint=tuple(np.array(_PAINTS[random.integers(len(_PAINTS))]) * random.uniform(0.85, 1.05)),
        scale=random.uniform(0.92, 1.06),
        stretch=random.uniform(0.93, 1.07),
        load=load,
    )
