"""Collects what one thing looks like: coloured outlines in pixels plus its shadow.

Everything in a scene (plants, people, vehicles) is described to a `Sketch` in
world coordinates; the sketch projects, shades and orders it, and the canvas
only fills outlines.
"""

import cv2
import numpy as np

from .camera import Camera
from .light import Light

_CIRCLE = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 10, endpoint=False)), np.sin(np.linspace(0, 2 * np.pi, 10, endpoint=False))],
    axis=-1,
)


class Sketch:
    """Outlines of one thing. `layer` orders parts; inside a layer, far before near."""

    def __init__(self, camera: Camera, light: Light):
        self.camera = camera
        self.light = light
        self.layer = 0
        self.shapes: list[tuple[int, float, np.ndarray, tuple]] = []
        self.shadows: list[np.ndarray] = []

    def ordered(self) -> list[tuple[np.ndarray, tuple]]:
        shapes = sorted(self.shapes, key=lambda shape: (shape[0], -shape[1]))
        return [(outline, colour) for _, _, outline, colour in shapes]

    def polygons(self, points: np.ndarray, colours: np.ndarray, shadow: bool = True) -> None:
        """Already shaded polygons: points (count, corners, 3), colours (count, 3)."""
        pixels, depths = self.camera.project(points)
        depths = depths.mean(axis=1)
        colours = np.clip(self.light.haze(colours, depths), 0, 255)
        for outline, depth, colour in zip(pixels, depths, colours.tolist()):
            self.shapes.append((self.layer, float(depth), outline, tuple(colour)))
        if shadow:
            self.shadows.extend(self.camera.project(self.light.shadow_on_ground(points))[0])

    def solid(self, faces: list[np.ndarray], colours, centre: np.ndarray, shadow: bool = True) -> None:
        """The faces of a convex body, shaded, those turned away left out."""
        eye = np.array([0, 0, self.camera.mast])
        for face, colour in zip(faces, colours):
            normal = np.cross(face[1] - face[0], face[2] - face[0])
            normal /= np.linalg.norm(normal) + 1e-9
            middle = face.mean(axis=0)
            if normal @ (middle - centre) < 0:
                normal = -normal
            if normal @ (eye - middle) > 0:
                shaded = self.light.shade(np.asarray(colour, dtype=float)[None], normal[None])
                self.polygons(face[None], shaded, shadow=False)
            if shadow:
                self.shadows.append(self.camera.project(self.light.shadow_on_ground(face))[0])

    def capsule(self, start, end, start_radius: float, end_radius: float, colour) -> None:
        """A rounded limb: a dark outline and a lighter core shifted towards the sun."""
        ends = np.array([start, end], dtype=float)
        radii = np.array([start_radius, end_radius])
        pixels, depths = self.camera.project(ends)
        pixel_radii = radii * self.camera.focal / depths
        depth = float(depths.mean())
        towards_sun = (self.camera.axes @ self.light.direction)[:2] * [1, -1]
        for share, amount, nudge in ((1.0, 0.22, 0.0), (0.68, 0.72, 0.26)):
            middle = pixels + nudge * pixel_radii[:, None] * towards_sun
            rings = middle[:, None] + share * pixel_radii[:, None, None] * _CIRCLE
            outline = cv2.convexHull(rings.reshape(-1, 2).astype(np.float32))[:, 0]
            shaded = self.light.haze(self.light.flat(colour, amount), depth)
            # The tiny depth difference keeps the core in front of its outline.
            self.shapes.append((self.layer, depth - 0.001 * nudge, outline, tuple(np.clip(shaded, 0, 255).tolist())))
        fallen = self.light.shadow_on_ground(ends)
        circle = np.concatenate([_CIRCLE, np.zeros((len(_CIRCLE), 1))], axis=1)
        ring = (fallen[:, None] + radii[:, None, None] * circle).reshape(-1, 3)
        ring_pixels = self.camera.project(ring)[0].astype(np.float32)
        self.shadows.append(cv2.convexHull(ring_pixels)[:, 0])

    def disc(self, centre, first_axis, second_axis, colour, shadow: bool = True) -> None:
        """A flat ellipse spanned by two axes (a wheel, the brim of a hat)."""
        points = np.asarray(centre) + _CIRCLE[:, :1] * first_axis + _CIRCLE[:, 1:] * second_axis
        normal = np.cross(first_axis, second_axis)
        normal = normal / (np.linalg.norm(normal) + 1e-9)
        if normal @ (np.array([0, 0, self.camera.mast]) - centre) < 0:
            normal = -normal
        shaded = self.light.shade(np.asarray(colour, dtype=float)[None], normal[None])
        self.polygons(points[None], shaded, shadow)


def local_frame(heading: float) -> np.ndarray:
    """Rows: forward, left and up of a thing that faces `heading` on the ground."""
    cosine, sine = np.cos(heading), np.sin(heading)
    return np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1.0]])
