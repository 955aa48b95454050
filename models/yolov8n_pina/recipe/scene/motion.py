"""Where a moving thing is at time t: a path through timed points, softened at its corners."""

from dataclasses import dataclass

import numpy as np

_SOFTENING = np.linspace(-0.35, 0.35, 9)  # seconds over which a position is averaged


@dataclass(frozen=True)
class State:
    """One moment of a path."""

    place: np.ndarray
    heading: float
    walked: float
    speed: float


class Path:
    """Timed points (t, x, y); before the first and after the last it stands still."""

    def __init__(self, points, gait_offset: float = 0.0):
        self.points = np.array(points, dtype=float)
        self.gait_offset = gait_offset

    def _place(self, time) -> np.ndarray:
        time = np.asarray(time)
        return np.stack([np.interp(time, self.points[:, 0], self.points[:, axis]) for axis in (1, 2)], axis=-1)

    def _direction(self, time: float) -> np.ndarray:
        """Unit direction of the segment at `time`, or of the last one that moved."""
        steps = np.diff(self.points[:, 1:], axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        moving = np.flatnonzero(lengths > 1e-3)
        if len(moving) == 0:
            return np.array([np.cos(self.gait_offset), np.sin(self.gait_offset)])
        index = int(np.clip(np.searchsorted(self.points[:, 0], time, side="right") - 1, 0, len(steps) - 1))
        earlier = moving[moving <= index]
        chosen = earlier[-1] if len(earlier) else moving[0]
        return steps[chosen] / lengths[chosen]

    def at(self, time: float) -> State:
        times = time + _SOFTENING
        place = self._place(times).mean(axis=0)
        ahead = np.mean([self._direction(moment) for moment in time + 1.6 * _SOFTENING], axis=0)
        velocity = (self._place(time + 0.35) - self._place(time - 0.35)) / 0.70
        lengths = np.linalg.norm(np.diff(self.points[:, 1:], axis=0), axis=1)
        walked = np.interp(times, self.points[:, 0], np.concatenate([[0], np.cumsum(lengths)])).mean()
        return State(
            place=place,
            heading=float(np.arctan2(ahead[1], ahead[0])),
            walked=float(walked) + self.gait_offset,
            speed=float(np.linalg.norm(velocity)),
        )


def straight_path(place, heading: float, speed: float, gait_offset: float) -> Path:
    """Passes `place` at time 0, for a minute before and after; speed 0 stands still."""
    step = 60 * max(speed, 1e-4) * np.array([np.cos(heading), np.sin(heading)])
    start, end = np.asarray(place) - step, np.asarray(place) + step
    return Path([(-60, *start), (60, *end)], gait_offset=gait_offset)
