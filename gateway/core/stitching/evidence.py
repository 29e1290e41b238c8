"""What positions say of two segments being one person. Pure.

Weights are natural logarithms of likelihood ratios: positive where one person explains better what was seen.
"""

from math import exp, hypot, log, pi

from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.tracklets import Point, Tracklet

_SAMPLE_MS = 1000
_INDEPENDENT = 0.6  # Samples a second apart are worth this share of independent ones.
_FAR_SAMPLES = 2
_ALONE_M = 4.0  # Where nobody is known to walk beside, the rival is anybody: this standard deviation, m.
_PREDICT_S = 1.5
_STANDING_M = 0.7
_SPREAD_MPS, _SPREAD_MOST_M = 0.5, 6.0
_FADES_S = 60.0


def error_m(tracklet: Tracklet, rules: StitchRules) -> float:
    """Return the standard deviation of each coordinate."""
    told = tracklet.segment.path_error_m
    return rules.position_error_m if told is None else told


def together(
    one: Tracklet, other: Tracklet, from_ms: int, until_ms: int, rules: StitchRules
) -> tuple[float | None, int]:
    """Return what the time says in which both were seen, None where they were in two places at once, and what of it.

    What it says does not rest on anything after the time that is returned with it.

    Same place at the same time: the mean offset is compared with no offset, and with that of a companion. The spread
    of the offsets is compared with the positions' errors, so that two who cross do not pass for one.

    Args:
        one: A segment with a path.
        other: Another one, of another camera, with a path.
        from_ms: Beginning of the time.
        until_ms: Its end, not before the beginning.
        rules: What decides.
    """
    variance = error_m(one, rules) ** 2 + error_m(other, rules) ** 2 + _STEP_M**2
    far_m = 4 * (variance**0.5 + rules.calibration_error_m)
    offsets: list[Point] = []
    far = 0
    for t_ms in range(from_ms, until_ms + 1, _SAMPLE_MS):
        (ax, ay), (bx, by) = one.position(t_ms), other.position(t_ms)
        offsets.append((bx - ax, by - ay))
        far += hypot(bx - ax, by - ay) > far_m
        if far >= _FAR_SAMPLES or (t_ms + _SAMPLE_MS > until_ms and far == len(offsets)):
            return None, t_ms
    count = len(offsets)
    mean = (sum(each[0] for each in offsets) / count, sum(each[1] for each in offsets) / count)
    worth = max(1.0, count * _INDEPENDENT)
    about_zero = variance / worth + 2 * rules.calibration_error_m**2
    about_companion = about_zero + rules.companion_m**2
    square = mean[0] ** 2 + mean[1] ** 2
    weight = log(about_companion / about_zero) - square / 2 * (1 / about_zero - 1 / about_companion)
    spread = sum((x - mean[0]) ** 2 + (y - mean[1]) ** 2 for x, y in offsets) / (2 * count) / variance
    if spread > 1:
        weight -= worth * (spread - 1 - log(spread)) / 2
    return weight, until_ms


_STEP_M = 0.12
"""What the thinning of paths adds to the error of a position: a quarter of a metre or less was not recorded."""


def afterwards(before: Tracklet, after: Tracklet, rules: StitchRules) -> float | None:
    """Return what place and time say of a segment that begins when another has ended, None where nobody is so fast.

    Either somebody stood where no camera saw it, or walked on; the rival is anybody, anywhere near.
    """
    gap_s = max(0.0, (after.opened_ms - before.ended_ms) / 1000)
    end, begin = before.ending(), after.beginning()
    variance = (error_m(before, rules) ** 2 + error_m(after, rules) ** 2) / 2 + 2 * rules.calibration_error_m**2
    distance_m = hypot(begin[0] - end[0], begin[1] - end[1])
    if distance_m > rules.walking_mps * gap_s + 4 * variance**0.5 + 2 * _STEP_M:
        return None
    speed = before.velocity()
    ahead_s = min(gap_s, _PREDICT_S)
    expected = (end[0] + speed[0] * ahead_s, end[1] + speed[1] * ahead_s)
    walked = variance + _STEP_M**2 + min(_SPREAD_MPS * gap_s, _SPREAD_MOST_M) ** 2
    stood = min(walked, variance + _STANDING_M**2)
    density = (_density(expected, begin, walked) + _density(end, begin, stood)) / 2
    return log(density * 2 * pi * _ALONE_M**2 + 1e-12) - log(1 + gap_s / _FADES_S)


def _density(mean: Point, at: Point, variance: float) -> float:
    square = (at[0] - mean[0]) ** 2 + (at[1] - mean[1]) ** 2
    return exp(-square / (2 * variance)) / (2 * pi * variance)
