"""How well measured figures agree with the ground truth: docs/scoring.md defines every measure. Pure."""

from simulators.core.scoring.intervals import Interval, Measure, wilson_lower_bound
from simulators.core.scoring.measured import (
    EVERYWHERE,
    MeasuredCodeScan,
    MeasuredCrossing,
    MeasuredCrossings,
    MeasuredIdentifier,
    MeasuredLink,
    MeasuredPeople,
    MeasuredProfile,
    MeasuredStay,
    MeasuredTouch,
    MeasuredVisit,
    MeasuredWait,
    Observation,
    Options,
    TrackRef,
    TrackSpan,
)
from simulators.core.scoring.scorecard import Scorecard, score

__all__ = [
    "EVERYWHERE",
    "Interval",
    "Measure",
    "MeasuredCodeScan",
    "MeasuredCrossing",
    "MeasuredCrossings",
    "MeasuredIdentifier",
    "MeasuredLink",
    "MeasuredPeople",
    "MeasuredProfile",
    "MeasuredStay",
    "MeasuredTouch",
    "MeasuredVisit",
    "MeasuredWait",
    "Observation",
    "Options",
    "Scorecard",
    "TrackRef",
    "TrackSpan",
    "score",
    "wilson_lower_bound",
]
