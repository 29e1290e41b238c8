"""Records what TrackEval 1.3.0 says of random sightings, for `test_identification.py` to compare with.

TrackEval needs the OpenCV build with windows, which must not stand beside the one without that the project uses. So it
runs in an environment of its own: pip install trackeval==1.3.0 msgspec numpy; python -m
tests.unit.simulators.scoring.record_trackeval
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from simulators.core.scoring.identification import Sightings
from tests.unit.simulators.scoring.sightings import CASES, random_sightings

RECORD = Path(__file__).with_name("trackeval.json")
FIGURES = ("HOTA", "DetA", "AssA", "IDF1", "IDP", "IDR")


def as_sequence(seen: Sightings) -> dict[str, Any]:
    """Return sightings as TrackEval takes a sequence: ids without gaps, a similarity matrix for each instant."""
    true_ids, measured_ids = (np.unique(rows[:, 1]) for rows in (seen.true, seen.measured))
    instants = int(max(seen.true[:, 0].max(initial=-1), seen.measured[:, 0].max(initial=-1))) + 1
    true, measured, similarity = [], [], []
    for t in range(instants):
        true_now = np.searchsorted(true_ids, seen.true[seen.true[:, 0] == t, 1])
        measured_now = np.searchsorted(measured_ids, seen.measured[seen.measured[:, 0] == t, 1])
        matrix = np.zeros((true_now.size, measured_now.size))
        for _, g, p in seen.fits[seen.fits[:, 0] == t]:
            row = np.flatnonzero(true_now == np.searchsorted(true_ids, g))
            column = np.flatnonzero(measured_now == np.searchsorted(measured_ids, p))
            matrix[row, column] = 1.0
        true.append(true_now)
        measured.append(measured_now)
        similarity.append(matrix)
    return {
        "num_gt_dets": len(seen.true),
        "num_tracker_dets": len(seen.measured),
        "num_gt_ids": true_ids.size,
        "num_tracker_ids": measured_ids.size,
        "gt_ids": true,
        "tracker_ids": measured,
        "similarity_scores": similarity,
    }


def ask_trackeval(seen: Sightings) -> dict[str, float]:
    """Return TrackEval's figures; HOTA and its parts as the mean over all localization thresholds."""
    from trackeval.metrics import HOTA, Identity  # noqa: PLC0415 - it is not installed where this module is linted

    sequence = as_sequence(seen)
    figures = {**HOTA().eval_sequence(sequence), **Identity({"PRINT_CONFIG": False}).eval_sequence(sequence)}
    return {name: float(np.mean(figures[name])) for name in FIGURES}


def main() -> None:
    """Record every case."""
    record = [ask_trackeval(random_sightings(case)) for case in range(CASES)]
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(record)} cases in {RECORD}\n")


if __name__ == "__main__":
    main()
