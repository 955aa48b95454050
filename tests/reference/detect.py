#!/usr/bin/env python3
"""Writes what the field's own code sees: the yardstick for host/media.

For each model, frames of the clips are read with OpenCV by their number, prepared, inferred with
ONNX Runtime and read as the model's own project does it:

- YOLOv8 layouts: Ultralytics' `YOLO(model).predict`, nothing of it replaced.
- YOLOX layouts: YOLOX's own `preproc`, `demo_postprocess` and `boxes.postprocess`, loaded from
  the source archive of the PyPI package `yolox` (`pip download yolox==0.3.0 --no-deps
  --no-build-isolation`, unpacked; `--yolox` names its folder). Only these modules are imported.

One JSON file a model is written next to this script, with everything that could explain a
difference: the hashes of the model and the clips, the versions of the libraries, the thresholds.

    detect.py --data $AGAVE_TEST_DATA --yolox yolox-0.3.0 yolox_nano yolov8n_int8
    detect.py --data $AGAVE_TEST_DATA --clip models/yolov8n_pina/demo/demo.mp4 \\
        --model-file models/yolov8n_pina/1/model.onnx yolov8n_pina
"""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import re

os.environ.setdefault("YOLO_OFFLINE", "True")

import cv2
import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).resolve().parent
CONFIDENCE = 0.25
IOU = 0.7
FRAMES = 20  # of a clip that is not named here
# Spread over the clips, with people and bottles, hands at work, and an empty scene.
CLIPS = {
    "bottle-detection": [0, 60, 170, 260, 360, 430, 505, 860, 1000, 1180],
    "one-by-one-person-detection": [0, 70, 100, 180, 240, 330, 560, 800, 1000, 1300],
}


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def frames_of(clip, numbers):
    """The frames of a clip by their number, counted by reading: seeking is not exact."""
    capture = cv2.VideoCapture(str(clip))
    wanted, number = set(numbers), 0
    while wanted:
        good, picture = capture.read()
        if not good:
            raise SystemExit(f"{clip} ends before frame {min(wanted)}")
        if number in wanted:
            wanted.discard(number)
            yield number, picture
        number += 1


def spread(clip):
    count = int(cv2.VideoCapture(str(clip)).get(cv2.CAP_PROP_FRAME_COUNT))
    return [int(number) for number in np.linspace(0, count - 1, FRAMES)]


def ultralytics_detector(path):
    from ultralytics import YOLO

    model = YOLO(str(path), task="detect")

    def detect(picture):
        [result] = model.predict(
            picture, conf=CONFIDENCE, iou=IOU, device="cpu", verbose=False
        )
        boxes = result.boxes
        return [
            (box, int(class_), float(score))
            for box, class_, score in zip(
                boxes.xyxy.tolist(), boxes.cls.tolist(), boxes.conf.tolist()
            )
        ]

    return detect, ["ultralytics", "torch", "torchvision"]


def module(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def yolox_preproc(source):
    """`preproc` alone: its module imports the whole package."""
    text = (source / "yolox/data/data_augment.py").read_text()
    start = text.index("def preproc(")
    end = text.index("\nclass ", start)
    names = {"np": np, "cv2": cv2}
    exec(compile(text[start:end], "data_augment.py", "exec"), names)
    return names["preproc"]


def yolox_detector(path, source):
    import torch

    preproc = yolox_preproc(source)
    demo = module(source / "yolox/utils/demo_utils.py", "yolox_demo_utils")
    boxes = module(source / "yolox/utils/boxes.py", "yolox_boxes")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    [entry] = session.get_inputs()
    size = tuple(entry.shape[2:])

    def detect(picture):
        tensor, ratio = preproc(picture, size)
        [output] = session.run(None, {entry.name: tensor[None]})
        predictions = torch.from_numpy(demo.demo_postprocess(output, size))
        classes = predictions.shape[2] - 5
        [found] = boxes.postprocess(predictions, classes, CONFIDENCE, IOU)
        if found is None:
            return []
        height, width = picture.shape[:2]
        found = found.numpy()
        # As the project's demo does it, and then clipped as every user of boxes does.
        corners = found[:, :4] / ratio
        corners[:, 0::2] = corners[:, 0::2].clip(0, width)
        corners[:, 1::2] = corners[:, 1::2].clip(0, height)
        scores = found[:, 4] * found[:, 5]
        return [
            (box, int(class_), float(score))
            for box, class_, score in zip(corners.tolist(), found[:, 6], scores)
        ]

    return detect, ["torch", "torchvision"]


def is_yolox(path):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return "names" not in session.get_modelmeta().custom_metadata_map


def reference(name, path, clips, yolox):
    if is_yolox(path):
        detect, packages = yolox_detector(path, yolox)
        how = "YOLOX 0.3.0: preproc, demo_postprocess, boxes.postprocess"
    else:
        detect, packages = ultralytics_detector(path)
        how = "Ultralytics: YOLO(model).predict"
    packages = ["numpy", "opencv-python", "onnxruntime", *packages]
    found = []
    for clip, numbers in clips.items():
        frames = [
            {
                "number": number,
                "boxes": [
                    {
                        "corners": [round(corner, 3) for corner in corners],
                        "class": class_,
                        "score": round(score, 5),
                    }
                    for corners, class_, score in detect(picture)
                ],
            }
            for number, picture in frames_of(clip, numbers)
        ]
        boxes = sum(len(frame["boxes"]) for frame in frames)
        print(f"{name}: {clip.name}: {boxes} boxes in {len(frames)} frames")
        width, height = (
            int(cv2.VideoCapture(str(clip)).get(side))
            for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        found.append(
            {
                "clip": clip.name,
                "sha256": sha256(clip),
                "width": width,
                "height": height,
                "frames": frames,
            }
        )
    return {
        "model": name,
        "sha256": sha256(path),
        "how": how,
        "versions": {package: importlib.metadata.version(package) for package in packages},
        "confidence": CONFIDENCE,
        "iou": IOU,
        "clips": found,
    }


def compact(document):
    """JSON with one line a box: small, and a diff shows what changed."""
    text = json.dumps(document, indent=1)
    box = re.compile(r"\{\s+\"corners\".*?\}", re.DOTALL)
    return box.sub(lambda found: json.dumps(json.loads(found[0])), text) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("models", nargs="+", help="names of models, without .onnx")
    arguments.add_argument("--data", type=pathlib.Path, required=True)
    arguments.add_argument("--model-file", type=pathlib.Path, help="the file of the one model")
    arguments.add_argument("--clip", action="append", default=[], type=pathlib.Path,
                           help="one more clip; frames are spread evenly over it")
    arguments.add_argument("--yolox", type=pathlib.Path, help="the unpacked yolox package")
    options = arguments.parse_args()
    clips = {options.data / f"{clip}.mp4": numbers for clip, numbers in CLIPS.items()}
    clips |= {clip: spread(clip) for clip in options.clip}
    for name in options.models:
        path = options.model_file or options.data / f"{name}.onnx"
        document = reference(name, path, clips, options.yolox)
        (HERE / f"{name}.json").write_text(compact(document))


if __name__ == "__main__":
    main()
