"""What a camera's threshold promises is compared with what it does."""

import numpy as np
import pytest

pytest.importorskip("cv2", reason="embedders need the extra edge")

from benchmarks.reentry_calibration import Place, kept
from edge.core.gallery import GalleryRules

RULES = GalleryRules()


def place(common: float, people: int = 60) -> Place:
    """Return people who have so much in common, each seen twice."""
    rng = np.random.default_rng(4)
    own = rng.normal(0, 1, (people, 128))
    views = [common * 12 * np.eye(128)[0] + own + rng.normal(0, 0.3, own.shape) for _ in range(2)]
    rows = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in views]
    person = [str(number) for number in range(people)]
    return Place("a test", person, rows[0], (rows[0] * rows[1]).sum(axis=1))


def test_where_strangers_are_alike_seeing_some_raises_the_threshold_and_keeps_the_promise() -> None:
    uniforms = place(common=1.3)
    before, after = (kept(uniforms, seen, RULES) for seen in (0, 400))
    assert before is not None
    assert after is not None
    assert before.reached > 0.5
    assert after.reached < 0.06
    assert after.threshold > before.threshold + 0.1
    assert after.expected <= RULES.false_match_rate
    assert after.found == 1.0


def test_strangers_who_differ_leave_the_least_threshold() -> None:
    found = kept(place(common=0.0), 400, RULES)
    assert found is not None
    assert found.threshold == pytest.approx(RULES.least_threshold)
    assert found.reached == 0


def test_a_half_with_too_few_pairs_tells_nothing() -> None:
    assert kept(place(common=0.0, people=6), 10, RULES) is None
