"""Tests of what the recipe's figures rest on. Run: python -m unittest discover recipe"""

import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from average_precision import Scorer  # noqa: E402
from check_clip import Span, compare, reported_spans  # noqa: E402
from detector import Detections, suppress  # noqa: E402
from make_clip import incidents  # noqa: E402
from scene import CLASSES, random_scene  # noqa: E402
from settings import SPLITS  # noqa: E402


class SceneTest(unittest.TestCase):
    def test_a_seed_gives_the_same_picture_again(self):
        first, first_labels = random_scene(5, 320, 180).render(0.25)
        second, second_labels = random_scene(5, 320, 180).render(0.25)
        self.assertTrue(np.array_equal(first, second))
        self.assertEqual(first_labels, second_labels)

    def test_boxes_lie_inside_the_picture(self):
        for seed in range(6):
            _, labels = random_scene(seed, 320, 180).render(0.0)
            for label in labels:
                self.assertIn(label.name, CLASSES)
                self.assertTrue(0 <= label.seen.left < label.seen.right <= 320)
                self.assertTrue(0 <= label.seen.top < label.seen.bottom <= 180)
                self.assertTrue(0 < label.seen.share <= 1)

    def test_splits_share_no_seed(self):
        seeds = [set(range(first, first + count)) for count, first in SPLITS.values()]
        self.assertEqual(sum(map(len, seeds)), len(set().union(*seeds)))


class ScorerTest(unittest.TestCase):
    truth = np.array([[10, 10, 30, 30], [50, 50, 90, 90.0]])

    def score(self, boxes, scores):
        scorer = Scorer(1)
        found = Detections(np.array(boxes, dtype=float), np.array(scores), np.zeros(len(boxes), dtype=int))
        scorer.add(found, self.truth, np.zeros(2, dtype=int))
        return scorer.average_precisions()[0]

    def test_all_found_is_one(self):
        self.assertTrue(np.allclose(self.score(self.truth, [0.9, 0.8]), 1))

    def test_a_double_is_a_false_alarm(self):
        twice = self.score([self.truth[0], self.truth[0], self.truth[1]], [0.9, 0.85, 0.8])
        self.assertLess(twice[0], 0.9)

    def test_half_found_is_about_a_half(self):
        self.assertAlmostEqual(self.score(self.truth[:1], [0.9])[0], 51 / 101)


class RuleTest(unittest.TestCase):
    def test_overlapping_boxes_are_suppressed(self):
        self.assertEqual(suppress(np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30.0]])), [0, 2])

    def test_short_gaps_join_and_long_ones_part(self):
        occupied = [True] * 25 + [False] * 25 + [True] * 25 + [False] * 50 + [True] * 25
        self.assertEqual(incidents(occupied), [(0.0, 3.0), (5.0, 6.0)])

    def test_brief_sightings_are_not_reported(self):
        self.assertEqual(reported_spans([1.0, 4.0, 4.25, 4.5, 4.75]), [Span(4.0, 4.75)])

    def test_faults_are_named(self):
        faults = compare([Span(1.0, 3.0), Span(9.0, 10.0)], [Span(1.2, 3.1), Span(5.0, 7.0)])
        self.assertEqual(faults, ["missed the incident at 5.00 s", "invented an incident at 9.00 s"])


if __name__ == "__main__":
    unittest.main()
