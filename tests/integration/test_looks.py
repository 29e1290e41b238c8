"""Real people's signatures keep telling people apart as sent, and nothing across days, where VIPeR lies beside."""

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2", reason="encoders need the extra edge")

from benchmarks.looks import OTHER_DAYS, TODAY, Rows, centred, embedded, pictures, sent

BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "reid-viper"
FOLDER = Path(os.environ.get("SHOPTHREAD_VIPER", BESIDE))
PEOPLE = 160


def _auc(one: Rows, two: Rows) -> float:
    """Return how often one person's cosine is above that of two people, 0.5 is chance."""
    cosines = one @ two.T
    others = np.sort(cosines[~np.eye(len(cosines), dtype=bool)])
    return float(np.mean(np.searchsorted(others, np.diag(cosines)) / len(others)))


@pytest.mark.skipif(not FOLDER.exists(), reason="no VIPeR in ../shared/data/reid-viper or SHOPTHREAD_VIPER")
def test_real_signatures_tell_people_apart_on_their_day_alone() -> None:
    one, two = (embedded(paths[:PEOPLE]) for paths in pictures(FOLDER))
    own = [centred(rows, rows.mean(axis=0)) for rows in (one, two)]
    today = [sent(rows, TODAY) for rows in own]
    assert np.std(today[0] @ today[1].T - own[0] @ own[1].T) < 0.06
    assert _auc(*today) > 0.87
    other_days = [_auc(today[0], sent(own[1], day)) for day in OTHER_DAYS]
    assert np.mean(other_days) == pytest.approx(0.5, abs=0.03)
    assert max(other_days) < 0.65
