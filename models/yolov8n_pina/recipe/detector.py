"""Runs the shipped ONNX model the way the engine does: letterbox, decode, suppress.

Kept free of Ultralytics on purpose, so that what is measured is the file that
is shipped and the decoding that a host really performs.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

GREY = 114
OVERLAP = 0.7  # boxes of a class that overlap more are one thing
CLASS_OFFSET = 7680  # moves the boxes of each class apart, so that classes never suppress each other
MOST_CANDIDATES, MOST_BOXES = 30_000, 300


@dataclass(frozen=True)
class Detections:
    """Boxes (count, 4) as left, top, right, bottom in picture pixels."""

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


class Detector:
    """One session on the CPU; `names` come from the model's own metadata."""

    def __init__(self, model: Path, threads: int = 2):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        entry = self.session.get_inputs()[0]
        self.input_name = entry.name
        self.height, self.width = entry.shape[2:]
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.names: dict[int, str] = ast.literal_eval(metadata["names"])

    def detect(self, picture: np.ndarray, confidence: float) -> Detections:
        prepared, new_size, padding = self._letterbox(picture)
        rows = self.session.run(None, {self.input_name: prepared})[0][0].T
        scores = rows[:, 4:].max(axis=1)
        rows, scores = rows[scores > confidence], scores[scores > confidence]
        order = np.argsort(-scores)[:MOST_CANDIDATES]
        rows, scores = rows[order], scores[order]
        classes = rows[:, 4:].argmax(axis=1) if len(rows) else np.zeros(0, dtype=int)
        boxes = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
        kept = suppress(boxes + classes[:, None] * CLASS_OFFSET)[:MOST_BOXES]
        boxes = self._to_picture(boxes[kept], picture.shape, new_size, padding)
        return Detections(boxes, scores[kept], classes[kept])

    def _letterbox(self, picture: np.ndarray):
        height, width = picture.shape[:2]
        ratio = min(self.height / height, self.width / width)
        new_width, new_height = max(round(width * ratio), 1), max(round(height * ratio), 1)
        if (new_width, new_height) != (width, height):
            picture = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
        across, down = (self.width - new_width) / 2, (self.height - new_height) / 2
        left, top = round(across - 0.1), round(down - 0.1)
        framed = np.full((self.height, self.width, 3), GREY, dtype=np.uint8)
        framed[top : top + new_height, left : left + new_width] = picture
        planes = framed[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
        return np.ascontiguousarray(planes), (new_width, new_height), (left, top)

    @staticmethod
    def _to_picture(boxes: np.ndarray, shape, new_size, padding) -> np.ndarray:
        height, width = shape[:2]
        boxes = (boxes - np.tile(padding, 2)) / np.tile([new_size[0] / width, new_size[1] / height], 2)
        return np.clip(boxes, 0, [width, height, width, height])


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of one box with many."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return common / np.maximum(np.prod(box[2:] - box[:2]) + areas - common, 1e-9)


def suppress(boxes: np.ndarray) -> list[int]:
    """Greedy non-maximum suppression of boxes sorted by score; answers the kept rows."""
    remaining, kept = np.arange(len(boxes)), []
    while len(remaining):
        best, rest = remaining[0], remaining[1:]
        kept.append(int(best))
        remaining = rest[overlaps(boxes[best], boxes[rest]) <= OVERLAP]
    return kept
