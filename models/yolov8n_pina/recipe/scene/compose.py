"""Makes up random scenes for training: what stands where in a field."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import effects
from .animals import random_animal
from .camera import Camera, random_camera
from .crates import random_crates
from .ground import Ground, random_ground
from .light import make_light
from .motion import straight_path
from .plants import VARIANTS, Clutter, Plant, leaf_colour
from .vehicles import random_vehicle
from .workers import random_worker
from .world import Actor, Scene

SMALLEST_PLANT = 0.036  # height of the farthest plants, as a share of the frame's width
SMALLEST_ACTOR = 0.047  # likewise for people, animals and goods


def plant_rows(random: np.random.Generator, camera: Camera, ground: Ground, size: float, taken=()) -> list[Plant]:
    """Plants on the rows inside the view, leaving the track and `taken` spots free."""
    reach = ground.field_depth + 12
    spacing = max(random.uniform(3.0, 3.8), 2.2 * size)
    gaps = random.choice([0.05, 0.15, 0.40])
    base = leaf_colour(random)
    cosine, sine = np.cos(ground.row_heading), np.sin(ground.row_heading)
    rows = []
    for row in np.arange(-reach * 2, reach * 2, ground.row_spacing):
        for step in np.arange(-reach * 2, reach * 2, spacing):
            jitter = random.normal(0, 0.13, 2)
            along, across = step + jitter[0] + 0.5 * spacing * (round(row / ground.row_spacing) % 2), row + jitter[1]
            place = np.array([along * cosine + across * sine, along * sine - across * cosine])
            rows.append(place)
    plants = []
    for place in rows:
        skip, scale, turn = random.random() < gaps, random.normal(1, 0.09), random.uniform(0, 2 * np.pi)
        variant, tint = int(random.integers(VARIANTS)), random.uniform(0.92, 1.08, 3)
        if skip or not 3 < place[1] < ground.field_depth:
            continue
        if abs(ground.track_distance(place)) < ground.track_width / 2 + 0.75 * size:
            continue
        if any(np.hypot(*(place - spot)) < radius + 0.7 * size for spot, radius in taken):
            continue
        if in_frame(camera, place, 0.12):
            plants.append(Plant(place, size * np.clip(scale, 0.8, 1.2), turn, variant, base * tint))
    return plants


def in_frame(camera: Camera, place, margin: float = -0.04) -> bool:
    """Whether a thing standing at `place` shows; `margin` widens the frame."""
    pixels, depth = camera.project(np.array([[*place, 0.3]]))
    across, down = pixels[0] / [camera.width, camera.height]
    return bool(-margin < across < 1 + margin and down < 1 + margin and depth[0] > 2)


def scatter_clutter(random: np.random.Generator, camera: Camera, ground: Ground) -> list[Clutter]:
    clutter = []
    for _ in range(int(random.integers(4, 40))):
        depth = random.uniform(4, ground.field_depth + 15)
        place = np.array([random.uniform(-0.8, 0.8) * depth, depth])
        kind = ("tuft", "tuft", "stone", "post")[random.integers(4)]
        if kind == "post" and random.random() < 0.6:
            continue
        if in_frame(camera, place, 0.05):
            clutter.append(Clutter(place, kind, random.uniform(0.7, 1.3), int(random.integers(1 << 30))))
    return clutter


def _spot(random: np.random.Generator, camera: Camera, ground: Ground, deepest: float, on_track: float, taken, radius):
    """A free place in view, with chance `on_track` on the track; None when none was found."""
    nearest = camera.mast / np.tan(camera.pitch + 0.42 * camera.height / camera.focal)
    if deepest < nearest:
        return None  # it would be too small wherever it shows
    for _ in range(30):
        depth = random.uniform(nearest, deepest)
        place = np.array([random.uniform(-1, 1) * depth * np.tan(camera.view_angle / 2), depth])
        if random.random() < on_track:
            normal = np.array([-np.sin(ground.track_heading), np.cos(ground.track_heading)])
            place = place - (ground.track_distance(place) + random.normal(0, 0.5)) * normal
        if not in_frame(camera, place) or not nearest < place[1] < deepest:
            continue
        if all(np.hypot(*(place - spot)) > radius + other for spot, other in taken):
            return place
    return None


@dataclass(frozen=True)
class _Kind:
    """How one kind of actor is strewn over a field."""

    make: Callable
    most: int  # in one picture
    radius: float  # metres it keeps clear of others
    on_track: float  # chance that it stands on the track
    fastest: float  # metres a second


# In the order in which they take their places: what needs most room goes first.
_KINDS = (
    _Kind(random_vehicle, 2, 2.6, 0.8, 7.0),
    _Kind(random_crates, 3, 1.9, 0.4, 0.0),
    _Kind(random_animal, 4, 1.0, 0.35, 1.4),
    _Kind(random_worker, 8, 0.6, 0.45, 1.5),
)
_DRAWING_ORDER = (3, 0, 1, 2)  # the counts are drawn for workers first; fixed, as seeds depend on it


def _actors(random: np.random.Generator, camera: Camera, ground: Ground) -> tuple[list[Actor], list]:
    """People and objects; also the spots (place, radius) that plants must leave free."""
    pixels = camera.focal / camera.width  # a thing of 1 m at 1 m, as a share of the width
    counts = {index: int(random.integers(_KINDS[index].most + 1)) for index in _DRAWING_ORDER}
    actors, taken, clear = [], [], []
    for index, kind in enumerate(_KINDS):
        for _ in range(counts[index]):
            looks = kind.make(random)
            deepest = min(ground.field_depth - (kind.radius > 1), getattr(looks, "size", 1.5) * pixels / SMALLEST_ACTOR)
            place = _spot(random, camera, ground, deepest, kind.on_track, taken, kind.radius)
            if place is None:
                continue
            heading = random.uniform(0, 2 * np.pi)
            if kind.make is random_vehicle:
                along = random.choice([0, np.pi]) + random.normal(0, 0.12)
                heading = ground.track_heading + along if random.random() < 0.6 else heading
            speed = random.uniform(0, kind.fastest) if random.random() < 0.7 else 0.0
            gait_offset = heading if speed else random.uniform(0, 6)
            actors.append(Actor(looks, straight_path(place, heading, speed, gait_offset)))
            taken.append((place, kind.radius))
            if kind.radius > 1 or random.random() < 0.8:  # the others may be half hidden by plants
                towards_camera = -place / np.hypot(*place)
                clear += [(place, 0.8 * kind.radius), (place + 1.5 * towards_camera, 1.0)]
    return actors, clear


def random_scene(seed: int, width: int, height: int) -> Scene:
    """A training scene; the same seed gives the same scene at every size."""
    random = np.random.default_rng(seed)
    camera = random_camera(random, width, height)
    size = random.uniform(1.0, 1.5)
    field_depth = size * camera.focal / camera.width / SMALLEST_PLANT
    ground = random_ground(random, field_depth)
    light = make_light(random)
    busy = random.random() < 0.95
    actors, clear = _actors(random, camera, ground) if busy else ([], [])
    planted = random.random() < 0.95
    plants = plant_rows(random, camera, ground, size, clear) if planted else []
    return Scene(
        camera=camera,
        light=light,
        ground=ground,
        lens=effects.random_lens(random),
        plants=plants,
        clutter=scatter_clutter(random, camera, ground),
        actors=actors,
        seed=seed,
    )
