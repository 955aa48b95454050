"""Mean average precision as COCO defines it: 101 recall points, IoU 0.50 to 0.95."""

import numpy as np

from detector import Detections, overlaps

THRESHOLDS = np.linspace(0.50, 0.95, 10)
_RECALL_POINTS = np.linspace(0, 1, 101)


class Scorer:
    """Collects pictures one by one, then scores each class."""

    def __init__(self, class_count: int):
        self.found: list[list[tuple[float, np.ndarray]]] = [[] for _ in range(class_count)]
        self.wanted = np.zeros(class_count, dtype=int)

    def add(self, detections: Detections, boxes: np.ndarray, classes: np.ndarray) -> None:
        """One picture: what was detected, and the true boxes and classes."""
        for number in range(len(self.wanted)):
            truth = boxes[classes == number]
            self.wanted[number] += len(truth)
            mine = np.flatnonzero(detections.classes == number)
            mine = mine[np.argsort(-detections.scores[mine])]
            matrix = [overlaps(detections.boxes[index], truth) for index in mine]
            hits = np.stack([self._match(matrix, len(truth), threshold) for threshold in THRESHOLDS], axis=1)
            for index, hit in zip(mine, hits):
                self.found[number].append((float(detections.scores[index]), hit))

    @staticmethod
    def _match(matrix: list[np.ndarray], count: int, threshold: float) -> np.ndarray:
        """Best score first, each takes the free true box it overlaps most."""
        free, hits = np.ones(count, dtype=bool), np.zeros(len(matrix), dtype=bool)
        for index, row in enumerate(matrix):
            usable = np.where(free, row, -1)
            if count and usable.max() >= threshold:
                free[usable.argmax()] = False
                hits[index] = True
        return hits

    def average_precisions(self) -> np.ndarray:
        """(classes, thresholds); NaN for a class that never occurs."""
        return np.array([self._class_precisions(number) for number in range(len(self.wanted))])

    def _class_precisions(self, number: int) -> np.ndarray:
        if self.wanted[number] == 0:
            return np.full(len(THRESHOLDS), np.nan)
        found = sorted(self.found[number], key=lambda item: -item[0])
        if not found:
            return np.zeros(len(THRESHOLDS))
        hits = np.array([hit for _, hit in found])
        true = hits.cumsum(axis=0)
        recall = true / self.wanted[number]
        precision = true / np.arange(1, len(hits) + 1)[:, None]
        envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        return np.array([self._area(recall[:, column], envelope[:, column]) for column in range(len(THRESHOLDS))])

    @staticmethod
    def _area(recall: np.ndarray, envelope: np.ndarray) -> float:
        positions = np.searchsorted(recall, _RECALL_POINTS)
        return float(np.mean([envelope[position] if position < len(envelope) else 0.0 for position in positions]))
