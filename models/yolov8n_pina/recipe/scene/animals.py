"""Animals that stray into a field: cows, horses, goats and dogs, with a walking gait."""

from dataclasses import dataclass

import numpy as np

from .sketch import Sketch, local_frame


@dataclass(frozen=True)
class _Breed:
    """Proportions in units of the height of the withers."""

    height: tuple  # metres, smallest and largest
    length: float  # withers to hips
    girth: float  # radius of the trunk
    leg: float  # radius at the top of a leg
    neck: float
    neck_rise: float  # radians above the horizontal
    head: float
    muzzle: float
    ears: float
    horns: float
    tail: float
    colours: tuple


_BREEDS = {
    "cow": _Breed(
        (1.30, 1.55),
        0.95,
        0.260,
        0.085,
        0.34,
        0.35,
        0.30,
        0.085,
        0.12,
        0.13,
        0.55,
        ((46, 60, 92), (210, 216, 220), (38, 40, 44), (70, 104, 150), (130, 170, 200)),
    ),
    "horse": _Breed(
        (1.35, 1.60),
        0.90,
        0.215,
        0.078,
        0.50,
        0.85,
        0.33,
        0.070,
        0.09,
        0.0,
        0.55,
        ((40, 60, 98), (34, 38, 48), (190, 196, 200), (70, 110, 160)),
    ),
    "goat": _Breed(
        (0.80, 1.00),
        0.85,
        0.235,
        0.075,
        0.36,
        0.85,
        0.27,
        0.075,
        0.13,
        0.20,
        0.14,
        ((215, 220, 224), (50, 66, 92), (40, 42, 46), (110, 140, 168)),
    ),
    "dog": _Breed(
        (0.66, 0.82),
        0.95,
        0.185,
        0.075,
        0.32,
        0.75,
        0.30,
        0.070,
        0.12,
        0.0,
        0.42,
        ((60, 100, 150), (36, 38, 42), (196, 206, 214), (84, 116, 140)),
    ),
}
KINDS = tuple(_BREEDS)


@dataclass(frozen=True)
class Animal:
    """Looks of one animal; where and how is given to `sketch`."""

    kind: str
    size: float
    coat: tuple
    patch: tuple | None
    grazing: bool

    label = "object"

    def sketch(self, sketch: Sketch, place: np.ndarray, heading: float, walked: float, moving: float) -> None:
        breed, size, coat = _BREEDS[self.kind], self.size, np.array(self.coat, dtype=float)
        frame, ground = local_frame(heading), np.array([*place, 0.0])

        def limb(start, end, start_radius, end_radius, colour):
            start, end = (ground + size * (np.asarray(point, dtype=float) @ frame) for point in (start, end))
            sketch.capsule(start, end, start_radius * size, end_radius * size, colour)

        back = 1.0 - breed.girth
        front, rear = np.array([breed.length / 2, 0, back]), np.array([-breed.length / 2, 0, back])
        phase = walked * 2 * np.pi / (1.05 * size)
        self._legs(limb, breed, coat, back, phase, moving)
        limb(rear, front, breed.girth, 0.95 * breed.girth, coat)
        if self.patch is not None:
            for side in (1, -1):
                middle = np.array([0.05 * breed.length, side * 0.55 * breed.girth, back + 0.05])
                limb(middle - [0.22, 0, 0], middle + [0.1, 0, 0], 0.62 * breed.girth, 0.50 * breed.girth, self.patch)
        root = rear + [-0.8 * breed.girth, 0, 0.45 * breed.girth]
        drop = np.array([-0.45, 0, -0.9]) if self.kind != "dog" else np.array([-0.7, 0, 0.7])
        limb(root, root + breed.tail * drop, 0.035, 0.022, 0.8 * coat)
        self._head(limb, breed, coat, front, phase, moving)

    def _legs(self, limb, breed: _Breed, coat: np.ndarray, back: float, phase: float, moving: float) -> None:
        for index, (along, side) in enumerate(((0.42, 1), (-0.46, -1), (0.42, -1), (-0.46, 1))):
            turn = phase + np.pi * (index // 2) + 0.4 * (index % 2)
            swing = 0.42 * moving * np.sin(turn)
            fold = 0.8 * moving * max(0.0, np.cos(turn)) ** 2
            top = np.array([along * breed.length, side * 0.62 * breed.girth, back - 0.3 * breed.girth])
            upper = 0.5 * top[2]
            knee = top + upper * np.array([np.sin(swing), 0, -np.cos(swing)])
            hoof = knee + (upper - 0.02) * np.array([np.sin(swing - fold), 0, -np.cos(swing - fold)])
            limb(top, knee, 1.15 * breed.leg, 0.62 * breed.leg, 0.92 * coat)
            limb(knee, hoof, 0.60 * breed.leg, 0.50 * breed.leg, 0.80 * coat)

    def _head(self, limb, breed: _Breed, coat: np.ndarray, front: np.ndarray, phase: float, moving: float) -> None:
        rise = breed.neck_rise + 0.06 * np.sin(2 * phase) * moving
        if self.grazing and moving < 0.3:
            rise = -0.75
        base = front + [0.35 * breed.girth, 0, 0.35 * breed.girth]
        poll = base + breed.neck * np.array([np.cos(rise), 0, np.sin(rise)])
        nose = poll + breed.head * np.array([np.cos(0.75 - 0.2 * rise), 0, -np.sin(0.75 - 0.2 * rise)])
        limb(base, poll, 0.62 * breed.girth, 0.40 * breed.girth, coat)
        limb(poll, nose, 1.35 * breed.muzzle, 0.85 * breed.muzzle, 0.95 * coat)
        limb(nose, nose + 0.002, 0.75 * breed.muzzle, 0.7 * breed.muzzle, 0.55 * coat + 20)
        for side in (1, -1):
            ear = poll + [0, 0.08 * side, 0.05]
            limb(ear, ear + [-0.02, 0.8 * breed.ears * side, 0.35 * breed.ears], 0.035, 0.02, 0.85 * coat)
            if breed.horns:
                limb(ear, ear + [-0.03, 0.5 * breed.horns * side, breed.horns], 0.022, 0.008, (168, 196, 206))


def random_animal(random: np.random.Generator, kind: str | None = None) -> Animal:
    kind = kind or KINDS[random.choice(4, p=[0.34, 0.2, 0.24, 0.22])]
    breed = _BREEDS[kind]
    coat = breed.colours[random.integers(len(breed.colours))]
    patched = random.random() < (0.55 if kind in ("cow", "goat", "dog") else 0.1)
    patch = breed.colours[random.integers(len(breed.colours))] if patched else None
    return Animal(
        kind=kind,
        size=random.uniform(*breed.height),
        coat=tuple(np.array(coat) * random.uniform(0.85, 1.1)),
        patch=patch,
        grazing=kind != "dog" and random.random() < 0.4,
    )
