"""A fixed pinhole camera on a mast, looking down a field.

World coordinates are metres: x to the right, y away from the camera, z up;
the mast stands at the origin and the ground is the plane z = 0.
"""

from dataclasses import dataclass

import numpy as np

NEAREST_DEPTH = 0.4
FARTHEST_PIXEL = 4000  # corners outside the frame are clamped, so that they fit a filled outline


@dataclass(frozen=True)
class Camera:
    """Where the camera hangs and how it sees; `width` and `height` are pixels."""

    width: int
    height: int
    mast: float  # height above the ground, metres
    view_angle: float  # horizontal field of view, radians
    pitch: float  # downwards, radians
    roll: float = 0.0

    @property
    def focal(self) -> float:
        return 0.5 * self.width / np.tan(0.5 * self.view_angle)

    @property
    def axes(self) -> np.ndarray:
        """Rows: right, up and forward of the camera in world coordinates."""
        cosine, sine = np.cos(self.pitch), np.sin(self.pitch)
        return np.array([[1, 0, 0], [0, sine, cosine], [0, cosine, -sine]])

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance along the viewing direction."""
        return (points - [0, 0, self.mast]) @ self.axes[2]

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """World points (..., 3) to pixels (..., 2) and depths (...)."""
        seen = (points - [0, 0, self.mast]) @ self.axes.T
        depth = np.maximum(seen[..., 2], NEAREST_DEPTH)
        across = self.focal * seen[..., 0] / depth
        down = -self.focal * seen[..., 1] / depth
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        pixels = np.stack(
            [
                0.5 * self.width + cosine * across - sine * down,
                0.5 * self.height + sine * across + cosine * down,
            ],
            axis=-1,
        )
        return np.clip(pixels, -FARTHEST_PIXEL, FARTHEST_PIXEL), depth

    def rays(self) -> np.ndarray:
        """Viewing direction of every pixel, (height, width, 3)."""
        across, down = np.meshgrid(
            np.arange(self.width, dtype=np.float32) + 0.5 - 0.5 * self.width,
            np.arange(self.height, dtype=np.float32) + 0.5 - 0.5 * self.height,
        )
        cosine, sine = np.cos(self.roll), np.sin(self.roll)
        level_across = (cosine * across + sine * down) / self.focal
        level_down = (cosine * down - sine * across) / self.focal
        straight = np.ones_like(level_across)
        directions = np.stack([level_across, -level_down, straight], axis=-1)
        return directions @ self.axes.astype(np.float32)

    def pixels_per_metre(self, depth: float) -> float:
        return self.focal / depth


def random_camera(random: np.random.Generator, width: int, height: int) -> Camera:
    """A plausible mounting: 6 to 9 m high, horizon near the top of the frame."""
    view_angle = np.radians(random.uniform(60, 73))
    vertical_angle = 2 * np.arctan(np.tan(view_angle / 2) * height / width)
    horizon = random.uniform(0.05, 0.15)  # as a fraction of the frame
    return Camera(
        width=width,
        height=height,
        mast=random.uniform(6.0, 9.0),
        view_angle=view_angle,
        pitch=np.arctan((1 - 2 * horizon) * np.tan(vertical_angle / 2)),
        roll=np.radians(random.normal(0, 0.6)),
    )
