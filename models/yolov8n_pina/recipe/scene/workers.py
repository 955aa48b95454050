"""Field workers: jointed figures that walk, stand and bend, with hats and tools."""

from dataclasses import dataclass

import numpy as np

from .sketch import Sketch, local_frame

_SHIRTS = (
    (226, 226, 226),
    (190, 120, 70),
    (60, 60, 190),
    (70, 150, 210),
    (90, 150, 90),
    (60, 50, 48),
    (170, 110, 150),
    (60, 190, 225),
    (160, 180, 200),
    (150, 90, 40),
)
_TROUSERS = ((120, 84, 58), (70, 60, 56), (96, 122, 142), (44, 44, 46), (104, 112, 112), (140, 100, 78))
_HATS = ((140, 200, 226), (178, 214, 228), (90, 120, 150), (225, 228, 230), (60, 70, 200), (60, 60, 62))
_SKINS = ((96, 134, 184), (70, 102, 150), (50, 76, 116), (120, 156, 204))
POSES = ("walk", "stand", "bend")
TOOLS = ("none", "hoe", "machete", "coa", "sack")


@dataclass(frozen=True)
class Worker:
    """Looks of one worker; where and how is given to `sketch`."""

    size: float
    shirt: tuple
    trousers: tuple
    hat: tuple
    skin: tuple
    brim: float
    build: float
    pose: str
    tool: str

    label = "worker"

    def sketch(self, sketch: Sketch, place: np.ndarray, heading: float, walked: float, moving: float) -> None:
        """`walked` metres give the phase of the gait, `moving` 0..1 its size."""
        body = _Body(self, sketch, place, heading)
        if self.pose == "bend" and moving < 0.3:
            body.lean, moving = 0.95, 0.25
        body.draw(walked * 2 * np.pi / (0.78 * self.size), moving)


