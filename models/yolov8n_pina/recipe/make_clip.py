"""Renders the demonstration clip and works out its truth.

The story: workers cross a marked patch of a field (allowed). A pickup drives
in, stops and leaves; later a cow wanders through; at last a worker pushes a
cart of crates across. The truth is what the renderer knows: an incident lasts
while the bottom centre of the visible box of at least one `object` is inside
the zone.
"""

import argparse
import os
import subprocess
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from make_dataset import worth_labelling  # noqa: E402
from scene import Actor, Scene  # noqa: E402
from scene.animals import random_animal  # noqa: E402
from scene.camera import Camera  # noqa: E402
from scene.compose import plant_rows, scatter_clutter  # noqa: E402
from scene.crates import Crates  # noqa: E402
from scene.effects import random_lens  # noqa: E402
from scene.ground import random_ground  # noqa: E402
from scene.light import make_light  # noqa: E402
from scene.motion import Path as Way  # noqa: E402
from scene.plants import Clutter  # noqa: E402
from scene.vehicles import random_vehicle  # noqa: E402
from scene.workers import random_worker  # noqa: E402
from settings import DEMO  # noqa: E402

SEED = 77  # of no split
WIDTH, HEIGHT, FRAMES_PER_SECOND, SECONDS = 960, 540, 25, 22.8
MERGED_GAP = 1.5  # seconds
# The forbidden zone on the ground, metres: to the right of the camera, away from it.
ZONE = np.array([(-5.0, 11.2), (5.0, 11.2), (5.6, 18.6), (-5.6, 18.6)])


def _actors(random: np.random.Generator) -> list[Actor]:
    def worker(tool: str, pose: str, *points, **looks) -> Actor:
        return Actor(replace(random_worker(random, pose), tool=tool, **looks), Way(points))

    pickup = replace(random_vehicle(random, "pickup"), paint=(225, 228, 230), load=(120, 150, 150))
    cow = replace(random_animal(random, "cow"), coat=(46, 66, 104), patch=(214, 220, 224), grazing=True, size=1.45)
    boxes = tuple(
        (column * 0.95, 0.0, level * 0.46, 0.45, 0.42, 0.46, 0.0) for column, level in ((0, 0), (0, 1), (1, 0))
    )
    cart = Crates("wood", (92, 150, 200), boxes, on_cart=True)
    return [
        worker("hoe", "walk", (-3, -10.5, 13.0), (1.2, -4.5, 12.6), (12, 10.5, 12.2), shirt=(226, 226, 226)),
        worker("none", "walk", (-4, 9.5, 17.6), (9, -8.0, 18.0), (23, -24, 18.5), shirt=(190, 110, 60)),
        worker("machete", "bend", (-1, 7.4, 12.6), (40, 7.4, 12.61), shirt=(60, 60, 190)),
        worker("none", "walk", (5.5, -12.5, 12.4), (22, 9.5, 12.2), shirt=(60, 190, 225)),
        Actor(
            pickup,
            Way(
                [
                    (0.7, -24, 14.9),
                    (3.8, -4.0, 14.8),
                    (4.6, -0.2, 14.8),
                    (6.6, -0.2, 14.8),
                    (7.6, 4.6, 14.9),
                    (10.7, 28, 15.2),
                ]
            ),
        ),
        Actor(
            cow,
            Way(
                [
                    (5.6, 16.5, 21.5),
                    (10.2, 5.9, 15.9),
                    (11.6, 2.4, 14.6),
                    (12.6, 2.2, 14.4),
                    (14.2, 5.2, 15.2),
                    (17.6, 13.0, 16.8),
                    (22.6, 20, 18.5),
                ]
            ),
        ),
        Actor(cart, Way([(11.0, -16.8, 14.2), (16.8, -5.2, 14.3), (21.8, 5.2, 14.4), (25.6, 13.0, 14.4)])),
        worker("none", "walk", (11.0, -18.3, 14.2), (16.8, -6.7, 14.3), (21.8, 3.7, 14.4), (25.6, 11.5, 14.4)),
    ]


