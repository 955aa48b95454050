"""Turns trained weights into the files that are shipped in the folder `1/`.

Ultralytics writes the ONNX file and its metadata. This step then removes what
would tell about the machine it was trained on and, if the file would be over
the size limit, stores the weights in half precision. A cast to float32 follows
each weight; runtimes fold it when they load the file, so that the model still
computes in float32 and is as fast as before.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

os.environ.setdefault("YOLO_OFFLINE", "True")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import yaml  # noqa: E402
from ultralytics import YOLO  # noqa: E402

from settings import INPUT_HEIGHT, INPUT_WIDTH, RECIPE, SHIPPED, default_work, recipe_digest  # noqa: E402

LARGEST = 12_000_000  # bytes
OPSET = 17
SMALLEST_HALVED = 256  # values; smaller weights are not worth a cast
DESCRIPTION = "YOLOv8n trained from scratch on rendered agave fields"
# Training arguments that say nothing about the model, or name folders of one machine.
PRIVATE_ARGUMENTS = ("data", "project", "save_dir", "model", "name", "resume", "exist_ok", "source", "cfg", "tracker")


def recipe_commit() -> str | None:
    """The commit that last changed this recipe; None when its files are not as committed."""

    def git(*words: str) -> str:
        command = ["git", *words, "--", str(RECIPE)]
        return subprocess.run(command, cwd=RECIPE, capture_output=True, text=True, check=False).stdout.strip()

    return None if git("status", "--porcelain") else git("log", "-1", "--format=%H") or None


def clean_metadata(model: onnx.ModelProto) -> None:
    """Keeps Ultralytics' keys, with neutral values where it wrote paths or dates."""
    for entry in model.metadata_props:
        if entry.key == "description":
            entry.value = DESCRIPTION
        elif entry.key == "args":
            entry.value = "{}"
        elif entry.key == "date":
            entry.value = ""
    model.doc_string = ""
    model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]  # the exporter notes source lines here


def halve_weights(model: onnx.ModelProto) -> None:
    """Stores every large float32 weight as float16, with a cast back to float32."""
    casts = []
    for weight in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED:
            continue
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), name + ".half"))
        casts.append(onnx.helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def export_onnx(weights: Path, work: Path) -> onnx.ModelProto:
    copied = work / "export" / "model.pt"
    copied.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(weights, copied)
    written = YOLO(str(copied)).export(format="onnx", imgsz=(INPUT_HEIGHT, INPUT_WIDTH), opset=OPSET, simplify=False)
    model = onnx.load(written)
    clean_metadata(model)
    if len(model.SerializeToString()) > LARGEST:
        halve_weights(model)
    onnx.checker.check_model(model)
    return model


def copy_history(runs: list[Path], target: Path) -> list[dict]:
    """results.csv of all runs in a row, args.yaml without folders; answers each run's length."""
    lengths, arguments = [], []
    with open(target / "results.csv", "w", newline="") as written:
        writer = csv.writer(written, lineterminator="\n")
        for run in runs:
            with open(run / "results.csv", newline="") as source:
                header, *rows = [[cell.strip() for cell in row] for row in csv.reader(source)]
            if not lengths:
                writer.writerow(["run", *header])
            writer.writerows([run.name, *row] for row in rows)
            lengths.append({"run": run.name, "epochs": len(rows), "seconds": round(float(rows[-1][1]))})
            given = yaml.safe_load((run / "args.yaml").read_text())
            public = {key: value for key, value in given.items() if key not in PRIVATE_ARGUMENTS and value is not None}
            arguments.append({run.name: public})
    (target / "args.yaml").write_text("".join(yaml.safe_dump(entry, sort_keys=True) for entry in arguments))
    return lengths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=default_work(), help="folder of the data set and of the runs")
    parser.add_argument("--run", nargs="+", default=["train", "train-on", "train-on-2"], help="training runs, in order")
    parser.add_argument("--weights", default="best.pt", choices=("best.pt", "last.pt"))
    parser.add_argument("--output", type=Path, default=SHIPPED)
    options = parser.parse_args()

    runs = [options.work / "runs" / name for name in options.run]
    options.output.mkdir(parents=True, exist_ok=True)
    model = export_onnx(runs[-1] / "weights" / options.weights, options.work)
    file = options.output / "model.onnx"
    onnx.save(model, file)
    training = copy_history(runs, options.output)
    shutil.copy(options.work / "dataset" / "dataset.json", options.output / "dataset.json")
    metrics = {
        "recipe_sha256": recipe_digest(),
        "recipe_commit": recipe_commit(),
        "training": training,
        "model_bytes": file.stat().st_size,
        "input": [1, 3, INPUT_HEIGHT, INPUT_WIDTH],
    }
    (options.output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    print(json.dumps(metrics))


if __name__ == "__main__":
    main()
