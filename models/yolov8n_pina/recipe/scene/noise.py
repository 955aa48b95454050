"""Tileable noise pictures, sampled in world coordinates for soil, grass and clouds."""

from functools import cache

import cv2
import numpy as np

SIZE = 512
_BLOCK = 1024  # OpenCV remaps pictures, not long lists: positions go in rows of this many


@cache
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
    """The field at world positions of any shape, `cell` metres (or any unit) per texel."""
    count = across.size
    positions = np.zeros((2, -(-count // _BLOCK) * _BLOCK), dtype=np.float32)
    positions[0, :count] = np.mod(across.ravel() / cell, SIZE)
    positions[1, :count] = np.mod(along.ravel() / cell, SIZE)
    columns, rows = positions.reshape(2, -1, _BLOCK)
    values = cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return values.ravel()[:count].reshape(across.shape)
