"""Soil, tracks, the far land, hills and the sky: everything behind the things."""

from dataclasses import dataclass

import numpy as np

from . import noise
from .camera import Camera
from .light import Light

_SOILS = np.array([(62, 84, 132), (70, 96, 134), (92, 116, 142), (104, 124, 140), (56, 74, 116)], dtype=float)
_GRASS = np.array([(70, 112, 118), (84, 124, 138), (72, 104, 98)], dtype=float)


@dataclass(frozen=True)
class Ground:
    """The look of the land. Rows run along `row_heading`; the track crosses the field."""

    soil: np.ndarray
    grass: np.ndarray
    weeds: float  # share of the soil between rows that is overgrown
    row_heading: float
    row_spacing: float
    field_depth: float  # the planted field ends here, metres from the camera
    track_point: np.ndarray
    track_heading: float
    track_width: float
    offset: np.ndarray  # where in the noise this field lies

    def row_coordinates(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Across the rows and along them, for points (..., 2 or 3)."""
        cosine, sine = np.cos(self.row_heading), np.sin(self.row_heading)
        across = points[..., 0] * sine - points[..., 1] * cosine
        along = points[..., 0] * cosine + points[..., 1] * sine
        return across, along

    def track_distance(self, points: np.ndarray) -> np.ndarray:
        """Signed distance from the middle of the track."""
        cosine, sine = np.cos(self.track_heading), np.sin(self.track_heading)
        relative = points[..., :2] - self.track_point
        return relative[..., 1] * cosine - relative[..., 0] * sine


def random_ground(random: np.random.Generator, field_depth: float) -> Ground:
    heading = random.choice([0, np.pi / 2]) if random.random() < 0.35 else random.uniform(0, np.pi)
    return Ground(
        soil=_SOILS[random.integers(len(_SOILS))] * random.uniform(0.85, 1.15),
        grass=_GRASS[random.integers(len(_GRASS))] * random.uniform(0.85, 1.15),
        weeds=random.uniform(0.0, 0.6),
        row_heading=heading,
        row_spacing=random.uniform(3.2, 4.3),
        field_depth=field_depth,
        track_point=np.array([random.uniform(-4, 4), random.uniform(9, max(10, field_depth - 3))]),
        track_heading=random.normal(0, 0.25) if random.random() < 0.75 else random.uniform(0, np.pi),
        track_width=random.uniform(3.4, 5.5),
        offset=random.uniform(0, 500, 2),
    )


def _smooth(value: np.ndarray, low: float, high: float) -> np.ndarray:
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def _mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    return first + (second - first) * share[..., None]


def _paint_land(ground: Ground, light: Light, points: np.ndarray) -> np.ndarray:
    """Colours of ground points (count, 2)."""
    x, y = (points + ground.offset).T.astype(np.float32)
    distance = points[:, 1]
    detail = 1 - _smooth(distance, 12, 45)
    fine = noise.sample(noise.tile(0.5), x, y, 0.05) * detail
    clods = noise.sample(noise.tile(0.9), x, y, 0.03) * detail
    patches = noise.sample(noise.tile(1.5), x, y, 0.12)
    fields = noise.sample(noise.tile(1.6, 3), x, y * 0.4, 0.6)

    across, along = ground.row_coordinates(points)
    furrow = np.cos(2 * np.pi * across / ground.row_spacing)
    brightness = 1 + 0.05 * fine + 0.09 * clods + 0.07 * patches + 0.05 * furrow
    colour = ground.soil * brightness[:, None]

    grassy = _smooth(patches + 0.5 * clods - 0.4 * furrow, 1.3 - 2 * ground.weeds, 2.2 - 2 * ground.weeds)
    grass = ground.grass * (1 + 0.10 * fine + 0.12 * clods)[:, None]
    colour = _mix(colour, grass, 0.75 * grassy)

    aside = ground.track_distance(points)
    track = 1 - _smooth(np.abs(aside) + 0.12 * clods, 0.44 * ground.track_width, 0.54 * ground.track_width)
    ruts = np.exp(-(((np.abs(aside) - 0.8) / 0.28) ** 2))
    bare = ground.soil * 1.18 * (1 + 0.04 * fine + 0.05 * clods - 0.12 * ruts)[:, None]
    colour = _mix(colour, bare, track)

    beyond = _smooth(distance + 0.8 * patches, ground.field_depth, ground.field_depth + 3)
    rows_beyond = 0.5 + 0.5 * np.cos(2 * np.pi * across / ground.row_spacing)
    stripes = 0.10 * (0.5 - rows_beyond) * (1 - _smooth(distance, 45, 100))
    far = _mix(
        np.tile(ground.grass, (len(points), 1)),
        np.tile(ground.soil * 1.05, (len(points), 1)),
        _smooth(fields, -0.6, 0.9),
    )
    # The next plot's plants, too far to be told apart: spots on its rows.
    spot = rows_beyond + 0.5 + 0.5 * np.cos(2 * np.pi * along / 3.1) + 0.10 * clods
    planted = (
        _smooth(spot, 1.15, 1.6)
        * _smooth(fields, -0.5, 0.1)
        * _smooth(distance, ground.field_depth + 7, ground.field_depth + 8)
    )
    sharp = 1 - _smooth(distance, 35, 110)
    far = _mix(far, ground.grass * (0.92, 0.80, 0.62), (0.65 * planted * sharp + 0.25 * (1 - sharp)))
    colour = _mix(colour, far * (1 + stripes + 0.10 * patches + 0.05 * clods)[:, None], beyond)

    lit = colour * (light.sky + light.sun * light.direction[2])
    return light.haze(lit, distance)


def _paint_sky(light: Light, rays: np.ndarray, offset: np.ndarray) -> np.ndarray:
    elevation = np.clip(rays[:, 2] / np.linalg.norm(rays[:, :2], axis=1), 0.0, None)
    colour = _mix(light.horizon_colour, light.zenith_colour, _smooth(elevation, 0.0, 0.35) * 0.9)
    height = 1 / (elevation + 0.12)
    clouds = noise.sample(noise.tile(1.6, 5), rays[:, 0] * height * 40 + offset[0], height * 90 + offset[1], 1.0)
    cover = _smooth(clouds, 1.4 - 2.2 * light.cloud_cover, 2.6 - 2.2 * light.cloud_cover)
    return _mix(colour, np.minimum(light.horizon_colour * 1.06, 250), cover * 0.8)


def _paint_hills(picture: np.ndarray, camera: Camera, ground: Ground, light: Light, rays: np.ndarray) -> None:
    """Two or three hazy ranges, each a line of noise over the compass direction."""
    slope = rays[..., 2] / np.hypot(rays[..., 0], rays[..., 1])
    bearing = np.arctan2(rays[..., 0], rays[..., 1])
    for index, (height, haze) in enumerate(((0.050, 0.78), (0.034, 0.62), (0.016, 0.40))):
        line = noise.sample(
            noise.tile(1.5, 11 + index),
            bearing * 220 + ground.offset[index % 2] * (index + 1),
            np.zeros_like(bearing),
            1.0,
        )
        trees = noise.sample(noise.tile(0.7, 2), bearing * 900, slope * 2500, 1.0)
        crest = height * (1 + 0.45 * line) + (0.0012 * trees if index == 2 else 0)
        inside = _smooth(crest - slope, 0.0, 0.0022)
        base = light.flat(ground.grass * (0.75, 0.62, 0.55), 0.5) * (1 + 0.08 * trees[..., None])
        colour = base * (1 - haze) + light.horizon_colour * haze * 0.92
        picture[:] = _mix(picture, colour, inside)


def paint_background(camera: Camera, ground: Ground, light: Light) -> np.ndarray:
    """The picture without things or shadows, float32."""
    rays = camera.rays()
    picture = np.empty((camera.height, camera.width, 3), dtype=np.float32)
    lowest_sky_row = int(np.argmax((rays[..., 2] < -0.035).all(axis=1)))
    sky_rays = rays[: lowest_sky_row + 1]
    sky = _paint_sky(light, sky_rays.reshape(-1, 3), ground.offset).reshape(sky_rays.shape).astype(np.float32)
    _paint_hills(sky, camera, ground, light, sky_rays)
    picture[: lowest_sky_row + 1] = sky
    land = rays[..., 2] < -0.003
    falling = -rays[land][:, 2]
    painted = _paint_land(ground, light, rays[land][:, :2] * camera.mast / falling[:, None])
    horizon = falling < 0.03  # here the land fades into the foot of the hills
    painted[horizon] = _mix(picture[land][horizon], painted[horizon], _smooth(falling[horizon], 0.003, 0.03))
    picture[land] = painted
    return picture
