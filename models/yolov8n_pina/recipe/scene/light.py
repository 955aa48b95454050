"""Sun, sky light and haze: one place that decides what colour a surface gets.

Colours are blue-green-red floats from 0 to 255, as OpenCV stores pictures.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """`sun` and `sky` multiply a surface colour; `direction` points to the sun."""

    name: str
    direction: np.ndarray
    sun: np.ndarray
    sky: np.ndarray
    zenith_colour: np.ndarray
    horizon_colour: np.ndarray
    haze_per_metre: float
    cloud_cover: float
    shadow_softness: float  # metres of penumbra, roughly

    def shade(self, colours: np.ndarray, normals: np.ndarray, through: float = 0.0) -> np.ndarray:
        """Lambert shading; `through` lets thin leaves glow when lit from behind."""
        facing = normals @ self.direction
        lit = np.maximum(facing, 0) + through * np.maximum(-facing, 0)
        sky_seen = 0.72 + 0.28 * normals[..., 2]
        return colours * (sky_seen[..., None] * self.sky + lit[..., None] * self.sun)

    def flat(self, colours: np.ndarray, amount: float) -> np.ndarray:
        """Shading for shapes without a normal, `amount` of the sun reaching them."""
        return np.asarray(colours, dtype=float) * (self.sky + amount * self.sun)

    def haze(self, colours: np.ndarray, depth: np.ndarray) -> np.ndarray:
        share = 0.72 - 0.72 * np.exp(-self.haze_per_metre * np.asarray(depth))[..., None]
        return colours * (1 - share) + self.horizon_colour * share

    @property
    def ground_shadow(self) -> np.ndarray:
        """What is left of the ground's light where the sun is blocked."""
        return self.sky / (self.sky + self.sun * self.direction[2])

    def shadow_on_ground(self, points: np.ndarray) -> np.ndarray:
        """Points slid along the sun's rays down to z = 0."""
        drop = points[..., 2:3] / self.direction[2]
        fallen = points - drop * self.direction
        fallen[..., 2] = 0
        return fallen


# name: elevation range, sun strength, sun colour, sky strength, zenith, horizon, haze, clouds
_KINDS = {
    "morning": ((18, 32), 0.80, (0.80, 0.96, 1.08), 0.50, (205, 160, 112), (222, 222, 226), 0.0040, 0.35),
    "noon": ((48, 75), 0.72, (0.94, 1.00, 1.03), 0.50, (222, 160, 92), (232, 220, 202), 0.0015, 0.35),
    "afternoon": ((30, 48), 0.78, (0.86, 0.98, 1.05), 0.48, (214, 158, 98), (222, 220, 212), 0.0020, 0.40),
    "dusk": ((13, 20), 0.66, (0.56, 0.82, 1.12), 0.44, (150, 112, 96), (118, 168, 232), 0.0045, 0.50),
    "overcast": ((40, 70), 0.14, (0.98, 1.00, 1.00), 0.80, (196, 190, 184), (214, 212, 210), 0.0040, 0.95),
}
LIGHT_NAMES = tuple(_KINDS)


def make_light(random: np.random.Generator, name: str | None = None) -> Light:
    """A light of the named kind, or of a random one."""
    name = name or LIGHT_NAMES[random.integers(len(LIGHT_NAMES))]
    elevations, strength, tint, sky, zenith, horizon, haze, clouds = _KINDS[name]
    elevation = np.radians(random.uniform(*elevations))
    azimuth = random.uniform(0, 2 * np.pi)
    exposure = random.uniform(0.86, 1.12)
    sky_tint = np.array([1.06, 1.0, 0.96]) if name != "dusk" else np.array([1.12, 1.0, 1.0])
    return Light(
        name=name,
        direction=np.array(
            [
                np.cos(elevation) * np.cos(azimuth),
                np.cos(elevation) * np.sin(azimuth),
                np.sin(elevation),
            ]
        ),
        sun=exposure * strength * np.array(tint),
        sky=exposure * sky * sky_tint,
        zenith_colour=exposure**0.5 * np.array(zenith, dtype=float),
        horizon_colour=exposure**0.5 * np.array(horizon, dtype=float),
        haze_per_metre=haze * random.uniform(0.6, 1.5),
        cloud_cover=clouds * random.uniform(0.7, 1.05),
        shadow_softness=0.25 if name == "overcast" else 0.03,
    )