@lru_cache(maxsize=1)
def build_scene() -> Scene:
    """The same scene in every process."""
    random = np.random.default_rng(SEED)
    camera = Camera(WIDTH, HEIGHT, mast=7.8, view_angle=np.radians(66), pitch=np.radians(17.6))
    ground = replace(
        random_ground(random, field_depth=31.0),
        soil=np.array([74.0, 100, 138]),
        weeds=0.18,
        row_heading=1.25,
        row_spacing=3.5,
        track_point=np.array([0.0, 14.3]),
        track_heading=0.01,
        track_width=5.2,
    )
    azimuth, elevation = np.radians(205), np.radians(34)
    direction = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    light = make_light(random, "afternoon")
    light = replace(light, direction=direction, sun=1.2 * light.sun, sky=1.12 * light.sky)
    corners = [Clutter(corner, "post", 1.0, 1) for corner in ZONE]
    return Scene(
        camera=camera,
        light=light,
        ground=ground,
        lens=replace(random_lens(random), noise=1.6, blur=0.0, vignette=0.16),
        plants=plant_rows(random, camera, ground, 1.3),
        clutter=[*scatter_clutter(random, camera, ground), *corners],
        actors=_actors(random),
        seed=SEED,
    )


def zone_in_frame() -> np.ndarray:
    """The zone's corners as fractions of the frame."""
    pixels, _ = build_scene().camera.project(np.c_[ZONE, np.zeros(len(ZONE))])
    return np.round(pixels / [WIDTH, HEIGHT], 3)


def render_frame(index: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """One frame, and the bottom centres (as fractions) of the objects in it."""
    cv2.setNumThreads(1)
    picture, labels = build_scene().render(index / FRAMES_PER_SECOND)
    feet = [label.bottom_centre for label in labels if label.name == "object" and worth_labelling(label, WIDTH)]
    return picture, [(across / WIDTH, down / HEIGHT) for across, down in feet]


def incidents(occupied: list[bool]) -> list[tuple[float, float]]:
    """Spans in seconds in which the zone is occupied, short gaps closed."""
    spans: list[list[float]] = []
    for index, inside in enumerate(occupied):
        time = index / FRAMES_PER_SECOND
        if not inside:
            continue
        if spans and time - spans[-1][1] < MERGED_GAP:
            spans[-1][1] = time + 1 / FRAMES_PER_SECOND
        else:
            spans.append([time, time + 1 / FRAMES_PER_SECOND])
    return [(round(begin, 2), round(end, 2)) for begin, end in spans]


def write_truth(folder: Path, zone: np.ndarray, spans: list[tuple[float, float]]) -> None:
    corners = ", ".join(f"[{across:.3f}, {down:.3f}]" for across, down in zone)
    lines = [f"  - {{ zone: forbidden, class: object, begin: {begin}, end: {end} }}" for begin, end in spans]
    (folder / "truth.yaml").write_text(
        "# Written by recipe/make_clip.py. Times are seconds of the clip; corners are fractions of the frame.\n"
        f"clip: demo.mp4\nfps: {FRAMES_PER_SECOND}\nzones: {{ forbidden: [{corners}] }}\nincidents:\n"
        + "\n".join(lines)
        + "\n"
    )


def encoder(file: Path, crf: int) -> subprocess.Popen:
    return subprocess.Popen(
        [
            "ffmpeg",
            "-loglevel",
            "error",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "bgr24",
            "-s",
            f"{WIDTH}x{HEIGHT}",
            "-r",
            str(FRAMES_PER_SECOND),
            "-i",
            "-",
            "-c:v",
            "libx264",
            "-profile:v",
            "main",
            "-pix_fmt",
            "yuv420p",
            "-preset",
            "slow",
            "-crf",
            str(crf),
            "-g",
            "50",
            "-movflags",
            "+faststart",
            "-threads",
            "2",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            str(file),
        ],
        stdin=subprocess.PIPE,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=DEMO, help="folder for demo.mp4 and truth.yaml")
    parser.add_argument("--quality", type=int, default=27, help="x264 rate factor; lower is larger and better")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()

    options.output.mkdir(parents=True, exist_ok=True)
    zone = zone_in_frame()
    outline = zone.astype(np.float32)
    occupied = []
    video = encoder(options.output / "demo.mp4", options.quality)
    with ProcessPoolExecutor(options.processes) as pool:
        for picture, feet in pool.map(render_frame, range(int(SECONDS * FRAMES_PER_SECOND)), chunksize=5):
            occupied.append(any(cv2.pointPolygonTest(outline, foot, False) >= 0 for foot in feet))
            video.stdin.write(picture.tobytes())
    video.stdin.close()
    if video.wait() != 0:
        raise SystemExit("ffmpeg failed")
    spans = incidents(occupied)
    write_truth(options.output, zone, spans)
    size = (options.output / "demo.mp4").stat().st_size
    print(f"{len(occupied)} frames, {size} bytes, zone {zone.tolist()}, incidents {spans}")


if __name__ == "__main__":
    main()
