"""Appearance signatures: as noisy as asked for, and as telling as documented."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.adapters.signature_report import report
from simulators.core.people import Person, Role
from simulators.core.signatures import (
    DIMENSIONS,
    PRESETS,
    Separability,
    SignatureNoise,
    anybody,
    camera_offsets,
    cosine,
    equal_error_rate,
    quantized,
    sampled,
    separability,
    true_signature,
)

DAY_MS = 86_400_000
NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
PAGE = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text(encoding="utf-8")


def _true(name: str, role: Role = "shopper", now_ms: int = NOON_MS, seed: int = 1) -> NDArray[np.float64]:
    return true_signature(seed, Person(name, role, "party", (0.0, 0.0), 1.0), now_ms)


def test_looks_last_for_a_day_and_belong_to_one_person_of_one_seed() -> None:
    looks = _true("s1")
    assert np.linalg.norm(looks) == pytest.approx(1.0)
    assert np.array_equal(looks, _true("s1", now_ms=NOON_MS + DAY_MS // 2 - 1))
    for other in (_true("s1", now_ms=NOON_MS + DAY_MS // 2), _true("s2"), _true("s1", seed=2)):
        assert abs(float(cosine(looks, other))) < 0.5


def test_shoppers_differ_and_uniforms_are_alike() -> None:
    shoppers = np.array([_true(f"s{number}") for number in range(300)])
    cosines = (shoppers @ shoppers.T)[np.triu_indices(300, k=1)]
    # Unit vectors drawn evenly: the cosine of two has mean 0 and variance 1 / dimensions.
    assert cosines.mean() == pytest.approx(0.0, abs=0.003)
    assert cosines.std() == pytest.approx(DIMENSIONS**-0.5, rel=0.02)
    staff = np.array([_true(f"staff-{number}", "staff") for number in range(40)])
    alike = (staff @ staff.T)[np.triu_indices(40, k=1)]
    assert alike.mean() == pytest.approx(1 / (1 + 0.5**2), abs=0.03)
    assert alike.min() > cosines.max()


@pytest.mark.parametrize(("sd", "camera_sd"), [(0.5, 0.0), (1.0, 0.7), (0.0, 1.0)])
def test_stated_spreads_are_recovered_from_cosines(sd: float, camera_sd: float) -> None:
    rng = np.random.default_rng(3)
    true = np.array([anybody(rng) for _ in range(400)])
    across, within = [], []
    for pair in range(60):
        first, second = camera_offsets(pair, 2, camera_sd)
        one, again, other = (quantized(sampled(true, offset, sd, rng)) for offset in (first, first, second))
        across.append(cosine(one, other))
        within.append(cosine(one, again))
    assert np.mean(across) == pytest.approx(1 / (1 + sd**2 + camera_sd**2), abs=0.02)
    assert np.mean(within) == pytest.approx((1 + camera_sd**2) / (1 + sd**2 + camera_sd**2), abs=0.02)


def test_quantizing_keeps_cosines() -> None:
    rng = np.random.default_rng(4)
    vectors = sampled(np.array([anybody(rng) for _ in range(200)]), np.zeros(DIMENSIONS), 0.5, rng)
    levels = quantized(vectors)
    assert levels.dtype == np.int8
    assert (np.abs(levels).max(axis=1) == 127).all()
    assert cosine(levels[:100], levels[100:]) == pytest.approx(cosine(vectors[:100], vectors[100:]), abs=0.01)


def test_the_equal_error_rate_of_known_scores() -> None:
    assert equal_error_rate(np.array([0.8, 0.9]), np.array([0.1, 0.2]))[0] == 0.0
    rng = np.random.default_rng(5)
    rate, threshold = equal_error_rate(rng.normal(2.0, 1.0, 100_000), rng.normal(0.0, 1.0, 100_000))
    assert rate == pytest.approx(0.1587, abs=0.003)  # Two normal scores two deviations apart: the tail beyond one.
    assert threshold == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_tell_people_apart_as_well_as_the_page_says(name: str) -> None:
    noise = PRESETS[name]
    row = re.search(
        rf"^\| `{name}` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) ± ([\d.]+) \| ([\d.]+) % \|$", PAGE, re.MULTILINE
    )
    assert row is not None
    sd, camera_sd, mean, spread, percent = map(float, row.groups())
    assert (sd, camera_sd) == (noise.sd, noise.camera_sd)
    measured = separability(noise, seed=11)
    assert measured.genuine_mean == pytest.approx(mean, abs=0.02)
    assert measured.genuine_sd == pytest.approx(spread, abs=0.02)
    assert 100 * measured.equal_error_rate == pytest.approx(percent, rel=0.15)
    assert abs(measured.impostor_mean) < 0.02
    assert measured.impostor_sd == pytest.approx(DIMENSIONS**-0.5, rel=0.03)
    assert measured.impostor_mean < measured.threshold < measured.genuine_mean


def test_without_noise_people_are_told_apart_without_error() -> None:
    measured: Separability = separability(SignatureNoise(sd=0.0, camera_sd=0.0), seed=1, people=50, camera_pairs=2)
    assert measured.genuine_mean == pytest.approx(1.0, abs=1e-3)
    assert measured.equal_error_rate == 0.0


def test_the_report_tells_of_the_presets_or_of_what_is_asked() -> None:
    table = report([])
    assert all(f"\n{name}" in table for name in PRESETS)
    (asked,) = report(["0.9", "0.6"]).splitlines()[1:]
    measured = separability(SignatureNoise(sd=0.9, camera_sd=0.6), seed=1)
    assert f"{measured.equal_error_rate:.2%}" in asked
    with pytest.raises(ValueError, match=r"two numbers, signature_sd and signature_camera_sd, got '0.9'"):
        report(["0.9"])
