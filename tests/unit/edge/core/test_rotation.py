"""The day's rotation: similarities stay within a day and are gone the next, and the same secret gives the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.signature_keys import SignatureKey
from edge.core.rotation import MOST_DIMENSIONS, dequantize, quantize, rotation, signed

ONE, OTHER = bytes(range(32)), bytes(range(1, 33))
KNOWN = [0.2537030964362419, -0.9672821402562247, 0.9672821402562247, 0.253703096436242]


def _unit(rows: np.ndarray) -> np.ndarray:
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _people(count: int, dimensions: int, seed: int, noise: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """Return two noisy signatures of each of some people."""
    rng = np.random.default_rng(seed)
    true = rng.standard_normal((count, dimensions))
    first, second = (_unit(true + noise * rng.standard_normal(true.shape)) for _ in range(2))
    return first, second


def _sent(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return signatures as a reader of the bytes would compare them."""
    return _unit(np.array([np.frombuffer(quantize(matrix @ row), np.int8) for row in rows], float))


def _auc(same: np.ndarray, others: np.ndarray) -> float:
    """Return how often one person's cosine is above that of two people, 0.5 is chance."""
    return float(np.mean(np.searchsorted(np.sort(others), same) / len(others)))


def _genuine_and_impostors(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cosines = first @ second.T
    return np.diag(cosines), cosines[~np.eye(len(cosines), dtype=bool)]


@given(st.binary(min_size=32, max_size=32), st.integers(1, 40))
def test_it_is_orthogonal_whatever_the_secret(secret: bytes, dimensions: int):
    matrix = rotation(secret, dimensions, "e")
    assert matrix @ matrix.T == pytest.approx(np.eye(dimensions), abs=1e-9)


@pytest.mark.parametrize("dimensions", [64, 128, 256])
def test_similarities_stay_within_a_day(dimensions: int):
    first, second = _people(60, dimensions, seed=1)
    matrix = rotation(ONE, dimensions, "e")
    assert np.abs(_sent(first, matrix) @ _sent(second, matrix).T - first @ second.T).max() < 1e-2


def test_long_signatures_are_shortened_and_still_tell_people_apart():
    first, second = _people(150, 768, seed=2)
    matrix = rotation(ONE, 768, "e")
    assert matrix.shape == (MOST_DIMENSIONS, 768)
    assert matrix @ matrix.T == pytest.approx(np.eye(MOST_DIMENSIONS), abs=1e-9)
    lost = _sent(first, matrix) @ _sent(second, matrix).T - first @ second.T
    assert np.std(lost) < 1 / 16
    assert _auc(*_genuine_and_impostors(_sent(first, matrix), _sent(second, matrix))) > 0.99


def test_between_days_and_between_encoders_nothing_is_left():
    first, second = _people(300, 64, seed=3, noise=0.2)
    today = _sent(first, rotation(ONE, 64, "e"))
    assert _auc(*_genuine_and_impostors(today, _sent(second, rotation(ONE, 64, "e")))) > 0.99
    for other in (rotation(OTHER, 64, "e"), rotation(ONE, 64, "f")):
        assert _auc(*_genuine_and_impostors(today, _sent(second, other))) == pytest.approx(0.5, abs=0.06)


def test_the_same_secret_gives_the_same_matrix_on_every_device():
    """Written down once, so that no release of a library turns it another way unnoticed."""
    assert (rotation(ONE, 3, "e") == rotation(ONE, 3, "e")).all()
    assert rotation(ONE, 2, "e").ravel() == pytest.approx(KNOWN, abs=1e-12)


def test_directions_are_even():
    """Each entry of a matrix drawn evenly has mean 0 and variance 1 / D; a sign convention alone would not."""
    entries = np.array([rotation(number.to_bytes(32, "big"), 4, "e").ravel() for number in range(600)])
    assert np.abs(entries.mean(axis=0)).max() < 0.1
    assert entries.var(axis=0) == pytest.approx(np.full(16, 0.25), abs=0.06)


def test_bytes_use_their_range():
    assert np.frombuffer(quantize(np.array([0.5, -1.0, 0.0])), np.int8).tolist() == [64, -127, 0]


def test_bytes_come_back_as_a_signature_of_length_one():
    assert dequantize(quantize(np.array([3.0, -4.0]))) == pytest.approx([0.6, -0.8], abs=0.01)
    with pytest.raises(ValueError, match="not be 0"):
        dequantize(bytes(4))


@pytest.mark.parametrize("bad", [np.zeros(3), np.array([np.nan, 1.0]), np.array([np.inf, 1.0]), np.zeros(0)])
def test_what_is_no_signature_is_refused(bad: np.ndarray):
    with pytest.raises(ValueError, match="finite and not 0"):
        quantize(bad)


def test_what_leaves_the_device_names_key_and_encoder_and_no_number_of_the_signature():
    key = SignatureKey(key_id="k1", secret=ONE, valid_from_ms=0, valid_until_ms=9)
    view = _people(1, 64, seed=4)[0][0]
    told = signed("018bcfe5-687b-7394-9be1-4a151985b9d5", view, rotation(ONE, 64, "e"), key, "e")
    assert told.key_id == "k1:e"
    assert told.signature != quantize(view)
    assert len(told.signature) == 64
