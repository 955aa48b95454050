"""Checks that the shipped model tells the story of the demonstration clip.

Samples the clip, looks for objects whose bottom centre is in the zone, turns
that into incidents with the same two numbers a rule uses (`after`: how long
something must be there, `gap`: how long it may be lost), and compares them
with truth.yaml: none missed, none invented, none doubled, begins and
ends within half a second.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from detector import Detector
from settings import DEMO, SHIPPED

SAMPLES_PER_SECOND = 8
CONFIDENCE = 0.4
AFTER, GAP = 0.5, 1.5  # seconds
TOLERANCE = 0.5  # seconds between a true begin or end and a reported one


@dataclass
class Span:
    """Something was in the zone from `begin` to `end`, seconds."""

    begin: float
    end: float


def sampled(clip: Path):
    """(time, picture) about SAMPLES_PER_SECOND times a second."""
    capture = cv2.VideoCapture(str(clip))
    frames_per_second = capture.get(cv2.CAP_PROP_FPS)
    index, following = 0, 0.0
    while True:
        more, picture = capture.read()
        if not more:
            return
        time = index / frames_per_second
        if time + 1e-6 >= following:
            following += 1 / SAMPLES_PER_SECOND
            yield time, picture
        index += 1


def reported_spans(times: list[float]) -> list[Span]:
    """Incidents from the times at which an object was seen in the zone."""
    spans: list[Span] = []
    for time in times:
        if spans and time - spans[-1].end <= GAP:
            spans[-1].end = time
        else:
            spans.append(Span(time, time))
    return [span for span in spans if span.end - span.begin >= AFTER]


def compare(reported: list[Span], wanted: list[Span]) -> list[str]:
    """What is wrong, in words; empty when all is well."""
    faults, free = [], list(reported)
    for span in wanted:
        matching = [other for other in free if abs(other.begin - span.begin) <= TOLERANCE]
        if not matching:
            faults.append(f"missed the incident at {span.begin:.2f} s")
            continue
        free.remove(matching[0])
        if abs(matching[0].end - span.end) > TOLERANCE:
            faults.append(f"the incident at {span.begin:.2f} s ended at {matching[0].end:.2f}, not {span.end:.2f} s")
    return faults + [f"invented an incident at {span.begin:.2f} s" for span in free]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED / "model.onnx")
    parser.add_argument("--demo", type=Path, default=DEMO)
    parser.add_argument("--write", action="store_true", help="record the result in metrics.json beside the model")
    options = parser.parse_args()

    truth = yaml.safe_load((options.demo / "truth.yaml").read_text())
    zone = np.array(truth["zones"]["forbidden"], dtype=np.float32)
    wanted = [Span(incident["begin"], incident["end"]) for incident in truth["incidents"]]
    detector = Detector(options.model)
    times, samples = [], 0
    for time, picture in sampled(options.demo / truth["clip"]):
        samples += 1
        height, width = picture.shape[:2]
        found = detector.detect(picture, CONFIDENCE)
        for box in found.boxes[[detector.names[number] == "object" for number in found.classes]]:
            feet = (float(box[0] + box[2]) / 2 / width, float(box[3]) / height)
            if cv2.pointPolygonTest(zone, feet, False) >= 0:
                times.append(time)
    reported = reported_spans(sorted(set(times)))
    faults = compare(reported, wanted)
    result = {
        "samples": samples,
        "samples_per_second": SAMPLES_PER_SECOND,
        "confidence": CONFIDENCE,
        "truth": [[span.begin, span.end] for span in wanted],
        "reported": [[round(span.begin, 2), round(span.end, 2)] for span in reported],
        "faults": faults,
    }
    print(json.dumps(result))
    if options.write:
        file = options.model.parent / "metrics.json"
        metrics = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(metrics | {"demo": result}, indent=2) + "\n")
    if faults:
        raise SystemExit("; ".join(faults))


if __name__ == "__main__":
    main()
