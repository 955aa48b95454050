"""Trains YOLOv8n from random weights on the rendered pictures.

`rect` keeps the pictures 16:9 (416 x 256 after padding to the stride), which
costs as much as 326 x 326 and wastes nothing on grey bars. No pretrained
weights take part, so what the model knows comes from this recipe alone.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("YOLO_OFFLINE", "True")

import torch  # noqa: E402
from ultralytics import YOLO  # noqa: E402

from settings import INPUT_WIDTH, default_work  # noqa: E402


def use_channels_last(trainer) -> None:
    """Twice as fast on a CPU without changing any result."""
    trainer.model.to(memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=default_work(), help="folder of the data set and of the runs")
    parser.add_argument("--epochs", type=int, default=26)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--device", default="cpu", help="cpu, or a CUDA device number")
    parser.add_argument("--name", default="train", help="name of this run")
    parser.add_argument("--go-on-from", help="name of an earlier run whose last weights to start from")
    parser.add_argument("--learning-rate", type=float, default=0.0015)
    options = parser.parse_args()

    runs = (options.work / "runs").resolve()
    start = runs / options.go_on_from / "weights" / "last.pt" if options.go_on_from else "yolov8n.yaml"
    model = YOLO(str(start))
    if options.device == "cpu":
        model.add_callback("on_train_start", use_channels_last)
    model.train(
        data=str(options.work / "dataset" / "data.yaml"),
        project=str(runs),
        name=options.name,
        exist_ok=True,
        pretrained=bool(options.go_on_from),  # False would forget the earlier run
        imgsz=INPUT_WIDTH,
        rect=True,
        epochs=options.epochs,
        batch=options.batch,
        nbs=options.batch,
        optimizer="AdamW",
        lr0=options.learning_rate,
        warmup_epochs=0.3 if options.go_on_from else 1,
        device=options.device,
        seed=7,
        amp=False,
        workers=1,
        cache="ram",
        plots=False,
        # The renderer already varies place, size and light; these vary what it cannot.
        mosaic=0.0,
        erasing=0.0,
        scale=0.15,
        translate=0.05,
        fliplr=0.5,
        hsv_h=0.012,
        hsv_s=0.4,
        hsv_v=0.25,
    )


if __name__ == "__main__":
    main()