class _Body:
    """Joint positions for one moment; x forward, y left, z up, in units of the height."""

    def __init__(self, worker: Worker, sketch: Sketch, place: np.ndarray, heading: float):
        self.worker, self.sketch, self.lean = worker, sketch, 0.06
        self.frame = local_frame(heading)
        self.place = np.array([*place, 0.0])

    def world(self, point) -> np.ndarray:
        return self.place + self.worker.size * (np.asarray(point) @ self.frame)

    def limb(self, start, end, start_radius, end_radius, colour) -> None:
        scale = self.worker.size * self.worker.build
        self.sketch.capsule(self.world(start), self.world(end), start_radius * scale, end_radius * scale, colour)

    def draw(self, phase: float, moving: float) -> None:
        worker = self.worker
        hip_height = 0.50 - 0.012 * moving * (1 - np.cos(2 * phase)) - 0.05 * (self.lean > 0.5)
        for side, turn in ((1, phase), (-1, phase + np.pi)):
            self._leg(side, turn, moving, hip_height)
        spine = np.array([np.sin(self.lean), 0, np.cos(self.lean)])
        hip = np.array([0, 0, hip_height])
        neck = hip + 0.31 * spine
        for side, turn in ((1, phase + np.pi), (-1, phase)):
            self._arm(side, turn, moving, neck)
        for side in (1, -1):
            self.limb(hip + [0, 0.035 * side, -0.01], neck + [0, 0.055 * side, -0.03], 0.066, 0.062, worker.shirt)
        self._head(neck, spine)

    def _leg(self, side: int, turn: float, moving: float, hip_height: float) -> None:
        swing = 0.50 * moving * np.sin(turn)
        fold = moving * (0.12 + 0.75 * max(0.0, np.cos(turn)) ** 2)
        hip = np.array([0, 0.045 * side, hip_height])
        knee = hip + 0.245 * np.array([np.sin(swing), 0, -np.cos(swing)])
        shin = swing - fold
        ankle = knee + 0.225 * np.array([np.sin(shin), 0, -np.cos(shin)])
        ankle[2] = max(ankle[2], 0.02)
        self.limb(hip, knee, 0.058, 0.045, self.worker.trousers)
        self.limb(knee, ankle, 0.043, 0.032, self.worker.trousers)
        self.limb(ankle, ankle + [0.075, 0, -0.008], 0.030, 0.024, (38, 46, 58))

    def _arm(self, side: int, turn: float, moving: float, neck: np.ndarray) -> None:
        worker = self.worker
        shoulder = neck + [0, 0.108 * side, -0.035]
        holds = worker.tool != "none" and side == -1
        swing = 0.42 * moving * np.sin(turn) + (0.55 if holds else 0.0) + 0.35 * (self.lean > 0.5)
        elbow = shoulder + 0.165 * np.array([np.sin(swing), 0.18 * side, -np.cos(swing)])
        reach = swing + (0.95 if holds else 0.30)
        hand = elbow + 0.15 * np.array([np.sin(reach), 0, -np.cos(reach)])
        self.limb(shoulder, elbow, 0.036, 0.030, worker.shirt)
        self.limb(elbow, hand, 0.028, 0.022, worker.skin)
        self.limb(hand, hand + 0.001, 0.026, 0.026, worker.skin)
        if holds:
            self._tool(hand, neck)

    def _tool(self, hand: np.ndarray, neck: np.ndarray) -> None:
        wood, steel = (84, 122, 156), (168, 166, 160)
        tool = self.worker.tool
        if tool == "sack":
            back = neck + [-0.10, -0.02, -0.10]
            self.limb(back, back + [-0.02, 0, 0.10], 0.085, 0.07, (150, 184, 200))
        elif tool == "machete":
            self.limb(hand, hand + [0.28, 0, 0.10], 0.012, 0.016, steel)
        else:
            slope = np.array([-0.42, 0.0, 0.90]) if self.lean < 0.5 else np.array([-0.80, 0, 0.55])
            low, high = hand - 0.30 * slope, hand + 0.55 * slope
            self.limb(low, high, 0.011, 0.011, wood)
            head, span = (low, 0.045) if self.lean > 0.5 else (high, 0.045)
            self.limb(head - [0.05, 0, 0], head + [span, 0, 0], 0.022, 0.022 if tool == "hoe" else 0.04, steel)

    def _head(self, neck: np.ndarray, spine: np.ndarray) -> None:
        worker, sketch = self.worker, self.sketch
        head = neck + 0.085 * spine + [0.012, 0, 0]
        self.limb(neck - 0.02 * spine, neck + 0.05 * spine, 0.032, 0.030, worker.skin)
        self.limb(head, head + 0.03 * spine, 0.056, 0.058, worker.skin)
        sketch.layer = 1
        brow = self.world(head + 0.055 * spine)
        forward = np.array([np.cos(0.5 * self.lean), 0, -np.sin(0.5 * self.lean)]) @ self.frame
        reach = worker.brim * worker.size
        if worker.brim > 0.08:
            sketch.disc(brow, reach * forward, reach * self.frame[1], worker.hat)
        else:  # a cap has a peak only
            sketch.disc(
                brow + 0.05 * worker.size * forward,
                0.075 * worker.size * forward,
                0.05 * worker.size * self.frame[1],
                worker.hat,
            )
        sketch.layer = 2
        self.limb(head + 0.055 * spine, head + 0.105 * spine, 0.060, 0.044, worker.hat)
        sketch.layer = 0


def random_worker(random: np.random.Generator, pose: str | None = None) -> Worker:
    def pick(choices):
        return choices[random.integers(len(choices))]

    return Worker(
        size=random.uniform(1.55, 1.88),
        shirt=tuple(np.array(pick(_SHIRTS)) * random.uniform(0.8, 1.1)),
        trousers=tuple(np.array(pick(_TROUSERS)) * random.uniform(0.8, 1.15)),
        hat=pick(_HATS),
        skin=pick(_SKINS),
        brim=random.uniform(0.10, 0.16) if random.random() < 0.75 else 0.06,
        build=random.uniform(0.92, 1.15),
        pose=pose or POSES[random.choice(3, p=[0.6, 0.2, 0.2])],
        tool=TOOLS[random.choice(5, p=[0.40, 0.18, 0.16, 0.16, 0.10])],
    )
