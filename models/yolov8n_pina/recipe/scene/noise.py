"""Tileable noise pictures, sampled in world coordinates for soil, grass and clouds."""

from functools import lru_cache

import cv2
import numpy as np

SIZE = 512


@lru_cache(maxsize=None)
def tile(roughness: float, seed: int = 0) -> np.ndarray:
    """A seamless SIZE x SIZE field with mean 0 and deviation 1.

    `roughness` is the power with which detail falls off: 0.5 is gritty, 1.6 cloudy.
    """
    random = np.random.default_rng(seed + 7919)
    frequencies = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE)[None])
    frequencies[0, 0] = 1
    spectrum = np.fft.fft2(random.standard_normal((SIZE, SIZE))) / frequencies**roughness
    spectrum[0, 0] = 0
    field = np.real(np.fft.ifft2(spectrum))
    return (field / field.std()).astype(np.float32)


def sample(field: np.ndarray, across: np.ndarray, along: np.ndarray, cell: float) -> np.ndarray:
    """The field at world positions, `cell` metres (or any unit) per texel."""
    columns = np.mod(across / cell, SIZE).astype(np.float32)
    rows = np.mod(along / cell, SIZE).astype(np.float32)
    return cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
