"""Measures the shipped ONNX model on the held-out pictures; fails below mAP50 0.95."""

import argparse
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

from average_precision import Scorer
from detector import Detector
from settings import SHIPPED, SPLITS, default_work

CONFIDENCE = 0.001  # as Ultralytics' own validation: low, so that the whole curve is measured
REQUIRED = 0.95


def read_labels(file: Path, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """True boxes in pixels and their classes."""
    rows = np.array([line.split() for line in file.read_text().splitlines()], dtype=float).reshape(-1, 5)
    middle, half = rows[:, 1:3], rows[:, 3:5] / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1) * [width, height, width, height]
    return boxes, rows[:, 0].astype(int)


def measure(model: Path, dataset: Path, split: str) -> dict:
    detector = Detector(model)
    scorer = Scorer(len(detector.names))
    pictures = sorted((dataset / "images" / split).glob("*.jpg"))
    if not pictures:
        raise SystemExit(f"no pictures of split {split}; run make_dataset.py first")
    for file in pictures:
        picture = cv2.imread(str(file))
        height, width = picture.shape[:2]
        labels = dataset / "labels" / split / f"{file.stem}.txt"
        scorer.add(detector.detect(picture, CONFIDENCE), *read_labels(labels, width, height))
    precisions = scorer.average_precisions()
    return {
        "split": split,
        "pictures": len(pictures),
        "first_seed": SPLITS[split][1],
        "mAP50": round(float(np.nanmean(precisions[:, 0])), 4),
        "mAP50_95": round(float(np.nanmean(precisions)), 4),
        "classes": {
            name: {
                "labels": int(scorer.wanted[number]),
                "AP50": round(float(precisions[number, 0]), 4),
                "AP50_95": round(float(precisions[number].mean()), 4),
            }
            for number, name in detector.names.items()
        },
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "method": "shipped ONNX on onnxruntime (CPU), letterbox 114, class-wise NMS at IoU 0.7, "
        "confidence above 0.001, 101-point average precision over IoU 0.50:0.05:0.95",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=default_work(), help="folder of the data set")
    parser.add_argument("--model", type=Path, default=SHIPPED / "model.onnx")
    parser.add_argument("--split", default="heldout")
    parser.add_argument("--write", action="store_true", help="record the result in metrics.json beside the model")
    options = parser.parse_args()

    result = measure(options.model, options.work / "dataset", options.split)
    print(f"{'class':<8}{'labels':>8}{'AP50':>9}{'AP50-95':>9}")
    for name, row in result["classes"].items():
        print(f"{name:<8}{row['labels']:>8}{row['AP50']:>9.4f}{row['AP50_95']:>9.4f}")
    print(f"{'all':<16}{result['mAP50']:>9.4f}{result['mAP50_95']:>9.4f}")
    print(json.dumps(result))
    if options.write:
        file = options.model.parent / "metrics.json"
        metrics = json.loads(file.read_text()) if file.exists() else {}
        metrics[options.split] = result
        file.write_text(json.dumps(metrics, indent=2) + "\n")
    if result["mAP50"] < REQUIRED:
        raise SystemExit(f"mAP50 {result['mAP50']} is below {REQUIRED}")


if __name__ == "__main__":
    main()
